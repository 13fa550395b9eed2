#include <lariat/runtime/run/run_main.hpp>

#include "child_process.hpp"
#include "contains.hpp"
#include "coroutine_test.hpp"
#include "runtime/forbid_rings.hpp"
#include "runtime/interrupted.hpp"

#include <lariat/io/file/file.hpp>
#include <lariat/sched/cancel/cancelled.hpp>
#include <lariat/sched/scope/task_group.hpp>
#include <lariat/sched/task/exception_group.hpp>
#include <lariat/sched/task/yield.hpp>
#include <lariat/sched/time/timer.hpp>

#include <signal.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

task<> fail(const char* text) {
  co_await yield();
  throw std::runtime_error(text);
}
task<> open(const char* path) { co_await io::file::open(path); }

task<int> count(int argc, char** argv) {
  co_await yield();
  co_return argc == 2 && argv[1] == std::string_view("x") ? 7 : 8;
}

task<> nothing() { co_await yield(); }

unhandled_action ignore_all(const unhandled_failure&) { return unhandled_action::ignore; }
unhandled_action stop_all(const unhandled_failure&) { return unhandled_action::stop; }

// What the test program is called on stderr.
const std::string program = std::string(::program_invocation_short_name) + ": ";

}  // namespace

TEST_CASE("run_main gives main's value, or 0", "[runtime][run_main]") {
  char name[] = "program";
  char argument[] = "x";
  char* arguments[] = {name, argument, nullptr};
  CHECK(run_main(count(2, arguments)) == 7);
  CHECK(run_main(count, 2, arguments) == 7);
  CHECK(run_main({.loops = 2}, count, 1, arguments) == 8);
  CHECK(run_main(count(1, arguments), {.loops = 2}) == 8);
  CHECK(run_main(nothing()) == 0);
  CHECK(run_main(nothing) == 0);
}

TEST_CASE("run_main keeps a lambda and lends it what it is given", "[runtime][run_main]") {
  int number = 0;
  auto owned = std::make_unique<int>(4);
  const int status = run_main(
      [kept = std::string("kept")](int& into, std::unique_ptr<int> from) -> task<int> {
        co_await yield();
        into = *from;
        co_return static_cast<int>(kept.size());
      },
      number, std::move(owned));
  CHECK(status == 4);
  CHECK(number == 4);
}

TEST_CASE("run_main prints what leaves main, and where main awaited last", "[runtime][run_main]") {
  constexpr int line = __LINE__ + 4;
  child_process child([] {
    return run_main([]() -> task<int> {
      co_await yield();
      co_await open("/no/such file");
      co_return 0;
    });
  });
  CHECK(child.status() == 1);
  CHECK(child.output().starts_with(
      program + "open \"/no/such file\": No such file or directory\n  main's last await: "));
  char end[64];  // Not by `+`, of which g++ 12 warns at -O3.
  std::snprintf(end, sizeof end, "run_main_test.cpp:%d\n", line);
  CHECK(child.output().ends_with(end));
}

TEST_CASE("run_main prints what the function throws, and what main throws before any await",
          "[runtime][run_main]") {
  child_process by_function([] {
    return run_main([](const char* text) -> task<> { return fail(std::stoi(text) + text); }, "x");
  });
  CHECK(by_function.status() == 1);
  CHECK(by_function.output() == program + "stoi\n");
  child_process at_once([] {
    return run_main([]() -> task<> {
      throw std::runtime_error("at once");
      co_return;
    });
  });
  CHECK(at_once.status() == 1);
  CHECK(at_once.output() == program + "at once\n");
}

TEST_CASE("run_main says so of what is no std::exception", "[runtime][run_main]") {
  child_process child([] {
    return run_main([]() -> task<> {
      throw 7;
      co_return;
    });
  });
  CHECK(child.status() == 1);
  CHECK(child.output() == program + "an exception that is no std::exception\n");
}

TEST_CASE("run_main prints the causes of nested exceptions", "[runtime][run_main]") {
  child_process child([] {
    return run_main([]() -> task<> {
      try {
        try {
          throw std::runtime_error("no disk");
        } catch (...) {
          std::throw_with_nested(std::runtime_error("no settings"));
        }
      } catch (...) {
        std::throw_with_nested(std::runtime_error("cannot start"));
      }
      co_return;
    });
  });
  CHECK(child.status() == 1);
  CHECK(child.output() == program + "cannot start\n  because: no settings\n    because: no disk\n");
}

