#include "child_process.hpp"
#include "coroutine_test.hpp"

#include <lariat/sched/thread/detail/process_object.hpp>

#include <atomic>
#include <memory>
#include <semaphore>
#include <thread>

using lariat::detail::process_object;

namespace {

struct counted {
  counted() { ++living; }
  counted(const counted&) = delete;
  ~counted() { --living; }
  static inline std::atomic<int> living = 0;
};

}  // namespace

TEST_CASE("an object of the process is made at its first use, once", "[process_object]") {
  static constinit process_object<int> object;
  int made = 0;
  const auto make = [&] {
    ++made;
    return std::make_unique<int>(7);
  };
  int& first = object.get(make);
  CHECK(first == 7);
  CHECK(&object.get(make) == &first);
  CHECK(&object.get() == &first);
  CHECK(made == 1);
}

TEST_CASE("an object of the process whose making threw is made by the next user",
          "[process_object]") {
  static constinit process_object<int> object;
  CHECK_THROWS_AS(object.get([]() -> std::unique_ptr<int> { throw std::bad_alloc(); }),
                  std::bad_alloc);
  CHECK(object.get() == 0);
}

TEST_CASE("of two threads that make an object of the process both get the first",
          "[process_object]") {
  static constinit process_object<counted> object;
  std::binary_semaphore making(0);
  std::binary_semaphore go(0);
  counted* later = nullptr;
  std::thread slow([&] {
    later = &object.get([&] {
      auto made = std::make_unique<counted>();
      making.release();
      go.acquire();
      return made;
    });
  });
  making.acquire();
  counted& first = object.get();
  go.release();
  slow.join();
  CHECK(later == &first);
  CHECK(counted::living == 1);
}

TEST_CASE("a child gets an object of the process that another thread was making at the fork",
          "[process_object][fork]") {
  static constinit process_object<int> object;
  std::binary_semaphore making(0);
  std::binary_semaphore go(0);
  std::thread slow([&] {
    object.get([&] {
      making.release();
      go.acquire();
      return std::make_unique<int>(1);
    }) = 2;
  });
  making.acquire();
  // A static of a function would wait for the thread, which the child has not.
  child_process child([] { return object.get([] { return std::make_unique<int>(3); }); });
  CHECK(child.status() == 3);
  go.release();
  slow.join();
  CHECK(object.get() == 2);
}
