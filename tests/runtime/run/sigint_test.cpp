#include <lariat/runtime/run/run.hpp>

#include "child_process.hpp"
#include "coroutine_test.hpp"
#include "runtime/interrupted.hpp"

#include <lariat/runtime/run/runtime.hpp>
#include <lariat/sched/cancel/cancelled.hpp>
#include <lariat/sched/scope/uncancellable.hpp>
#include <lariat/sched/time/timer.hpp>

#include <signal.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

// Says "ready", waits, and when it is cancelled cleans up for a while.
task<> wait_and_clean_up() {
  say("ready\n");
  std::string reason;
  try {
    co_await sleep_for(24h);
  } catch (const operation_cancelled& cancelled) {
    reason = cancelled.reason();
  }
  co_await sleep_for(1ms);
  say("cleaned up after %s\n", reason.c_str());
  throw operation_cancelled(reason);
}

task<> for_ever() { co_await sleep_for(24h); }

task<> clean_up_for_ever() {
  say("ready\n");
  try {
    co_await sleep_for(24h);
  } catch (const operation_cancelled&) {
  }
  say("cleaning\n");
  co_await uncancellable(for_ever());
}

task<> background() {
  try {
    co_await sleep_for(24h);
  } catch (const operation_cancelled&) {
    say("background cancelled\n");
  }
}

volatile sig_atomic_t seen = 0;
void count_signal(int) { seen = seen + 1; }

}  // namespace

TEST_CASE("the first SIGINT cancels main, and the process dies by it when all is cleaned up",
          "[runtime][sigint]") {
  const std::string output = interrupted_at({"ready"}, [] {
    ::unsetenv("LARIAT_DEBUG");  // It lists tasks that are left.
    auto main = []() -> task<> {
      spawn(background).detach();
      co_await wait_and_clean_up();
    };
    run(main(), {.loops = 2});
    return 0;
  });
  CHECK(output == "ready\ncleaned up after SIGINT\nbackground cancelled\n");
}

TEST_CASE("the second SIGINT ends the process at once", "[runtime][sigint]") {
  interrupted_at({"ready", "cleaning"}, [] {
    run(clean_up_for_ever());
    return 0;
  });
}

TEST_CASE("the second SIGINT ends the process while other tasks clean up", "[runtime][sigint]") {
  interrupted_at({"ready", "cleaning"}, [] {
    auto main = []() -> task<> {
      spawn(clean_up_for_ever).detach();
      co_await sleep_for(24h);
    };
    run(main());
    return 0;
  });
}

TEST_CASE("a SIGINT during a blocking step is delivered at the next await", "[runtime][sigint]") {
  child_process child([] {
    auto main = []() -> task<> {
      ::raise(SIGINT);
      say("still here\n");
      co_await sleep_for(24h);
    };
    run(main());
    return 0;
  });
  CHECK(child.status() == child_process::killed_by(SIGINT));
  CHECK(child.output() == "still here\n");
}

TEST_CASE("a main that ends in spite of SIGINT gives its value", "[runtime][sigint]") {
  child_process child([] {
    auto main = []() -> task<int> {
      say("ready\n");
      try {
        co_await sleep_for(24h);
      } catch (const operation_cancelled&) {
      }
      co_return 12;
    };
    return run(main());
  });
  REQUIRE(child.await_output("ready"));
  child.send(SIGINT);
  CHECK(child.status() == 12);
}

TEST_CASE("a SIGINT that main was not told of is not lost", "[runtime][sigint]") {
  child_process child([] {
    auto main = []() -> task<int> {
      ::raise(SIGINT);
      co_return 12;  // No await that it could reach.
    };
    return run(main());
  });
  CHECK(child.status() == child_process::killed_by(SIGINT));
}

TEST_CASE("a SIGINT that another thread takes cancels main", "[runtime][sigint]") {
  const std::string output = interrupted_at({"ready"}, [] {
    // The loop's thread blocks it: only the other one can take it.
    sigset_t only;
    ::sigemptyset(&only);
    ::sigaddset(&only, SIGINT);
    std::thread other([] { std::this_thread::sleep_for(24h); });
    ::pthread_sigmask(SIG_BLOCK, &only, nullptr);
    run(wait_and_clean_up());
    other.join();
    return 0;
  });
  CHECK(output == "ready\ncleaned up after SIGINT\n");
}

TEST_CASE("SIGINT cancels the main task of a started runtime", "[runtime][sigint]") {
  const std::string output = interrupted_at({"ready"}, [] {
    runtime program;
    program.start();
    program.block_on(wait_and_clean_up());
    return 0;
  });
  CHECK(output == "ready\ncleaned up after SIGINT\n");
}

TEST_CASE("a handler that the program installed is left alone", "[runtime][sigint]") {
  child_process child([] {
    ::signal(SIGINT, count_signal);
    auto main = []() -> task<int> {
      ::raise(SIGINT);
      co_await sleep_for(1ms);
      co_return seen;
    };
    return 20 + run(main());
  });
  CHECK(child.status() == 21);
}

TEST_CASE("a SIGINT that the program ignores stays ignored", "[runtime][sigint]") {
  child_process child([] {
    ::signal(SIGINT, SIG_IGN);
    auto main = []() -> task<int> {
      ::raise(SIGINT);
      co_await sleep_for(1ms);
      co_return 9;
    };
    return run(main());
  });
  CHECK(child.status() == 9);
}

TEST_CASE("a handler that main installs outlives run", "[runtime][sigint]") {
  child_process child([] {
    auto main = []() -> task<> {
      ::signal(SIGINT, count_signal);
      co_return;
    };
    run(main());
    ::raise(SIGINT);
    return static_cast<int>(seen);
  });
  CHECK(child.status() == 1);
}

TEST_CASE("a SIGINT that is blocked stays blocked", "[runtime][sigint]") {
  child_process child([] {
    sigset_t only;
    ::sigemptyset(&only);
    ::sigaddset(&only, SIGINT);
    ::pthread_sigmask(SIG_BLOCK, &only, nullptr);
    ::raise(SIGINT);
    auto main = []() -> task<> { co_await sleep_for(1ms); };
    run(main());
    sigset_t mask;
    sigset_t pending;
    ::pthread_sigmask(SIG_BLOCK, nullptr, &mask);
    ::sigpending(&pending);
    return 10 * ::sigismember(&mask, SIGINT) + ::sigismember(&pending, SIGINT);
  });
  CHECK(child.status() == 11);
}

TEST_CASE("leave_alone lets SIGINT end the process as always", "[runtime][sigint]") {
  const std::string output = interrupted_at({"ready"}, [] {
    run(wait_and_clean_up(), {.sigint = sigint_action::leave_alone});
    return 0;
  });
  CHECK(output == "ready\n");
}

TEST_CASE("of several runtimes the first one's main is cancelled", "[runtime][sigint]") {
  const std::string output = interrupted_at({"ready"}, [] {
    std::atomic<bool> began = false;
    std::thread other;
    auto main = [&]() -> task<> {
      other = std::thread([&] {
        runtime second;
        auto nothing = [&]() -> task<> {
          began = true;
          co_await sleep_for(24h);
        };
        second.block_on(nothing());
      });
      while (!began) co_await sleep_for(10us);
      co_await wait_and_clean_up();
    };
    run(main());
    return 0;
  });
  CHECK(output == "ready\ncleaned up after SIGINT\n");
}
