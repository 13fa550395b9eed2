// What becomes of work that is handed over while a runtime is being shut down: it is done, or its
// owner is told; and shutting down ends, however much comes.

#include <lariat/runtime/run/runtime.hpp>

#include "coroutine_test.hpp"

#include <lariat/runtime/run/to_loop.hpp>
#include <lariat/sched/blocking/to_thread.hpp>
#include <lariat/sched/cancel/cancelled.hpp>
#include <lariat/sched/channel/channel.hpp>
#include <lariat/sched/executor/runtime_closed.hpp>
#include <lariat/sched/pool/to_pool.hpp>
#include <lariat/sched/scope/uncancellable.hpp>
#include <lariat/sched/sync/event.hpp>
#include <lariat/sched/task/yield.hpp>
#include <lariat/sched/time/timer.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

task<> for_ever() { co_await sleep_for(24h); }

task<int> number(int value) {
  co_await yield();
  co_return value;
}

// Keeps a thread until it is opened.
class gate {
 public:
  void open() {
    open_ = true;
    open_.notify_all();
  }
  void pass() { open_.wait(false); }

  static void enter(std::shared_ptr<gate> through) {
    through->entered_ = true;
    through->entered_.notify_one();
    through->pass();
  }
  [[nodiscard]] const std::atomic<bool>& entered() const noexcept { return entered_; }

 private:
  std::atomic<bool> entered_ = false;
  std::atomic<bool> open_ = false;
};

template <class Function>
bool refused(Function function) {
  try {
    function();
  } catch (const runtime_closed&) {
    return true;
  }
  return false;
}

// Returns when the runtime takes no more from this thread.
void wait_until_closed(runtime& program) {
  while (!refused([&] { program.post([] {}); })) std::this_thread::yield();
}

// Hands over all that a thread can. Whatever is refused is dropped here, and not called.
void check_all_refused(runtime& program) {
  auto called = std::make_shared<std::atomic<int>>(0);
  const auto call = [called] { ++*called; };
  const auto start = [called]() -> task<> {
    ++*called;
    co_return;
  };
  for (const std::size_t index : {0, 1}) {
    CHECK(refused([&] { program.post(call, index); }));
    CHECK(refused([&] { (void)program.spawner_at(index).spawn(start); }));
  }
  CHECK(refused([&] { (void)program.spawn(number, 1); }));
  CHECK(refused([&] { program.block_on(number(1)); }));
  CHECK(refused([&] { program.start(); }));
  CHECK(*called == 0);
  CHECK(called.use_count() == 3);  // Nobody else has it: it was not left in a queue.
}

}  // namespace

TEST_CASE("other threads are refused while the loops have yet to hear of the end",
          "[runtime][closing]") {
  runtime program({.loops = 2});
  program.start();
  gate busy;
  program.post([&] { busy.pass(); }, 0);
  program.post([&] { busy.pass(); }, 1);
  std::thread end([&] { program.shutdown(); });
  wait_until_closed(program);
  check_all_refused(program);
  busy.open();
  end.join();
}

TEST_CASE("other threads are refused while tasks clean up", "[runtime][closing]") {
  runtime program({.loops = 2});
  program.start();
  std::atomic<bool> began = false;
  std::atomic<bool> cleans = false;
  event done;
  const auto body = [&]() -> task<> {
    began = true;
    began.notify_one();
    try {
      co_await sleep_for(24h);
    } catch (const operation_cancelled&) {
    }
    cleans = true;
    cleans.notify_one();
    co_await uncancellable(done.wait());
  };
  auto handle = program.spawn(body);
  began.wait(false);
  std::thread end([&] { program.shutdown(); });
  cleans.wait(false);
  check_all_refused(program);
  done.set();
  end.join();
  CHECK(handle.done());
}

TEST_CASE("other threads are refused when the tasks have ended, and at last",
          "[runtime][closing]") {
  auto busy = std::make_shared<gate>();
  runtime program({.loops = 2});
  program.start();
  const auto abandon = [busy]() -> task<> {
    co_await to_thread<on_cancel::abandon>(&gate::enter, busy);
  };
  auto handle = program.spawn(abandon);
  busy->entered().wait(false);
  std::thread end([&] { program.shutdown(); });
  while (!handle.done()) std::this_thread::yield();
  check_all_refused(program);  // Only the function keeps it from ending.
  busy->open();
  end.join();
  check_all_refused(program);
}

