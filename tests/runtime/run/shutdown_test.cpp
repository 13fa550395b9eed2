#include <lariat/runtime/run/runtime.hpp>

#include "child_process.hpp"
#include "contains.hpp"
#include "coroutine_test.hpp"
#include "process_state.hpp"

#include <lariat/io/net/tcp.hpp>
#include <lariat/io/op/poll.hpp>
#include <lariat/runtime/run/run.hpp>
#include <lariat/runtime/run/to_loop.hpp>
#include <lariat/sched/blocking/to_thread.hpp>
#include <lariat/sched/cancel/cancelled.hpp>
#include <lariat/sched/scope/uncancellable.hpp>
#include <lariat/sched/scope/when_all.hpp>
#include <lariat/sched/sync/event.hpp>
#include <lariat/sched/task/exception_group.hpp>
#include <lariat/sched/task/yield.hpp>
#include <lariat/sched/time/timer.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

task<int> number(int value) {
  co_await yield();
  co_return value;
}

task<> fail(const char* text) {
  co_await yield();
  throw std::runtime_error(text);
}

task<> for_ever() { co_await sleep_for(24h); }

// Waits for input that never comes.
task<> read_for_ever(int fd) { (void)co_await io::readable(fd); }

task<> accept_for_ever() {
  io::tcp_listener listener = io::tcp_listener::bind({"127.0.0.1", 0});
  (void)co_await listener.accept();
}

task<> call_a_thread() {
  auto function = [] { return 1; };
  (void)co_await to_thread(function);
  co_await sleep_for(24h);
}

