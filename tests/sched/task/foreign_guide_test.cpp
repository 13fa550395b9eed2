// The programs of docs/foreign.md, which quotes from here.

#include "foreign_task.hpp"
#include "thread_test.hpp"

#include <lariat/sched/loop/loop.hpp>

#include <chrono>
#include <coroutine>
#include <thread>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

/// An awaitable of some other library, which resumes its waiter on a thread of its own.
struct on_other_thread {
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiter) {
    thread = std::jthread([waiter] { waiter.resume(); });
  }
  void await_resume() const noexcept {}
  std::jthread thread;
};

task<> goes_home() {
  loop* const home = loop::current();
  on_other_thread elsewhere;
  co_await elsewhere;
  CHECK(loop::current() == home);
  co_await sleep_for(1us);  // The loop's timers: from another thread nobody may touch them.
}

task<int> answer() {
  co_await sleep_for(1us);
  co_return 42;
}

foreign_task<int> of_another_library() {
  const int value = co_await answer();
  co_await yield();
  co_return value + 1;
}

}  // namespace

THREAD_TEST_CASE("a task goes home from a foreign thread", "[sched][foreign]") {
  for (int i = 0; i < 100; ++i) co_await goes_home();
}

THREAD_TEST_CASE("a foreign coroutine awaits tasks and operations", "[sched][foreign]") {
  const int value = co_await of_another_library();
  CHECK(value == 43);
}
