#include "count_allocations.hpp"
#include "foreign_task.hpp"
#include "thread_test.hpp"

#include <lariat/sched/pool/to_pool.hpp>
#include <lariat/sched/report/detail/task_tree.hpp>
#include <lariat/sched/scope/stop.hpp>
#include <lariat/sched/task/join_handle.hpp>
#include <lariat/sched/task/local.hpp>

#include <coroutine>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <type_traits>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

/// A handle that is to be resumed some time, by whoever likes to. Answer: what await_suspend gives.
template <class Answer = void>
struct hand_made {
  bool await_ready() const noexcept { return false; }
  Answer await_suspend(std::coroutine_handle<> caller) noexcept {
    waiting = caller;
    if constexpr (std::is_same_v<Answer, bool>) {
      return true;
    } else if constexpr (!std::is_void_v<Answer>) {
      return std::noop_coroutine();
    }
  }
  int await_resume() const noexcept { return 7; }

  std::coroutine_handle<> waiting;
};

/// Is resumed by a thread, which has ended before `await_suspend` returns, or by `this_one`.
struct in_await_suspend {
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> caller) const {
    if (this_one) return caller.resume();
    std::thread([caller] { caller.resume(); }).join();
  }
  void await_resume() const noexcept {}

  bool this_one;
};

template <class Answer>
task<> await_resumed_by_a_thread() {
  loop* const home = loop::current();
  hand_made<Answer> awaitable;
  // The thread is started when the task waits: by the next one in the loop's queue.
  std::thread other;
  call start([&] { other = std::thread([handle = awaitable.waiting] { handle.resume(); }); });
  home->ready(start);
  const int value = co_await awaitable;
  CHECK(value == 7);
  CHECK(loop::current() == home);
  CHECK(home->running() != nullptr);
  other.join();
  co_await sleep_for(1us);
}

foreign_task<int> ends_at_once() { co_return 1; }

local<int> number_of_task(0);

}  // namespace

THREAD_TEST_CASE("a task that another thread resumes goes on on its loop", "[sched][foreign]") {
  co_await await_resumed_by_a_thread<void>();
  co_await await_resumed_by_a_thread<bool>();
  co_await await_resumed_by_a_thread<std::coroutine_handle<>>();
}

THREAD_TEST_CASE("it does if that is faster than its await_suspend", "[sched][foreign]") {
  loop* const home = loop::current();
  for (int i = 0; i < 100; ++i) {
    co_await in_await_suspend{false};
    CHECK(loop::current() == home);
    co_await yield();
  }
}

LOOP_TEST_CASE("a task that is resumed in await_suspend goes on when that has returned",
               "[sched][foreign][stack]") {
  for (int i = 0; i < 1'000'000; ++i) co_await in_await_suspend{true};
  CHECK(loop::current()->running() != nullptr);
}

LOOP_TEST_CASE("a million foreign coroutines that end at once do not grow the stack",
               "[sched][foreign][stack]") {
  bool other_ran = false;
  auto other = [&]() -> task<> {
    other_ran = true;
    co_return;
  };
  auto waiting = spawn(other);
  for (int i = 0; i < 1'000'000; ++i) co_await ends_at_once();
  CHECK(other_ran);  // Nor do they keep the loop.
  co_await waiting;
}

TEST_CASE("nor on a pool", "[sched][foreign][stack][pool]") {
  pool where({.workers = 1});
  loop_thread home;
  auto body = []() -> task<int> {
    for (int i = 0; i < 1'000'000; ++i) co_await ends_at_once();
    co_return 7;
  };
  auto asking = home.spawn([&]() -> task<int> { co_return co_await to_pool(where, body); });
  CHECK(asking.get() == 7);
}

LOOP_TEST_CASE("a task that another one resumes waits for its turn", "[sched][foreign]") {
  hand_made<> awaitable;
  std::string order;
  auto body = [&]() -> task<> {
    number_of_task.set(2);
    co_await awaitable;
    order += "resumed ";
    CHECK(*number_of_task == 2);
  };
  number_of_task.set(1);
  auto waiting = spawn(body);
  co_await yield();
  const context* const self = loop::current()->running();
  awaitable.waiting.resume();
  order += "resumer ";
  CHECK(*number_of_task == 1);
  CHECK(loop::current()->running() == self);
  co_await waiting;
  CHECK(order == "resumer resumed ");
}

