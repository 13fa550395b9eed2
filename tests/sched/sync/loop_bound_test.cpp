// What all primitives do about loops and threads, with an event and a mutex for all of them.

#include "foreign_task.hpp"
#include "primitive_test.hpp"

#include <lariat/sched/blocking/to_thread.hpp>
#include <lariat/sched/pool/pool.hpp>
#include <lariat/sched/pool/to_pool.hpp>
#include <lariat/sched/scope/when_all.hpp>
#include <lariat/sched/sync/event.hpp>
#include <lariat/sched/sync/mutex.hpp>
#include <lariat/sched/sync/semaphore.hpp>

#include <memory>
#include <optional>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;

LOOP_TEST_CASE("what another thread sets is set when the loop has heard of it",
               "[sched][loop_bound]") {
  event gate;
  on_other_thread([&] {
    gate.set();
    gate.set();
  });
  CHECK_FALSE(gate.is_set());  // The loop has not gone round.
  co_await gate.wait();
  CHECK(gate.is_set());
}

THREAD_TEST_CASE("a task that ends behind a request of its thread finds it done",
                 "[sched][loop_bound]") {
  for (int i = 0; i < 200; ++i) {
    // Goes as soon as the call is back.
    const auto gate = std::make_unique<event>();
    const auto set = [&] { gate->set(); };
    co_await to_thread(set);
    CHECK(gate->is_set());
  }
}

THREAD_TEST_CASE("who is woken by another thread's request may destroy the object",
                 "[sched][loop_bound]") {
  for (int i = 0; i < 200; ++i) {
    auto gate = std::make_unique<event>();
    std::thread other([raw = gate.get()] { raw->set(); });
    co_await gate->wait();
    CHECK(gate->is_set());
    gate.reset();
    other.join();
  }
}

THREAD_TEST_CASE("requests of many threads are all done", "[sched][loop_bound]") {
  constexpr int threads = 3;
  constexpr int each = 5'000;
  semaphore permits(0);
  std::vector<std::thread> others;
  for (int i = 0; i < threads; ++i) {
    others.emplace_back([&] {
      for (int j = 0; j < each; ++j) permits.release();
    });
  }
  for (int taken = 0; taken < threads * each; ++taken) (co_await permits.acquire()).forget();
  CHECK(permits.available() == 0);
  for (std::thread& other : others) other.join();
  co_await yield();
}

TEST_CASE("requests from before the loop is known are done when it is", "[sched][loop_bound]") {
  event gate;
  semaphore permits(0);
  gate.set();
  on_other_thread([&] { permits.release(2); });
  permits.release();
  run_on_fake_loop([&]() -> task<> {
    co_await gate.wait();
    CHECK(permits.available() == 3);
  });
}

TEST_CASE("an object without a loop may be bound and asked at once", "[sched][loop_bound]") {
  for (int i = 0; i < 200; ++i) {
    event gate;
    std::thread other([&] { gate.set(); });
    run_on_fake_loop([&]() -> task<> {
      co_await gate.wait();
      CHECK(gate.is_set());
    });
    other.join();
  }
}

TEST_CASE("an object that no loop ever used may go with its requests", "[sched][loop_bound]") {
  auto gate = std::make_unique<event>();
  gate->set();
  CHECK_NOTHROW(gate.reset());  // The program goes on: others end it when they go with requests.
}

TEST_CASE("a request that was not done yet keeps the object", "[sched][loop_bound]") {
  const std::string output = last_words_of_request([] { return std::make_unique<event>(); },
                                                   [](auto& gate) {
                                                     gate->set();
                                                     gate.reset();
                                                   });
  CHECK(output.find("while a request of another thread was on its way to it") != output.npos);
}

TEST_CASE("a loop that is not its own may release, and nothing else", "[sched][loop_bound]") {
  run_on_fake_loop([]() -> task<> {
    event gate;
    std::vector<std::string> refused;
    {
      loop_thread other;
      auto there = [&]() -> task<> {
        const auto body = [&]() -> task<int> {
          co_await gate.wait();
          co_return 0;
        };
        refused.push_back(co_await logic_error_in(body));
        refused.push_back(logic_error_of([&] { return gate.is_set(); }));
        refused.push_back(logic_error_of([&] {
          gate.clear();
          return 0;
        }));
        gate.set();
      };
      other.spawn(there).detach();
      other.finish();
    }
    const char* const names[] = {"event::wait", "event::is_set", "event::clear"};
    for (std::size_t i = 0; i < refused.size(); ++i) {
      CHECK(refused[i].find(std::string(names[i]) + ": it belongs to another loop") !=
            refused[i].npos);
    }
    CHECK(refused.size() == 3);
    co_await gate.wait();
  });
}

LOOP_TEST_CASE("coroutines that are no tasks may wait as well", "[sched][loop_bound]") {
  mutex door;
  event gate;
  auto body = [&]() -> foreign_task<int> {
    const mutex::guard first = co_await door.lock();
    co_await gate.wait();
    co_return 1;
  };
  auto waiting = [&]() -> task<int> { co_return co_await body(); };
  join_handle<int> a = spawn(waiting);
  join_handle<int> b = spawn(waiting);  // Of the same context; yet it does not wait for itself.
  co_await settle();
  CHECK(door.locked());
  gate.set();
  const int first = co_await a;
  const int second = co_await b;
  CHECK(first + second == 2);
  CHECK_FALSE(door.locked());
}

THREAD_TEST_CASE("tasks on a pool wait on their loop, and release where they are",
                 "[sched][loop_bound]") {
  mutex door;
  event gate;
  int count = 0;
  std::string refused;
  auto body = [&]() -> task<> {
    co_await gate.wait();
    for (int i = 0; i < 100; ++i) {
      const mutex::guard guard = co_await door.lock();
      ++count;
    }
    if (loop::current() == nullptr) {
      const std::string complaint = logic_error_of([&] { return door.try_lock(); });
      const mutex::guard guard = co_await door.lock();  // The other one is in here as well.
      refused = complaint;
    }
  };
  auto opener = [&]() -> task<> {
    gate.set();
    co_return;
  };
  co_await when_all(to_pool(body), to_pool(body), to_pool(opener));
  CHECK(count == 200);
  CHECK(refused.find("mutex::try_lock: no loop runs on this thread") != refused.npos);
}
