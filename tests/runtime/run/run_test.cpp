#include <lariat/runtime/run/run.hpp>

#include "child_process.hpp"
#include "contains.hpp"
#include "coroutine_test.hpp"
#include "runtime/forbid_rings.hpp"

#include <lariat/io/driver/io_uring_unavailable.hpp>
#include <lariat/sched/cancel/cancelled.hpp>
#include <lariat/sched/loop/loop.hpp>
#include <lariat/sched/scope/task_group.hpp>
#include <lariat/sched/scope/uncancellable.hpp>
#include <lariat/sched/task/exception_group.hpp>
#include <lariat/sched/task/local.hpp>
#include <lariat/sched/task/yield.hpp>
#include <lariat/sched/time/timer.hpp>

#include <cerrno>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

task<int> number(int value) {
  co_await sleep_for(1us);
  co_return value;
}
task<std::unique_ptr<int>> boxed(int value) { co_return std::make_unique<int>(value); }
task<int&> itself(int& value) { co_return value; }
task<> mark(bool& flag) {
  co_await yield();
  flag = true;
}

task<> fail(const char* text) {
  co_await yield();
  throw std::runtime_error(text);
}

template <class Error>
task<> throw_it(Error error) {
  co_await yield();
  throw error;
}

// A task that waits for ever, and cleans up by awaits that no cancel may disturb.
task<> wait_and_clean_up(std::vector<std::string>& log) {
  std::string reason;
  try {
    co_await sleep_for(24h);
  } catch (const operation_cancelled& cancelled) {
    reason = cancelled.reason();
  }
  co_await sleep_for(1ms);
  co_await sleep_for(1ms);
  log.push_back("cleaned up after: " + reason);
}

unhandled_action ignore_all(const unhandled_failure&) { return unhandled_action::ignore; }
unhandled_action stop_all(const unhandled_failure&) { return unhandled_action::stop; }

template <class Function>
std::string message_of(Function function) {
  try {
    function();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "nothing thrown";
}

}  // namespace

TEST_CASE("run gives main's value", "[runtime][run]") {
  CHECK(run(number(42)) == 42);
  CHECK(*run(boxed(7)) == 7);
  static_assert(std::is_same_v<decltype(run(boxed(7))), std::unique_ptr<int>>);
}

TEST_CASE("run gives main's reference", "[runtime][run]") {
  int value = 1;
  static_assert(std::is_same_v<decltype(run(itself(value))), int&>);
  run(itself(value)) = 2;
  CHECK(value == 2);
}

TEST_CASE("run runs a main without a value to its end", "[runtime][run]") {
  bool ran = false;
  static_assert(std::is_void_v<decltype(run(mark(ran)))>);
  run(mark(ran));
  CHECK(ran);
}

TEST_CASE("run throws what main throws", "[runtime][run]") {
  CHECK_THROWS_WITH(run(fail("broken")), "broken");
  CHECK_THROWS_AS(run(throw_it(7)), int);
  CHECK_THROWS_AS(run(throw_it(operation_cancelled("enough"))), operation_cancelled);
}

TEST_CASE("run refuses an empty task", "[runtime][run]") {
  CHECK_THROWS_AS(run(task<int>()), std::logic_error);
}

TEST_CASE("run takes a lambda with captures that lives as long as the call", "[runtime][run]") {
  int base = 40;
  auto main = [&base]() -> task<int> {
    base += co_await number(2);
    co_return base;
  };
  CHECK(run(main()) == 42);
}

TEST_CASE("run inside a running loop is refused, and the loop goes on", "[runtime][run]") {
  auto main = []() -> task<std::string> {
    std::string refusal = message_of([] { run(number(1)); });
    const int after = co_await number(3);
    co_return refusal + " / " + std::to_string(after);
  };
  CHECK(run(main()) ==
        "lariat: run() was called from inside a running loop; co_await the task instead / 3");
}

TEST_CASE("a failure that nobody awaited is printed with its spawn site and fails run",
          "[runtime][run]") {
  constexpr int spawn_line = __LINE__ + 3;
  child_process child([] {
    auto main = []() -> task<> {
      spawn({.name = "reader"}, fail, "disk on fire").detach();
      co_await sleep_for(1ms);
    };
    try {
      run(main());
    } catch (const exception_group& group) {
      say("group of %zu: %s\n", group.errors().size(), group.what());
      return 5;
    }
    return 0;
  });
  CHECK(child.status() == 5);
  CHECK(contains(child.output(), " \"reader\" (spawned at "));
  CHECK(contains(child.output(), "run_test.cpp:" + std::to_string(spawn_line) + ")"));
  CHECK(contains(child.output(), "failed and was not awaited: disk on fire"));
  CHECK(contains(child.output(), "group of 1: tasks that nobody awaited failed: 1 failure"));
}