TEST_CASE("a task that another loop resumes goes on on its own", "[sched][foreign][threads]") {
  loop_thread first;
  loop_thread second;
  hand_made<> awaitable;
  std::atomic<bool> waits{false};
  auto waiting = first.spawn([&]() -> task<bool> {
    loop* const home = loop::current();
    call told([&] { waits = true; });
    home->ready(told);
    co_await awaitable;
    co_await sleep_for(1us);
    co_return loop::current() == home;
  });
  while (!waits) std::this_thread::yield();
  auto resuming = second.spawn([&]() -> task<bool> {
    const context* const self = loop::current()->running();
    awaitable.waiting.resume();
    co_return loop::current()->running() == self;
  });
  CHECK(resuming.get());
  CHECK(waiting.get());
  first.finish();
}

THREAD_TEST_CASE("a task that a pool's worker resumes goes on on its loop", "[sched][foreign]") {
  loop* const home = loop::current();
  pool workers({.workers = 2});
  hand_made<> awaitable;
  auto resume = [&] { awaitable.waiting.resume(); };
  auto resuming = [&]() -> task<> { co_await to_pool(workers, resume); };
  auto other = spawn(resuming);
  co_await awaitable;
  CHECK(loop::current() == home);
  co_await sleep_for(1us);
  co_await other;
}

namespace {

foreign_task<int> plain(int value) { co_return value; }

task<int> on_the_pool(pool& workers) {
  const context* const self = pool::current_task();
  int wrong = self == nullptr;
  for (int i = 0; i < 100; ++i) {
    co_await in_await_suspend{false};
    wrong += &pool::current() != &workers || pool::current_task() != self;
    const int value = co_await plain(i);
    wrong += value != i || pool::current_task() != self;
    co_await yield();
    wrong += &pool::current() != &workers;
  }
  co_await in_await_suspend{true};
  wrong += pool::current_task() != self;
  co_return wrong;
}

}  // namespace

THREAD_TEST_CASE("a task on a pool goes on on the pool", "[sched][foreign]") {
  pool workers({.workers = 2});
  const int wrong = co_await to_pool(workers, on_the_pool, std::ref(workers));
  CHECK(wrong == 0);
}

LOOP_TEST_CASE("the dump of tasks says that one waits in a foreign awaitable", "[sched][foreign]") {
  hand_made<> awaitable;
  auto body = [&]() -> task<> { co_await awaitable; };
  auto waiting = spawn({.name = "outside"}, body);
  co_await yield();
  const std::string tree = detail::task_tree(*loop::current());
  CHECK(tree.find("waits in a foreign awaitable") != std::string::npos);
  CHECK(tree.find("foreign_wait_test.cpp") != std::string::npos);
  awaitable.waiting.resume();
  co_await waiting;
}

LOOP_TEST_CASE("a cancel stays pending while a task waits in a foreign awaitable",
               "[sched][foreign][cancel]") {
  hand_made<> awaitable;
  std::string seen;
  auto body = [&]() -> task<> {
    co_await awaitable;
    seen += "value ";
    try {
      co_await awaitable;  // Never begun.
    } catch (const operation_cancelled&) {
      seen += "cancelled ";
    }
    co_await awaitable;
    seen += "value ";
  };
  auto waiting = spawn(body);
  co_await yield();
  waiting.cancel();
  co_await yield();
  CHECK(seen.empty());
  std::exchange(awaitable.waiting, nullptr).resume();
  co_await yield();
  CHECK(seen == "value cancelled ");
  awaitable.waiting.resume();
  co_await waiting;
  CHECK(seen == "value cancelled value ");
}

LOOP_TEST_CASE("a cancel may resume a task that listens to its stop token",
               "[sched][foreign][cancel]") {
  hand_made<> awaitable;
  bool ended = false;
  auto body = [&]() -> task<> {
    const std::stop_token stop = co_await get_stop_token();
    auto wake = [&] { awaitable.waiting.resume(); };
    const std::stop_callback on_stop(stop, wake);
    co_await awaitable;
    ended = true;
  };
  {
    auto waiting = spawn(body);
    co_await yield();
    waiting.cancel();
    CHECK_FALSE(ended);
    waiting.detach();
  }
  co_await yield();
  CHECK(ended);
}