class pipe_ends {
 public:
  pipe_ends() {
    if (::pipe2(ends_, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  }
  ~pipe_ends() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  [[nodiscard]] int reader() const { return ends_[0]; }

 private:
  int ends_[2];
};

void leave_work_behind(bool started, int fd) {
  runtime program({.loops = 3});
  if (started) program.start();
  for (std::size_t index = 0; index < 3; ++index) {
    auto there = program.spawner_at(index);
    for (int i = 0; i < 10; ++i) {
      there.spawn(for_ever).detach();
      there.spawn(read_for_ever, fd).detach();
    }
    there.spawn(accept_for_ever).detach();
    there.spawn(call_a_thread).detach();
  }
  auto settle = []() -> task<> {
    for (int i = 0; i < 10; ++i) co_await sleep_for(100us);
  };
  program.block_on(settle());
}

}  // namespace

TEST_CASE("destroying a runtime with work pending leaves no thread and no descriptor",
          "[runtime][shutdown]") {
  const pipe_ends pipe;
  { const runtime warm_up({.loops = 2}); }
  const auto descriptors = open_descriptors();
  const auto threads_before = threads();
  const bool started = GENERATE(false, true);
  leave_work_behind(started, pipe.reader());
  CHECK(open_descriptors() == descriptors);
  CHECK(threads() == threads_before);
}

TEST_CASE("the runtime's descriptors are closed by exec", "[runtime][shutdown]") {
  const pipe_ends pipe;
  const auto before = inherited_descriptors();
  runtime program({.loops = 2});
  program.spawn(read_for_ever, pipe.reader()).detach();
  program.block_on(number(1));
  CHECK(open_descriptors().size() > before.size());
  CHECK(inherited_descriptors() == before);
}

TEST_CASE("the runtime leaves signal handlers and masks as they are", "[runtime][shutdown]") {
  const signal_state before = signal_state::now();
  runtime program({.loops = 2, .sigint = sigint_action::leave_alone});
  auto main = []() -> task<signal_state> {
    co_await sleep_for(1ms);
    co_return signal_state::now();
  };
  CHECK(program.block_on(main()) == before);
  CHECK(program.spawner_at(1).spawn(main).get() == before);
  program.shutdown();
  CHECK(signal_state::now() == before);
}

TEST_CASE("SIGINT's handler is put back when run ends", "[runtime][shutdown]") {
  child_process child([] {
    const signal_state before = signal_state::now();
    auto main = [&]() -> task<bool> { co_return signal_state::now() == before; };
    const bool same_within = run(main());
    return same_within ? 1 : signal_state::now() == before ? 0 : 2;
  });
  CHECK(child.status() == 0);
}

TEST_CASE("a cleanup may use the other loops until the end", "[runtime][shutdown]") {
  // Each loop's task cleans up on the next loop: none may end before the others.
  constexpr std::size_t loops = 3;
  std::atomic<int> cleaned = 0;
  {
    std::atomic<int> began = 0;
    auto clean = [&]() -> task<> {
      co_await sleep_for(1ms);
      ++cleaned;
    };
    auto body = [&](std::size_t next) -> task<> {
      ++began;
      try {
        co_await sleep_for(24h);
      } catch (const operation_cancelled&) {
      }
      for (int i = 0; i < 3; ++i) co_await uncancellable(to_loop(next, clean));
    };
    runtime program({.loops = loops});  // Its end still uses what is declared above.
    for (std::size_t index = 0; index < loops; ++index) {
      program.spawner_at(index).spawn(body, (index + 1) % loops).detach();
    }
    auto main = [&]() -> task<> {
      while (began < 3) co_await sleep_for(10us);
    };
    program.block_on(main());
  }
  CHECK(cleaned == 9);
}

TEST_CASE("a task that waits for another loop's task is cancelled with it", "[runtime][shutdown]") {
  std::atomic<int> ended = 0;
  {
    runtime program({.loops = 2});
    program.start();
    std::atomic<bool> began = false;
    auto inner = [&]() -> task<> {
      began = true;
      began.notify_one();
      try {
        co_await sleep_for(24h);
      } catch (const operation_cancelled&) {
        ++ended;
        throw;
      }
    };
    auto outer = [&]() -> task<> {
      try {
        co_await to_loop(1, inner);
      } catch (const operation_cancelled&) {
        ++ended;
        throw;
      }
    };
    program.spawn(outer).detach();
    began.wait(false);
  }
  CHECK(ended == 2);
}

TEST_CASE("a spawn that races a shutdown runs, is cancelled or is refused", "[runtime][shutdown]") {
  constexpr int rounds = 30;
  for (int round = 0; round < rounds; ++round) {
    runtime program({.loops = 2});
    program.start();
    std::atomic<int> spawned = 0;
    std::atomic<int> settled = 0;
    std::vector<std::thread> threads;
    for (std::size_t index = 0; index < 2; ++index) {
      threads.emplace_back([&, index] {
        try {
          for (;;) {
            auto handle = program.spawner_at(index).spawn(number, 3);
            ++spawned;
            spawned.notify_one();
            try {
              if (handle.get() == 3) ++settled;
            } catch (const operation_cancelled&) {
              ++settled;
            }
          }
        } catch (const std::logic_error&) {
          // Refused: the end.
        }
      });
    }
    spawned.wait(0);
    program.shutdown();
    for (auto& each : threads) each.join();
    CHECK(settled == spawned);
  }
}

TEST_CASE("a handle may outlive its runtime", "[runtime][shutdown]") {
  std::optional<runtime> program(std::in_place);
  program->start();
  auto value = program->spawn(number, 7);
  auto cancelled = program->spawn(for_ever);
  auto dropped = program->spawn(for_ever);
  auto seen = program->spawn(fail, "seen");
  while (!value.done() || !seen.done()) std::this_thread::yield();
  program.reset();
  CHECK(value.done());
  CHECK(cancelled.done());
  cancelled.cancel("too late");
  CHECK(value.get() == 7);
  CHECK_THROWS_AS(cancelled.get(), operation_cancelled);
  CHECK_THROWS_WITH(seen.get(), "seen");
  CHECK(value.id() != 0);
  dropped.detach();
}

TEST_CASE("a handle of a former runtime can be awaited in another one", "[runtime][shutdown]") {
  join_handle<int> handle;
  {
    runtime first;
    handle = first.spawn(number, 7);
    auto wait = [&]() -> task<> {
      while (!handle.done()) co_await yield();
    };
    first.block_on(wait());
  }
  auto main = [&]() -> task<int> { co_return co_await handle; };
  CHECK(run(main()) == 7);
}

TEST_CASE("a failure in a handle that is dropped after its runtime is printed",
          "[runtime][shutdown]") {
  child_process child([] {
    join_handle<void> handle;
    {
      runtime program;
      handle = program.spawn(fail, "left over");
      auto wait = [&]() -> task<> {
        while (!handle.done()) co_await yield();
      };
      program.block_on(wait());
      program.shutdown();  // Nobody has let go of the failure yet: it may still be seen.
    }
    say("the runtime is gone\n");
    handle.detach();
    return 4;
  });
  CHECK(child.status() == 4);
  CHECK(contains(child.output(), "the runtime is gone\nlariat: task "));
  CHECK(contains(child.output(), "failed and was not awaited: left over"));
}

// Handles are cancelled and dropped by other threads while their tasks end and the runtime goes:
// every step of that may come first.
TEST_CASE("handles may be cancelled and dropped while tasks and runtime end",
          "[runtime][shutdown]") {
  constexpr int rounds = 40;
  constexpr int tasks = 50;
  // As many hold it as there are tasks whose frames live.
  const auto frames = std::make_shared<int>();
  auto short_life = [](int yields, std::shared_ptr<int>) -> task<> {
    for (int i = 0; i < yields; ++i) co_await yield();
  };
  for (int round = 0; round < rounds; ++round) {
    std::vector<join_handle<void>> first;
    std::vector<join_handle<void>> second;
    std::optional<runtime> program;
    program.emplace(runtime_options{.loops = 2});
    program->start();
    for (int i = 0; i < tasks; ++i) {
      first.push_back(program->spawner_at(0).spawn(short_life, i, frames));
      second.push_back(program->spawner_at(1).spawn(short_life, tasks - i, frames));
    }
    auto let_go = [](std::vector<join_handle<void>>& handles) {
      for (auto& each : handles) {
        each.cancel("no longer wanted");
        each.detach();
      }
    };
    std::thread one([&] { let_go(first); });
    std::thread other([&] { let_go(second); });
    if (round % 2 == 0) std::this_thread::yield();
    program.reset();
    one.join();
    other.join();
    CHECK(frames.use_count() == 1);
  }
}

namespace {

struct gate {
  std::atomic<bool> entered = false;
  std::atomic<bool> open = false;
  std::atomic<bool> passed = false;
};

void pass(std::shared_ptr<gate> through) {
  through->entered = true;
  through->entered.notify_one();
  through->open.wait(false);
  through->passed = true;
}

task<> abandon_call(std::shared_ptr<gate> through) {
  co_await to_thread<on_cancel::abandon>(pass, through);
}

}  // namespace

TEST_CASE("the end waits for a function that its task abandoned", "[runtime][shutdown]") {
  auto through = std::make_shared<gate>();
  {
    runtime program;
    auto main = [through]() -> task<bool> {
      auto handle = spawn(abandon_call, through);
      while (!through->entered) co_await yield();
      handle.cancel();
      auto ended = co_await as_result(handle);
      co_return ended.cancelled();
    };
    CHECK(program.block_on(main()));
    CHECK_FALSE(through->passed);
    through->open = true;
    through->open.notify_one();
  }
  CHECK(through->passed);
}

TEST_CASE("with LARIAT_DEBUG=1 tasks that are left are listed", "[runtime][shutdown]") {
  child_process child([] {
    ::setenv("LARIAT_DEBUG", "1", 1);
    runtime program;
    auto main = []() -> task<> {
      auto wait_for_event = []() -> task<> {
        event never;
        co_await never.wait();
      };
      auto have_children = []() -> task<> { co_await when_all(for_ever(), number(1)); };
      spawn({.name = "detached"}, for_ever).detach();
      spawn({.name = "waits"}, wait_for_event).detach();
      spawn({.name = "parent"}, have_children).detach();
      spawn({.name = "ended"}, number, 1).detach();
      for (int i = 0; i < 4; ++i) co_await yield();
      spawn({.name = "not begun"}, for_ever).detach();
    };
    program.block_on(main());
    program.spawner_at(0).spawn({.name = "late"}, for_ever).detach();
    return 0;
  });
  CHECK(child.status() == 0);
  const std::string& text = child.output();
  CHECK(contains(text, "lariat: tasks that live when the runtime ends, and are cancelled:\ntask "));
  CHECK(contains(text, " \"detached\" waits in sleep for "));
  CHECK(contains(text, " \"waits\" waits in event::wait for "));
  CHECK(contains(text, " \"parent\" waits in when_all for "));
  CHECK(contains(text, "; child made at "));
  CHECK(contains(text, " \"not begun\" is ready or running; spawned at "));
  CHECK(contains(text, "shutdown_test.cpp:"));
  CHECK(contains(text, " \"late\", spawned at "));
  CHECK(contains(text, ", came when the runtime had ended, and did not start\n"));
  CHECK_FALSE(contains(text, "\"ended\""));
  CHECK_FALSE(contains(text, "\"main\""));
}

TEST_CASE("tasks that are left are not listed unless it is asked for", "[runtime][shutdown]") {
  child_process child([] {
    ::unsetenv("LARIAT_DEBUG");
    auto main = []() -> task<> {
      spawn(for_ever).detach();
      co_await yield();
    };
    run(main());
    return 0;
  });
  CHECK(child.status() == 0);
  CHECK(child.output().empty());
}

TEST_CASE("a runtime whose tasks have all ended says nothing", "[runtime][shutdown]") {
  child_process child([] {
    ::setenv("LARIAT_DEBUG", "1", 1);
    auto main = []() -> task<> {
      auto joined = spawn(number, 1);
      (void)co_await joined;
    };
    run(main());
    return 0;
  });
  CHECK(child.status() == 0);
  CHECK(child.output().empty());
}
