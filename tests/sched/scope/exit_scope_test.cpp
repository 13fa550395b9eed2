#include "combinator_test.hpp"
#include "fake_loop.hpp"

#include <lariat/sched/scope/exit_scope.hpp>
#include <lariat/sched/task/join_handle.hpp>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

// Adds `text` to `log` when it has run to its end.
auto note(std::string& log, std::string text) {
  return [&log, text = std::move(text)]() -> task<> {
    co_await sleep_for(1s);
    log += text;
  };
}

}  // namespace

LOOP_TEST_CASE("cleanups run after the body, the last one first", "[sched][exit_scope]") {
  std::string log;
  auto body = [&](exit_scope& scope) -> task<int> {
    scope.on_exit(note(log, "first "));
    scope.on_exit(note(log, "second "));
    co_await yield();
    log += "body ";
    co_return 7;
  };
  const int value = co_await exit_scope::with(body);
  CHECK(value == 7);
  CHECK(log == "body second first ");
}

LOOP_TEST_CASE("cleanups run when the body throws", "[sched][exit_scope]") {
  std::string log;
  auto body = [&](exit_scope& scope) -> task<> {
    scope.on_exit(note(log, "cleaned"));
    throw std::runtime_error("body");
    co_return;
  };
  const std::string caught = co_await end_of(exit_scope::with(body));
  CHECK(caught == "body");
  CHECK(log == "cleaned");
}

LOOP_TEST_CASE("cleanups run to their ends when the body is cancelled", "[sched][exit_scope]") {
  std::string log;
  auto running = spawn([&]() -> task<> {
    auto body = [&](exit_scope& scope) -> task<> {
      scope.on_exit(note(log, "cleaned"));
      co_await sleep_for(1h);
    };
    co_await exit_scope::with(body);
  });
  co_await yield();
  running.cancel();
  co_await yield();
  running.cancel();  // Again, during the cleanup.
  const std::string end = co_await end_of(running);
  CHECK(end == "cancelled");
  CHECK(log == "cleaned");
}

LOOP_TEST_CASE("a cleanup that throws keeps no other from running", "[sched][exit_scope]") {
  std::string log;
  auto body = [&](exit_scope& scope) -> task<> {
    scope.on_exit(note(log, "first"));
    scope.on_exit([]() -> task<> {
      throw std::runtime_error("cleanup");
      co_return;
    });
    co_return;
  };
  const std::string caught = co_await end_of(exit_scope::with(body));
  CHECK(caught == "cleanup");
  CHECK(log == "first");
}

LOOP_TEST_CASE("a cleanup may own what only moves, and add another", "[sched][exit_scope]") {
  std::string log;
  auto body = [&](exit_scope& scope) -> task<> {
    scope.on_exit([&, owned = std::make_unique<int>(5)]() -> task<> {
      scope.on_exit(note(log, "added"));
      co_await yield();
      log += std::to_string(*owned);
    });
    co_return;
  };
  co_await exit_scope::with(body);
  CHECK(log == "5added");
}

LOOP_TEST_CASE("release keeps what was done", "[sched][exit_scope]") {
  std::string log;
  auto body = [&](exit_scope& scope) -> task<int&> {
    static int kept = 1;
    scope.on_exit(note(log, "undone"));
    scope.on_exit(note(log, "undone"));
    scope.release();
    co_return kept;
  };
  int& kept = co_await exit_scope::with(body);
  CHECK(kept == 1);
  CHECK(log.empty());
}

LOOP_TEST_CASE("of several exceptions the body's is thrown, else that of the first cleanup",
               "[sched][exit_scope]") {
  int ran = 0;
  auto fail = [&](std::string text) {
    return [&, text]() -> task<> {
      ++ran;
      throw std::runtime_error(text);
      co_return;
    };
  };
  bool body_fails = true;
  auto body = [&](exit_scope& scope) -> task<> {
    scope.on_exit([&]() -> task<> {
      ++ran;
      throw 1;
      co_return;
    });
    scope.on_exit(fail("second to run"));
    scope.on_exit(fail("first to run"));
    if (body_fails) throw std::runtime_error("body");
    co_return;
  };
  std::string caught;
  for (const bool fails : {true, false}) {
    body_fails = fails;
    try {
      co_await exit_scope::with(body);
    } catch (const std::runtime_error& error) {
      caught += error.what() + std::string("; ");
    }
  }
  CHECK(caught == "body; first to run; ");
  CHECK(ran == 6);
}