LOOP_TEST_CASE("who destroys a task's handle tells the task", "[sched][foreign]") {
  hand_made<> awaitable;
  std::string error;
  auto body = [&]() -> task<> {
    try {
      co_await awaitable;
    } catch (const std::runtime_error& failure) {
      error = failure.what();
    }
  };
  auto waiting = spawn(body);
  co_await yield();
  awaitable.waiting.destroy();
  CHECK(error.empty());
  co_await waiting;
  CHECK(error.find("destroyed the task's handle") != std::string::npos);
}

LOOP_TEST_CASE("a foreign coroutine may drop a task that waits in a foreign awaitable",
               "[sched][foreign]") {
  hand_made<> awaitable;
  bool dropped = false;
  struct in_frame {
    bool& gone;
    explicit in_frame(bool& flag) : gone(flag) {}
    ~in_frame() { gone = true; }
  };
  auto inner = [&]() -> task<int> {
    const in_frame local(dropped);
    co_return co_await awaitable;
  };
  auto outer = [&]() -> foreign_task<int> {
    const int value = co_await inner();
    co_return value;
  };
  {
    foreign_task<int> owner = outer();
    owner.await_suspend(std::noop_coroutine()).resume();
    CHECK_FALSE(dropped);
  }
  CHECK(dropped);
  co_return;
}

namespace {

/// An adapter around one of lariat's, which passes the handle on.
class logged_sleep {
 public:
  logged_sleep(std::string& log, std::chrono::nanoseconds time)
      : log_(log), sleep_(sleep_for(time)) {}
  bool await_ready() const noexcept { return sleep_.await_ready(); }
  template <class Promise>
  auto await_suspend(std::coroutine_handle<Promise> caller) {
    log_ += "sleeps ";
    return sleep_.await_suspend(caller);
  }
  void await_resume() {
    log_ += "woke ";
    sleep_.await_resume();
  }

 private:
  std::string& log_;
  sleep_operation sleep_;
};

struct refuses {
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<>) const { throw std::runtime_error("no"); }
  void await_resume() const noexcept {}
};

/// Gives what it is made with, by each way in which an awaiter is found.
template <class T>
struct ready {
  explicit ready(T given) : value(std::move(given)) {}
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<>) const noexcept { return false; }
  T&& await_resume() noexcept { return std::move(value); }
  T value;
};
struct with_member {
  ready<std::unique_ptr<int>> operator co_await() const {
    return ready<std::unique_ptr<int>>(std::make_unique<int>(1));
  }
};
struct with_function {
  ready<int> inner{2};
};
ready<int>& operator co_await(with_function& from) { return from.inner; }

}  // namespace

LOOP_TEST_CASE("a cancel reaches an operation through an adapter", "[sched][foreign][cancel]") {
  std::string log;
  co_await logged_sleep(log, 1us);
  CHECK(log == "sleeps woke ");
  auto body = [&]() -> task<> { co_await logged_sleep(log, 1h); };
  auto sleeping = spawn(body);
  co_await yield();
  CHECK(detail::task_tree(*loop::current()).find("waits in sleep") != std::string::npos);
  sleeping.cancel();
  const outcome<void> end = co_await as_result(sleeping);
  CHECK(end.cancelled());
  CHECK(log == "sleeps woke sleeps woke ");
}

LOOP_TEST_CASE("a task goes on by what await_suspend throws", "[sched][foreign]") {
  std::string error;
  try {
    co_await refuses{};
  } catch (const std::runtime_error& failure) {
    error = failure.what();
  }
  CHECK(error == "no");
  co_await yield();
}

LOOP_TEST_CASE("awaiters are found as the language finds them", "[sched][foreign]") {
  const std::unique_ptr<int> by_member = co_await with_member{};
  CHECK(*by_member == 1);
  with_function from;
  const int by_function = co_await from;
  CHECK(by_function == 2);
  ready<std::string> itself("3");
  std::string&& by_itself = co_await itself;
  CHECK(&by_itself == &itself.value);
  co_await std::suspend_never{};
}

#if COUNT_ALLOCATIONS
LOOP_TEST_CASE("a foreign awaitable allocates nothing", "[sched][foreign][allocation]") {
  auto step = []() -> task<> { co_await in_await_suspend{true}; };
  const std::uint64_t made = co_await allocations_once_warm(step);
  CHECK(made == 0);
}
#endif
