// Who runs: however a task was started, and whatever it has awaited, it is the one that runs, and
// what it sets is its own.

#include "foreign_task.hpp"
#include "thread_test.hpp"

#include <lariat/sched/blocking/to_thread.hpp>
#include <lariat/sched/pool/to_pool.hpp>
#include <lariat/sched/scope/for_each_concurrent.hpp>
#include <lariat/sched/scope/select.hpp>
#include <lariat/sched/scope/task_group.hpp>
#include <lariat/sched/scope/uncancellable.hpp>
#include <lariat/sched/scope/when_all.hpp>
#include <lariat/sched/sync/event.hpp>
#include <lariat/sched/task/generator.hpp>
#include <lariat/sched/task/join_handle.hpp>
#include <lariat/sched/task/local.hpp>
#include <lariat/sched/time/timeout.hpp>

#include <string>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

local<int> number(0);

/// Of the coroutine that looks: is it its task's own, and does that run?
class look {
 public:
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> caller) noexcept {
    of_coroutine_ = caller.promise().task_context();
    return false;
  }
  bool await_resume() const noexcept { return loop::current()->running() == of_coroutine_; }

 private:
  const context* of_coroutine_ = nullptr;
};

/// Sets a value of its own at once, and after each kind of await still has it, and runs.
task<int> keeps(int own) {
  number.set(own);
  const bool at_once = co_await look();
  int wrong = !at_once;
  const auto check = [&] {
    wrong += *number != own || loop::current()->running() == nullptr;
    number.set(own);
  };
  co_await yield();
  check();
  co_await sleep_for(1us);
  check();
  auto other = [](int value) -> task<int> {
    const int before = *number;
    number.set(value);  // Part of the task that awaits it.
    co_await yield();
    co_return before;
  };
  const int inherited = co_await other(own);
  wrong += inherited != own;
  check();
  auto foreign = [](int value) -> foreign_task<int> {
    co_await yield();
    co_return value;
  };
  const int given = co_await foreign(1);
  wrong += given != 1;
  check();
  co_await uncancellable(sleep_for(1us));
  check();
  const bool at_the_end = co_await look();
  co_return wrong + !at_the_end;
}

struct witness {
  const context* running = nullptr;
  const context* own = nullptr;
};

/// An operation that notes who runs when it begins and when it ends.
class noting final : public operation {
 public:
  explicit noting(witness& into) noexcept : into_(into) {}
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> caller) noexcept {
    prepare(caller);
    into_.own = &task_context();
    into_.running = owner().running();
    suspend();
    complete();
    return true;
  }
  bool await_resume() const noexcept { return owner().running() == &task_context(); }
  void cancel() noexcept override {}
  [[nodiscard]] operation_info info() const noexcept override { return {"noting"}; }

 private:
  witness& into_;
};

async_generator<int> numbers() {
  for (;;) {
    co_await yield();
    co_yield *number;
  }
}

}  // namespace

LOOP_TEST_CASE("a task runs from its start on, however it is started", "[sched][running]") {
  number.set(1);
  auto spawned = spawn(keeps, 2);
  auto [a, b] = co_await when_all(keeps(3), keeps(4));
  const int c = co_await timeout(1h, keeps(5));
  auto [d, e] = co_await select(keeps(6), event().wait());
  const int f = co_await uncancellable(keeps(1));
  auto body = [](task_group& group) -> task<int> {
    auto child = group.spawn(keeps, 7);
    const int own = co_await keeps(8);
    co_return own + co_await child;
  };
  const int g = co_await task_group::with(body);
  const int h = co_await keeps(1);
  const int i = co_await spawned;
  CHECK(a + b + c + d.value() + f + g + h + i == 0);
  CHECK(*number == 1);
}

LOOP_TEST_CASE("the maker of a task runs on when it has made it", "[sched][running]") {
  const context* const self = loop::current()->running();
  number.set(1);
  auto made = [] {  // A plain function at first, which runs for the new task.
    const int inherited = *number;
    number.set(2);
    return keeps(inherited + 1);
  };
  auto child = spawn(made);
  CHECK(loop::current()->running() == self);
  CHECK(*number == 1);
  const int wrong = co_await child;
  CHECK(wrong == 0);
  CHECK(loop::current()->running() == self);
  async_generator<int> source = numbers();
  for (int i = 0; i < 3; ++i) {
    number.set(i);
    const std::optional<int> value = co_await source.next();
    CHECK(value == i);
    CHECK(loop::current()->running() == self);
  }
}

LOOP_TEST_CASE("nobody runs in a step that is nobody's", "[sched][running]") {
  loop& here = *loop::current();
  bool somebody = true;
  call step([&] { somebody = here.running() != nullptr; });
  here.ready(step);
  co_await yield();
  CHECK_FALSE(somebody);

  // Nor for a foreign coroutine that goes on when the task that it has resumed has ended.
  auto foreign = [&]() -> foreign_detached {
    co_await yield();
    somebody = here.running() != nullptr;
  };
  somebody = true;
  foreign();
  co_await yield();
  co_await yield();
  CHECK_FALSE(somebody);
}

THREAD_TEST_CASE("operations of a task on a pool run for it on its loop", "[sched][running]") {
  pool workers({.workers = 2});
  witness seen;
  auto body = [&]() -> task<bool> {
    noting operation(seen);
    const bool at_the_end = co_await operation;
    co_return at_the_end;
  };
  const bool at_the_end = co_await to_pool(workers, body);
  CHECK(at_the_end);
  CHECK(seen.running != nullptr);
  CHECK(seen.running == seen.own);
}
