#include <lariat/runtime/observe/detail/stuck_monitor.hpp>

#include "child_process.hpp"
#include "contains.hpp"
#include "fake_loop.hpp"

#include <lariat/runtime/run/run.hpp>
#include <lariat/runtime/run/to_loop.hpp>
#include <lariat/sched/blocking/blocking_pool.hpp>
#include <lariat/sched/blocking/to_thread.hpp>
#include <lariat/sched/channel/channel.hpp>
#include <lariat/sched/channel/oneshot.hpp>
#include <lariat/sched/channel/queue.hpp>
#include <lariat/sched/loop/detail/debug_options.hpp>
#include <lariat/sched/scope/when_all.hpp>
#include <lariat/sched/sync/event.hpp>
#include <lariat/sched/sync/semaphore.hpp>
#include <lariat/sched/task/join_handle.hpp>

#include <signal.h>

#include <atomic>
#include <cstddef>
#include <functional>
#include <semaphore>
#include <string>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

// A fake driver that may say that it has operations in flight.
class busy_driver final : public driver {
 public:
  void poll() noexcept override { fake_.poll(); }
  void park(clock_ns deadline) noexcept override { fake_.park(deadline); }
  void wake() noexcept override { fake_.wake(); }
  clock_ns now() noexcept override { return fake_.now(); }
  [[nodiscard]] bool busy() const noexcept override { return busy_; }

  void set_busy(bool busy) noexcept { busy_ = busy; }
  /// Whether the loop sleeps until it is woken. Any thread.
  [[nodiscard]] bool asleep() noexcept { return fake_.asleep(); }

 private:
  fake_driver fake_;
  bool busy_ = false;
};

// A loop that is watched, over a driver with a clock of its own. Where the program would hang, it
// is reported, and then `rescue` is called and the loop woken, as another thread would do it.
class watched_loop {
 public:
  watched_loop() {
    loop_.monitor_by(&watch_);
    loop_.set_blocking(&threads_);
  }

  template <class Body>
  void run(Body body) {
    run_on(loop_, std::move(body));
  }

  std::function<void()> rescue;
  [[nodiscard]] const std::vector<std::string>& reports() const { return reports_; }
  [[nodiscard]] loop& inner() { return loop_; }
  [[nodiscard]] busy_driver& driver() { return driver_; }

 private:
  static void take(void* state, const std::string& text) {
    auto& self = *static_cast<watched_loop*>(state);
    self.reports_.push_back(text);
    if (self.rescue) self.rescue();
    self.driver_.wake();
  }

  busy_driver driver_;
  blocking_pool threads_;  // Those of the process would stay, and later tests fork.
  loop loop_{driver_};
  std::vector<std::string> reports_;
  detail::stuck_report report_{1, &watched_loop::take, this};
  detail::stuck_monitor watch_{loop_, report_};
};

constexpr const char* stuck_text =
    "lariat: every task of this loop waits, and nothing under way can wake one: deadlock? (unless "
    "another thread does)\n";

}  // namespace

// With real loops: what the runtime prints, and that it goes on.

TEST_CASE("run reports a deadlock on stderr", "[runtime][stuck_monitor]") {
  if (!detail::deadlock_checks()) return;
  child_process child([] {
    auto main = []() -> task<> {
      event never;
      co_await never.wait();
    };
    run(main());
    return 0;
  });
  CHECK(child.await_output("(unless another thread does)\ntask "));
  CHECK(child.await_output(" \"main\" waits in event::wait"));
  CHECK(child.await_output("stuck_monitor_test.cpp:"));
  child.send(SIGINT);
  CHECK(child.status() == child_process::killed_by(SIGINT));
}

TEST_CASE("loops of one runtime are stuck when all of them are", "[runtime][stuck_monitor]") {
  if (!detail::deadlock_checks()) return;
  child_process child([] {
    auto wait = []() -> task<> {
      event never;
      co_await never.wait();
    };
    auto main = [&]() -> task<> { co_await to_loop(1, wait); };
    run(main(), {.loops = 3});
    return 0;
  });
  CHECK(child.await_output("every task of the runtime's loops waits"));
  CHECK(child.await_output(" waits in event::wait"));  // The loops are listed as they began.
  child.send(SIGINT);
  CHECK(child.status() == child_process::killed_by(SIGINT));
}

// With a loop alone.