TEST_CASE("a failure that is no std::exception is reported too", "[runtime][run]") {
  child_process child([] {
    auto main = []() -> task<> {
      spawn(throw_it<int>, 7).detach();
      co_await sleep_for(1ms);
    };
    try {
      run(main());
    } catch (const exception_group& group) {
      try {
        std::rethrow_exception(group.errors().front());
      } catch (int value) {
        return value;
      }
    }
    return 0;
  });
  CHECK(child.status() == 7);
  CHECK(contains(child.output(), "an exception that is no std::exception"));
}

TEST_CASE("main's own exception wins over those that nobody awaited", "[runtime][run]") {
  child_process child([] {
    auto main = []() -> task<> {
      spawn(fail, "second").detach();
      co_await sleep_for(1ms);
      throw std::runtime_error("first");
    };
    run(main());
    return 0;
  });
  CHECK(contains(child.output(), "failed and was not awaited: second"));
  CHECK(contains(child.output(), "threw: first\n"));
}

TEST_CASE("a failure in a handle that is dropped unread is reported", "[runtime][run]") {
  child_process child([] {
    auto main = []() -> task<> {
      auto handle = spawn(fail, "unread");
      co_await sleep_for(1ms);
      say("done: %d\n", handle.done());
    };
    run(main());
    return 0;
  });
  CHECK(contains(child.output(), "done: 1\n"));
  CHECK(contains(child.output(), "failed and was not awaited: unread"));
  CHECK(contains(child.output(), "threw: tasks that nobody awaited failed"));
}

TEST_CASE("a failure that was awaited is not reported", "[runtime][run]") {
  child_process child([] {
    auto main = []() -> task<> {
      auto first = spawn(fail, "seen");
      auto second = spawn(fail, "seen as a result");
      try {
        co_await first;
      } catch (const std::runtime_error&) {
      }
      auto ended = co_await as_result(second);
      say("%d\n", ended.has_value());
    };
    run(main());
    return 3;
  });
  CHECK(child.status() == 3);
  CHECK(child.output() == "0\n");
}

TEST_CASE("a failure in a task group is main's, and is not reported beside", "[runtime][run]") {
  child_process child([] {
    auto main = []() -> task<> {
      co_await task_group::with([](task_group& group) -> task<> {
        group.spawn(fail, "grouped").detach();
        co_return;
      });
    };
    run(main());
    return 0;
  });
  CHECK(child.status() == 99);
  CHECK(child.output() == "threw: task_group: 1 failure: grouped\n");
}

TEST_CASE("the hook may ignore a failure", "[runtime][run]") {
  child_process child([] {
    auto main = []() -> task<int> {
      spawn(fail, "whatever").detach();
      co_await sleep_for(1ms);
      co_return 6;
    };
    return run(main(), {.on_unhandled = ignore_all});
  });
  CHECK(child.status() == 6);
  CHECK(child.output().empty());
}

TEST_CASE("the hook is told the task's name, site and error", "[runtime][run]") {
  child_process child([] {
    constexpr auto hook = [](const unhandled_failure& failure) {
      say("%s at line %u\n", std::string(failure.task().name()).c_str(),
          static_cast<unsigned>(failure.task().spawn_site().line()));
      try {
        std::rethrow_exception(failure.error());
      } catch (const std::runtime_error& error) {
        say("says %s\n", error.what());
      }
      return unhandled_action::ignore;
    };
    auto main = []() -> task<> {
      spawn({.name = "worker"}, fail, "oops").detach();
      co_await sleep_for(1ms);
    };
    run(main(), {.on_unhandled = hook});
    return 0;
  });
  CHECK(contains(child.output(), "worker at line "));
  CHECK(contains(child.output(), "says oops\n"));
}

TEST_CASE("the hook may stop the main task", "[runtime][run]") {
  child_process child([] {
    auto main = []() -> task<> {
      spawn(fail, "fatal").detach();
      try {
        co_await sleep_for(24h);
      } catch (const operation_cancelled& cancelled) {
        say("cancelled: %s\n", cancelled.reason().c_str());
      }
    };
    run(main(), {.on_unhandled = stop_all});
    return 0;
  });
  CHECK(contains(child.output(), "cancelled: another task failed\n"));
  CHECK(contains(child.output(), "threw: tasks that nobody awaited failed: 1 failure: fatal\n"));
}

TEST_CASE("at the end the other tasks are cancelled, and their cleanups complete",
          "[runtime][run]") {
  std::vector<std::string> log;
  auto main = [&]() -> task<> {
    spawn(wait_and_clean_up, std::ref(log)).detach();
    spawn(wait_and_clean_up, std::ref(log)).detach();
    co_await sleep_for(1ms);
    log.push_back("main ends");
  };
  run(main());
  CHECK(log == std::vector<std::string>{"main ends",
                                        "cleaned up after: the runtime is shutting down",
                                        "cleaned up after: the runtime is shutting down"});
}