TEST_CASE("what was accepted before is done, although the loops are closed meanwhile",
          "[runtime][closing]") {
  constexpr int posts = 1000;
  std::atomic<int> called = 0;
  runtime program({.loops = 2});
  program.start();
  gate busy;
  for (const std::size_t index : {0, 1}) program.post([&] { busy.pass(); }, index);
  for (int i = 0; i < posts; ++i) program.post([&] { ++called; }, static_cast<std::size_t>(i % 2));
  auto handle = program.spawn(for_ever);
  std::thread end([&] { program.shutdown(); });
  wait_until_closed(program);
  CHECK(called == 0);
  busy.open();
  end.join();
  CHECK(called == posts);
  CHECK_THROWS_AS(handle.get(), operation_cancelled);
}

TEST_CASE("what was accepted by a runtime that never ran is done", "[runtime][closing]") {
  int called = 0;
  runtime program;
  program.post([&] { ++called; });
  auto handle = program.spawn(for_ever);
  program.shutdown();
  CHECK(called == 1);
  CHECK_THROWS_AS(handle.get(), operation_cancelled);
}

TEST_CASE("a cleanup may post, and call loops, threads and the pool", "[runtime][closing]") {
  std::atomic<int> posted = 0;
  int answers = 0;
  bool spawned_cancelled = false;
  {
    runtime program({.loops = 2});
    const auto clean = [&]() -> task<> {
      program.post([&] { ++posted; }, 0);
      program.post([&] { ++posted; }, 1);
      answers += co_await to_loop(1, number, 1);
      const auto one = [] { return 1; };
      answers += co_await to_thread(one);
      answers += co_await to_pool(one);
      // A task of its own would outlive the cleanup.
      auto here = spawn(number, 1);
      auto there = program.spawner_at(1).spawn(number, 1);
      const auto first = co_await as_result(here);
      const auto second = co_await as_result(there);
      spawned_cancelled = first.cancelled() && second.cancelled();
    };
    const auto body = [&]() -> task<> {
      try {
        co_await sleep_for(24h);
      } catch (const operation_cancelled&) {
      }
      co_await uncancellable(clean());
    };
    program.spawn(body).detach();
    program.block_on(number(1));
    program.shutdown();
  }
  CHECK(posted == 2);
  CHECK(answers == 3);
  CHECK(spawned_cancelled);
}

TEST_CASE("a function that posts itself again is told the end", "[runtime][closing]") {
  struct again {
    runtime& program;
    std::atomic<bool>& told;
    void operator()() const {
      try {
        program.post(*this, 1);
      } catch (const runtime_closed&) {
        told = true;
      }
    }
  };
  std::atomic<bool> told = false;
  runtime program({.loops = 2});
  program.start();
  program.post(again{program, told});
  program.shutdown();
  CHECK(told);
}

TEST_CASE("a posted function that throws operation_cancelled is no failure", "[runtime][closing]") {
  runtime program;
  const unawaited_failures none(program.loop_at(0));
  bool cancelled = false;
  program.post([&] {
    cancelled = true;
    throw operation_cancelled("by itself");  // No failure, as if a task ended so.
  });
  program.block_on(number(1));
  CHECK(cancelled);
}

TEST_CASE("a channel whose other end went with its runtime says so", "[runtime][closing]") {
  auto ends = channel<int>(1);
  std::thread sender;
  std::atomic<bool> told = false;
  {
    runtime program;
    program.start();
    const auto receive_late = [](channel_receiver<int> receiver) -> task<> {
      co_await sleep_for(24h);
      (void)co_await receiver.receive();
    };
    program.spawn(receive_late, std::move(ends.receiver)).detach();
    sender = std::thread([&] {
      try {
        for (;;) ends.sender.send_blocking(1);
      } catch (const channel_closed&) {
        told = true;
      }
    });
  }
  sender.join();
  CHECK(told);
}

namespace {

// Fails the test, and has the flood stop, if the runtime has not ended in half a minute.
class patience {
 public:
  explicit patience(std::atomic<bool>& stop)
      : thread_([this, &stop] {
          std::unique_lock lock(mutex_);
          if (over_.wait_for(lock, 30s, [this] { return ended_; })) return;
          late_ = true;
          stop = true;
        }) {}
  ~patience() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    over_.notify_one();
    thread_.join();
    CHECK_FALSE(late_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable over_;
  bool ended_ = false;
  bool late_ = false;
  std::thread thread_;
};

// Shuts a runtime down while threads call `flood(program)` without a pause, until they are refused.
template <class Flood>
void shut_down_under(Flood flood) {
  for (int round = 0; round < 10; ++round) {
    std::atomic<bool> stop = false;
    std::atomic<int> flooding = 0;
    std::atomic<int> told = 0;
    runtime program({.loops = 2});
    program.start();
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&] {
        const bool over = refused([&] {
          for (flood(program), ++flooding; !stop;) flood(program);
        });
        if (over) ++told;
      });
    }
    while (flooding < 3) std::this_thread::yield();
    {
      const patience watch(stop);
      program.shutdown();
    }
    for (auto& each : threads) each.join();
    CHECK(told == 3);
  }
}

}  // namespace