TEST_CASE("a loop whose tasks wait for each other is reported with all of them",
          "[runtime][stuck_monitor]") {
  watched_loop watched;
  watched.run([&]() -> task<> {
    event opened;
    semaphore places(0);
    queue<int> items;
    auto pipe = channel<int>(1);
    auto shot = oneshot<int>();
    auto get = [&]() -> task<> { (void)co_await items.get(); };
    auto acquire = [&]() -> task<> { (void)co_await places.acquire(); };
    auto receive = [&]() -> task<> { (void)co_await pipe.receiver.receive(); };
    auto take = [&]() -> task<> { (void)co_await shot.receiver; };
    auto wait = [&]() -> task<> { co_await opened.wait(); };
    std::vector<join_handle<void>> tasks;
    tasks.push_back(spawn({.name = "gets"}, get));
    tasks.push_back(spawn(acquire));
    tasks.push_back(spawn(receive));
    tasks.push_back(spawn(take));
    const auto before = time_here();
    watched.rescue = [&] {
      CHECK(time_here() - before >= std::chrono::nanoseconds(detail::stuck_monitor::patience_ns));
      opened.set();
      places.release();
      (void)items.try_put(1);
      (void)pipe.sender.try_send(1);
      shot.sender.set(1);
    };
    co_await when_all(wait(), wait());
    for (auto& each : tasks) co_await each;
  });
  REQUIRE(watched.reports().size() == 1);
  const std::string& text = watched.reports().front();
  CHECK(text.starts_with(stuck_text));
  CHECK(contains(text, "\"gets\" waits in queue::get"));
  CHECK(contains(text, "waits in semaphore::acquire"));
  CHECK(contains(text, "waits in when_all"));
  CHECK(contains(text, "waits in event::wait"));
  CHECK(contains(text, "stuck_monitor_test.cpp:"));
}

TEST_CASE("a loop that a thread serves after all is reported once", "[runtime][stuck_monitor]") {
  watched_loop watched;
  watched.run([&]() -> task<> {
    for (int i = 0; i < 3; ++i) {
      event opened;
      std::thread other;
      watched.rescue = [&] { opened.set(); };
      // The second and third time nobody is told, so nobody rescues: a thread does.
      if (i > 0) other = std::thread([&] { opened.set(); });
      co_await opened.wait();
      if (other.joinable()) other.join();
    }
  });
  CHECK(watched.reports().size() == 1);
}

TEST_CASE("who waits for time or for a thread is not reported", "[runtime][stuck_monitor]") {
  watched_loop watched;
  watched.run([&]() -> task<> {
    event opened;
    auto wait = [&]() -> task<> { co_await opened.wait(); };
    auto waiter = spawn(wait);
    co_await sleep_for(24h);
    // The function ends only when the loop has slept, by its own clock, for long.
    std::binary_semaphore begun(0);
    std::binary_semaphore go_on(0);
    auto function = [&] {
      begun.release();
      go_on.acquire();
    };
    auto call_it = [&]() -> task<> { co_await to_thread(std::ref(function)); };
    auto called = spawn(call_it);
    std::thread referee([&] {
      begun.acquire();
      while (!watched.driver().asleep()) std::this_thread::yield();
      go_on.release();
    });
    co_await called;
    referee.join();
    opened.set();
    co_await waiter;
  });
  CHECK(watched.reports().empty());
}

TEST_CASE("a foreign coroutine's wait may be ended by anything", "[runtime][stuck_monitor]") {
  // It suspends in what is no operation of this library.
  struct hand_made {
    std::coroutine_handle<>& handle;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiter) const noexcept { handle = waiter; }
    void await_resume() const noexcept {}
  };
  watched_loop watched;
  std::coroutine_handle<> waiting;
  call resume([&] { waiting.resume(); });
  std::thread other;
  watched.run([&]() -> task<> {
    other = std::thread([&] {
      while (!watched.driver().asleep()) std::this_thread::yield();
      watched.inner().post(resume);
    });
    co_await hand_made(waiting);
  });
  other.join();
  CHECK(watched.reports().empty());
}

TEST_CASE("with operations in flight nothing is reported", "[runtime][stuck_monitor]") {
  watched_loop watched;
  watched.driver().set_busy(true);
  event opened;
  std::thread other;
  watched.run([&]() -> task<> {
    other = std::thread([&] {
      while (!watched.driver().asleep()) std::this_thread::yield();
      opened.set();
    });
    co_await opened.wait();
  });
  other.join();
  CHECK(watched.reports().empty());
}