TEST_CASE("the other tasks are cancelled if main throws", "[runtime][run]") {
  std::vector<std::string> log;
  auto main = [&]() -> task<> {
    spawn(wait_and_clean_up, std::ref(log)).detach();
    co_await sleep_for(1ms);
    throw std::runtime_error("early");
  };
  CHECK_THROWS_WITH(run(main()), "early");
  CHECK(log.size() == 1);
}

TEST_CASE("a task that never began when main ended does not begin", "[runtime][run]") {
  bool ran = false;
  auto main = [&]() -> task<> {
    spawn(mark, std::ref(ran)).detach();
    co_return;
  };
  run(main());
  CHECK_FALSE(ran);
}

TEST_CASE("a task spawned while the runtime shuts down is cancelled", "[runtime][run]") {
  bool ran = false;
  bool cancelled = false;
  auto parent = [&]() -> task<> {
    try {
      co_await sleep_for(24h);
    } catch (const operation_cancelled&) {
    }
    auto late = spawn(mark, std::ref(ran));
    auto ended = co_await as_result(late);
    cancelled = ended.cancelled();
  };
  auto main = [&]() -> task<> {
    spawn(parent).detach();
    co_await sleep_for(1ms);
  };
  run(main());
  CHECK_FALSE(ran);
  CHECK(cancelled);
}

TEST_CASE("a task that ends with a cancel pending gives its value", "[runtime][run]") {
  auto main = []() -> task<int> {
    join_handle<int> self;
    auto worker = [&self]() -> task<int> {
      co_await yield();
      self.cancel();  // Kept for the next await, and there is none: a value that arrived wins.
      co_return 11;
    };
    self = spawn(worker);
    co_return co_await self;
  };
  CHECK(run(main()) == 11);
}

TEST_CASE("a main that swallows its cancel gives its value", "[runtime][run]") {
  child_process child([] {
    auto main = []() -> task<int> {
      spawn(fail, "stop").detach();
      try {
        co_await sleep_for(24h);
      } catch (const operation_cancelled&) {
      }
      co_return 4;
    };
    runtime program({.on_unhandled = stop_all});
    return program.block_on(main());
  });
  CHECK(child.status() == 4);
}

TEST_CASE("tasks that outstay the grace are named", "[runtime][run]") {
  child_process child([] {
    auto stubborn = []() -> task<> {
      // Long enough for a report; ended by the report's second cancel.
      for (int cancels = 0; cancels < 2;) {
        try {
          co_await sleep_for(24h);
        } catch (const operation_cancelled&) {
          ++cancels;
        }
      }
    };
    auto main = [&]() -> task<> {
      spawn({.name = "mule"}, stubborn).detach();
      co_await sleep_for(1ms);
    };
    run(main(), {.shutdown_grace_ns = 20'000'000});
    return 2;
  });
  CHECK(child.status() == 2);
  CHECK(contains(child.output(), "lariat: tasks that have not ended 0.02 s after their cancel:\n"));
  CHECK(contains(child.output(), "\"mule\" waits in sleep for "));
  CHECK(contains(child.output(), "run_test.cpp:"));
}

TEST_CASE("run without io_uring throws io_uring_unavailable with the cause and the remedy",
          "[runtime][run]") {
  child_process child([] {
    if (!forbid_rings(EPERM)) return 77;
    try {
      run(number(1));
    } catch (const io::io_uring_unavailable& error) {
      say("%s\n", error.what());
      return error.code().value() == EPERM ? 3 : 4;
    }
    return 5;
  });
  if (child.status() == 77) return;  // A sandbox that allows no filters.
  CHECK(child.status() == 3);
  CHECK(contains(child.output(), "io_uring is not available: a seccomp filter forbids it"));
  CHECK(contains(child.output(), "allow io_uring_setup, io_uring_enter and io_uring_register"));
}

TEST_CASE("the main task runs from its start on", "[runtime][run]") {
  static local<int> number(0);
  auto body = []() -> task<int> {
    const bool runs = loop::current()->running() != nullptr;
    number.set(1);
    co_await yield();
    co_return runs ? *number : -1;
  };
  CHECK(run(body()) == 1);
}

TEST_CASE("a runtime that gets no ring leaves others alone", "[runtime][run]") {
  child_process child([] {
    runtime first;
    if (!forbid_rings(ENOSYS)) return 77;
    try {
      runtime second({.loops = 3});
    } catch (const io::io_uring_unavailable&) {
      return first.block_on(number(6));
    }
    return 5;
  });
  if (child.status() == 77) return;
  CHECK(child.status() == 6);
}