TEST_CASE("a runtime ends while threads post, and calls all that it accepted",
          "[runtime][closing][flood]") {
  std::atomic<long> accepted = 0;
  std::atomic<long> called = 0;
  shut_down_under([&](runtime& program) {
    program.post([&] { ++called; }, static_cast<std::size_t>(accepted % 2));
    ++accepted;
  });
  CHECK(called == accepted);
}

TEST_CASE("a runtime ends while threads spawn, and settles all that it accepted",
          "[runtime][closing][flood]") {
  std::atomic<long> accepted = 0;
  std::atomic<long> settled = 0;
  shut_down_under([&](runtime& program) {
    struct token {
      std::atomic<long>& count;
      explicit token(std::atomic<long>& where) noexcept : count(where) {}
      ~token() { ++count; }
    };
    auto body = [held = std::make_shared<token>(settled)]() -> task<> { co_await yield(); };
    program.spawner_at(static_cast<std::size_t>(accepted % 2)).spawn(std::move(body)).detach();
    ++accepted;
  });
  CHECK(settled >= accepted);  // The refused ones are dropped as well.
}

TEST_CASE("a runtime ends while its loop never runs out of steps", "[runtime][closing][flood]") {
  // What threads that ask of a semaphore or an event without a pause may come to.
  class endless final : public runnable {
   public:
    explicit endless(std::atomic<bool>& stop) noexcept : stop_(stop) {}
    void run() noexcept override {
      if (!stop_) loop::current()->ready(*this);
    }

   private:
    std::atomic<bool>& stop_;
  };
  std::atomic<bool> stop = false;
  endless step(stop);
  runtime program({.loops = 2});
  program.start();
  program.loop_at(0).post(step);
  program.spawn(number, 1).get();
  const patience watch(stop);
  program.shutdown();
}

TEST_CASE("a runtime ends while tasks start their successors", "[runtime][closing][flood]") {
  struct successor {
    static task<> here(runtime& program) {
      spawn(&successor::here, std::ref(program)).detach();
      co_await yield();
    }
    static task<> there(runtime& program, std::size_t index) {
      auto next = program.spawner_at(1 - index);
      next.spawn(&successor::there, std::ref(program), 1 - index).detach();
      co_await yield();
    }
    // Also when it is cancelled.
    static task<> stubborn(runtime& program, std::size_t index) {
      try {
        co_await sleep_for(24h);
      } catch (const operation_cancelled&) {
      }
      auto next = program.spawner_at(1 - index);
      next.spawn(&successor::stubborn, std::ref(program), 1 - index).detach();
    }
  };
  std::atomic<bool> stop = false;
  for (int round = 0; round < 10; ++round) {
    runtime program({.loops = 2});
    program.start();
    program.spawn(&successor::here, std::ref(program)).detach();
    program.spawn(&successor::there, std::ref(program), std::size_t{0}).detach();
    program.spawn(&successor::stubborn, std::ref(program), std::size_t{0}).detach();
    const patience watch(stop);
    program.shutdown();
  }
}

TEST_CASE("a runtime ends while tasks call loops and threads without a pause",
          "[runtime][closing][flood]") {
  const auto call_loops = [](std::size_t index) -> task<> {
    for (;;) (void)co_await to_loop(1 - index, number, 1);
  };
  const auto call_threads = []() -> task<> {
    const auto one = [] { return 1; };
    for (;;) (void)co_await to_thread(one);
  };
  std::atomic<bool> stop = false;
  for (int round = 0; round < 10; ++round) {
    runtime program({.loops = 2});
    program.start();
    for (std::size_t index = 0; index < 2; ++index) {
      program.spawner_at(index).spawn(call_loops, index).detach();
      program.spawner_at(index).spawn(call_threads).detach();
    }
    program.spawn(number, 1).get();
    const patience watch(stop);
    program.shutdown();
  }
}

TEST_CASE("a runtime ends while functions on its threads post until they are refused",
          "[runtime][closing][flood]") {
  std::atomic<int> told = 0;
  for (int round = 0; round < 10; ++round) {
    runtime program({.loops = 2});
    program.start();
    std::atomic<bool> stop = false;
    std::atomic<int> flooding = 0;
    const auto post = [&] {
      const bool over = refused([&] {
        for (++flooding; !stop;) program.post([] {});
      });
      if (over) ++told;
    };
    const auto on_thread = [&]() -> task<> { co_await to_thread(post); };
    const auto on_pool = [&]() -> task<> { co_await to_pool(post); };
    program.spawn(on_thread).detach();
    program.spawn(on_pool).detach();
    while (flooding < 2) std::this_thread::yield();
    const patience watch(stop);
    program.shutdown();
  }
  CHECK(told == 20);
}