TEST_CASE("run_main prints each part of a group", "[runtime][run_main]") {
  child_process child([] {
    return run_main([]() -> task<> {
      const auto first = std::make_exception_ptr(std::runtime_error("first"));
      const auto inner = std::make_exception_ptr(exception_group(
          "inner",
          {std::make_exception_ptr(std::runtime_error("second")), std::make_exception_ptr(3)}));
      std::vector<std::exception_ptr> parts{first, inner};
      throw exception_group("outer", std::move(parts));
      co_return;
    });
  });
  CHECK(child.status() == 1);
  CHECK(child.output() == program +
                              "outer: 2 failures\n"
                              "  - first\n"
                              "  - inner: 2 failures\n"
                              "    - second\n"
                              "    - an exception that is no std::exception\n");
}

TEST_CASE("run_main prints what a task group's child failed by", "[runtime][run_main]") {
  child_process child([] {
    return run_main([]() -> task<> {
      auto body = [](task_group& group) -> task<> {
        group.spawn(fail, "in a child").detach();
        co_return;
      };
      co_await task_group::with(body);
    });
  });
  CHECK(child.status() == 1);
  CHECK(child.output().starts_with(program + "task_group: 1 failure\n  - in a child\n"));
}

TEST_CASE("run_main does not print for ever", "[runtime][run_main]") {
  child_process child([] {
    return run_main([]() -> task<> {
      std::exception_ptr deep = std::make_exception_ptr(std::runtime_error("deepest"));
      for (int i = 0; i < 100; ++i) {
        deep = std::make_exception_ptr(exception_group("group", {deep}));
      }
      std::vector<std::exception_ptr> wide(1000, deep);
      throw exception_group("wide", std::move(wide));
      co_return;
    });
  });
  CHECK(child.status() == 1);
  CHECK(contains(child.output(), "wide: 1000 failures\n"));
  CHECK(child.output().ends_with("\n  - and more\n"));
  CHECK_FALSE(contains(child.output(), "deepest"));
}

TEST_CASE("run_main prints the cause and the remedy where io_uring is not to be had",
          "[runtime][run_main]") {
  child_process child([] {
    if (!forbid_rings(EPERM)) return 77;
    return run_main(nothing());
  });
  if (child.status() == 77) return;  // A sandbox that allows no filters.
  CHECK(child.status() == 1);
  CHECK(child.output().starts_with(program +
                                   "io_uring is not available: a seccomp filter forbids it"));
  CHECK(contains(child.output(), "--security-opt seccomp=PROFILE"));
}

TEST_CASE("run_main ends by SIGINT if that cancelled main", "[runtime][run_main]") {
  const std::string output = interrupted_at({"ready"}, [] {
    return run_main([]() -> task<> {
      say("ready\n");
      co_await sleep_for(24h);
    });
  });
  CHECK(output == "ready\n");
}

TEST_CASE("run_main prints another cancel, with its reason", "[runtime][run_main]") {
  child_process child([] {
    ::unsetenv("LARIAT_DEBUG");
    auto main = []() -> task<> {
      spawn({.name = "reader"}, fail, "disk on fire").detach();
      co_await sleep_for(24h);
    };
    return run_main({.on_unhandled = stop_all}, main);
  });
  CHECK(child.status() == 1);
  CHECK(contains(child.output(), "failed and was not awaited: disk on fire\n"));
  CHECK(contains(child.output(), '\n' + program + "cancelled: another task failed\n"));
}

TEST_CASE("run_main gives 1 for failures that nobody awaited, and prints each once",
          "[runtime][run_main]") {
  for (const int value : {0, 5}) {
    child_process child([value] {
      return run_main(
          [](int status) -> task<int> {
            spawn({.name = "reader"}, fail, "disk on fire").detach();
            co_await sleep_for(1ms);
            co_return status;
          },
          value);
    });
    CHECK(child.status() == (value == 0 ? 1 : value));
    const std::string& output = child.output();
    CHECK(output.find("disk on fire") == output.rfind("disk on fire"));
    CHECK(output.ends_with(program + "tasks that nobody awaited failed: 1 failure\n"));
  }
  child_process ignored([] {
    auto main = []() -> task<> {
      spawn(fail, "ignored").detach();
      co_await sleep_for(1ms);
    };
    return run_main(main(), {.on_unhandled = ignore_all});
  });
  CHECK(ignored.status() == 0);
  CHECK(ignored.output().empty());
}

TEST_CASE("run_main inside a running loop is refused", "[runtime][run_main]") {
  child_process child(
      [] { return run_main([]() -> task<int> { co_return run_main(nothing()); }); });
  CHECK(child.status() == 1);
  CHECK(contains(child.output(), "was called from inside a running loop"));
}

TEST_CASE("run_main of an empty task says so", "[runtime][run_main]") {
  child_process child([] { return run_main(task<>()); });
  CHECK(child.status() == 1);
  CHECK(contains(child.output(), program + "lariat: "));
}
