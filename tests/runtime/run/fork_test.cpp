#include "child_process.hpp"

#include <lariat/lariat.hpp>
#include <lariat/sched/blocking/blocking_pool.hpp>
#include <lariat/sched/coroutine/detail/frame_pool.hpp>
#include <lariat/sched/parallel/parallel_for.hpp>

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include <atomic>
#include <memory>
#include <stdexcept>
#include <thread>

using namespace lariat;

namespace {

// What a thread of the parent held is nobody's in the child.
bool leaks_mean_nothing = false;

}  // namespace

/// LeakSanitizer asks it, where there is one.
extern "C" int __lsan_is_turned_off();
extern "C" int __lsan_is_turned_off() { return leaks_mean_nothing ? 1 : 0; }

namespace {

// Forks, though there are threads, and gives what `body` does in the child to exit(3). As
// child_process::status.
template <class Body>
int status_of_fork(Body body) {
  const pid_t child = ::fork();
  if (child < 0) std::abort();
  if (child == 0) {
    ::alarm(30);  // Rather than hang.
    leaks_mean_nothing = true;
    std::exit(body());
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? child_process::killed_by(WTERMSIG(status)) : WEXITSTATUS(status);
}

int one() { return 1; }

task<int> one_of_each() {
  auto give_one = [] { return 1; };
  const int of_pool = co_await to_pool(give_one);
  const int of_thread = co_await to_thread(give_one);
  co_await sleep_for(std::chrono::milliseconds(1));
  co_return of_pool + of_thread;
}

// What `body` says in a process of its own, where nothing has been used yet.
template <class Body>
void check_status(int expected, Body body) {
  if (!children_may_have_threads) return;
  // What other tests' threads have is not theirs to free in the child.
  child_process process([&] {
    leaks_mean_nothing = true;
    return body();
  });
  const int status = process.status();
  INFO(process.output());
  CHECK(status == expected);
}

}  // namespace

TEST_CASE("a forked child may use the process's pool, which its parent has used",
          "[runtime][fork]") {
  check_status(21, [] {
    const int used = to_pool(one).get();
    return 20 * used + status_of_fork([] { return to_pool(one).get(); });
  });
}

TEST_CASE("a forked child may call exit though its parent has used pool and lanes",
          "[runtime][fork]") {
  check_status(7, [] {
    (void)to_pool(one).get();
    (void)run(one_of_each());
    return status_of_fork([] { return 7; });
  });
}

TEST_CASE("a function of the process's pool may call exit", "[runtime][fork]") {
  check_status(3, [] {
    to_pool([] { std::exit(3); }).get();
    return 0;
  });
}

TEST_CASE("the process's pool may be used while statics are destroyed", "[runtime][fork]") {
  check_status(4, []() -> int {
    // Registered before the pool is made: runs after whatever was registered by that.
    std::atexit([] { ::_exit(3 + to_pool(one).get()); });
    (void)to_pool(one).get();
    std::exit(0);
  });
}

TEST_CASE("a child that was forked on a pool's worker may exit, and use the pool",
          "[runtime][fork]") {
  check_status(12, [] {
    pool workers({.workers = 2});
    auto fork_here = [&] { return status_of_fork([&] { return to_pool(workers, one).get(); }); };
    int sum = to_pool(workers, fork_here).get();
    std::atomic<int> of_body{0};
    parallel_for(0, 1, [&](int) { of_body = status_of_fork([] { return 10; }); },
                 {.where = &workers})
        .get();
    return sum + of_body + to_pool(workers, one).get();
  });
}

TEST_CASE("a child that was forked in a task may run another, and exit", "[runtime][fork]") {
  check_status(6, [] {
    auto main = []() -> task<int> {
      const int before = co_await one_of_each();
      const int of_child = status_of_fork([] { return run(one_of_each()); });
      const int after = co_await one_of_each();  // The parent's loop has lost nothing.
      co_return before + of_child + after;
    };
    return run(main());
  });
}

TEST_CASE("a child that was forked on a lane's thread may run a task that uses lanes",
          "[runtime][fork]") {
  check_status(2, [] {
    auto main = []() -> task<int> {
      auto fork_here = [] { return status_of_fork([] { return run(one_of_each()); }); };
      co_return co_await to_thread(fork_here);
    };
    return run(main());
  });
}

TEST_CASE("in a forked child a runtime refuses to work, and is destroyed in peace",
          "[runtime][fork]") {
  check_status(15, [] {
    auto inherited = std::make_unique<runtime>();
    inherited->start();
    const int child = status_of_fork([&] {
      int refused = 0;
      try {
        inherited->shutdown();
      } catch (const std::logic_error&) {
        refused += 1;
      }
      try {
        inherited->block_on(one_of_each());
      } catch (const std::logic_error&) {
        refused += 4;
      }
      inherited.reset();
      return refused + 4 * run(one_of_each());
    });
    return child + inherited->block_on(one_of_each());
  });
}

TEST_CASE("a forked child has no part in its parent's handling of SIGINT", "[runtime][fork]") {
  check_status(2, [] {
    auto main = []() -> task<int> {
      const int status = status_of_fork([] {
        ::raise(SIGINT);
        return 0;
      });
      co_return status == child_process::killed_by(SIGINT) ? 2 : 0;
    };
    return run(main());
  });
}

TEST_CASE("a child finds no lock taken, whatever its parent's threads did", "[runtime][fork]") {
  // Its own runtime hangs a child that starts a thread, one time in 500, if threads of the parent
  // were starting threads: so does a C program of 20 lines, with clang 19.
  if (UNDER_ADDRESS_SANITIZER) return;
  check_status(50, [] {
    std::atomic<bool> stop{false};
    // Registers loops, makes lanes, and takes frames from the lists that all share.
    auto busy = [&] {
      std::unique_ptr<void*[]> frames = std::make_unique<void*[]>(5000);
      while (!stop) {
        for (int i = 0; i < 5000; ++i) frames[i] = detail::allocate_frame(256);
        for (int i = 0; i < 5000; ++i) detail::deallocate_frame(frames[i], 256);
        (void)run(one_of_each());
      }
    };
    std::thread first(busy);
    std::thread second(busy);
    int right = 0;
    for (int i = 0; i < 50; ++i) {
      right += status_of_fork([] {
        void* frames[600];
        for (void*& each : frames) each = detail::allocate_frame(256);
        (void)blocking_pool::current().named_lane("child");
        return run(one_of_each()) - 1;
      });
    }
    stop = true;
    first.join();
    second.join();
    return right;
  });
}
