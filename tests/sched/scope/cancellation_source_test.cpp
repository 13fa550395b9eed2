#include "child_process.hpp"
#include "combinator_test.hpp"
#include "fake_loop.hpp"
#include "thread_test.hpp"

#include <lariat/sched/blocking/to_thread.hpp>
#include <lariat/sched/scope/cancellation_source.hpp>
#include <lariat/sched/scope/select.hpp>
#include <lariat/sched/task/join_handle.hpp>
#include <lariat/sched/task/yield.hpp>
#include <lariat/sched/time/timer.hpp>

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;
using std::chrono::nanoseconds;

namespace {

task<std::string> reason_of(cancellation_token token) { co_return co_await token; }

}  // namespace

TEST_CASE("a source tells its tokens once, and why", "[sched][cancellation_source]") {
  cancellation_source source;
  const cancellation_token token = source.token();
  CHECK_FALSE(source.cancelled());
  CHECK_FALSE(token.cancelled());
  CHECK(token.reason().empty());
  CHECK_NOTHROW(token.throw_if_cancelled());
  const stop_token plain = token;
  CHECK(plain.stop_possible());
  std::string seen;
  const auto look = [&] { seen = token.reason(); };
  stop_callback<decltype(look)> callback(token, look);

  CHECK(source.cancel("enough"));
  CHECK(seen == "enough");  // It was known when the callback ran.
  CHECK_FALSE(source.cancel("again"));
  CHECK(source.cancelled());
  CHECK(token.cancelled());
  CHECK(token.reason() == "enough");
  CHECK(plain.stop_requested());
  std::string thrown;
  try {
    token.throw_if_cancelled();
  } catch (const operation_cancelled& cancel) {
    thrown = cancel.reason();
  }
  CHECK(thrown == "enough");
}

TEST_CASE("a token without a source is never cancelled", "[sched][cancellation_source]") {
  const cancellation_token none;
  CHECK_FALSE(none.cancelled());
  CHECK(none.reason().empty());
  CHECK(none == cancellation_token());
  const stop_token plain = none;
  CHECK_FALSE(plain.stop_possible());
  cancellation_source child = none.child();
  CHECK_FALSE(child.cancelled());
  cancellation_token orphan;
  {
    const cancellation_source gone;
    orphan = gone.token();
    CHECK(orphan == gone.token());
    CHECK_FALSE(orphan == none);
  }
  CHECK_FALSE(orphan.cancelled());
}

TEST_CASE("a child is cancelled with its source, and not the other way round",
          "[sched][cancellation_source]") {
  cancellation_source root;
  cancellation_source child = root.child();
  cancellation_source other = root.token().child();
  cancellation_source grandchild = child.child();
  CHECK(child.cancel("child"));
  CHECK(grandchild.token().reason() == "child");
  CHECK_FALSE(root.cancelled());
  CHECK_FALSE(other.cancelled());
  CHECK(root.cancel("root"));
  CHECK(other.token().reason() == "root");
  CHECK(child.token().reason() == "child");  // The first counts.
  cancellation_source late = root.child();
  CHECK(late.token().reason() == "root");

  std::optional<cancellation_source> short_lived(std::in_place);
  cancellation_source survivor = short_lived->child();
  short_lived.reset();
  CHECK_FALSE(survivor.cancelled());
  CHECK(survivor.cancel());
}

TEST_CASE("a source of several tokens is cancelled with the first",
          "[sched][cancellation_source]") {
  for (int first = 0; first < 3; ++first) {
    cancellation_source a;
    cancellation_source b;
    stop_source plain;
    cancellation_source both = cancellation_source::any(a.token(), b.token(), plain.get_token());
    CHECK_FALSE(both.cancelled());
    if (first == 0) a.cancel("a");
    if (first == 1) b.cancel("b");
    if (first == 2) plain.request_stop();
    CHECK(both.cancelled());
    CHECK(both.token().reason() == (first == 0 ? "a" : first == 1 ? "b" : ""));
    a.cancel("late");
    CHECK(both.token().reason() != "late");
  }
}

TEST_CASE("a callback may destroy all that it can reach", "[sched][cancellation_source]") {
  auto source = std::make_unique<cancellation_source>();
  auto child = std::make_unique<cancellation_source>(source->child());
  const auto destroy = [&] {
    child.reset();
    source.reset();
  };
  stop_callback<decltype(destroy)> callback(child->token(), destroy);
  source->cancel("bye");
  CHECK(source == nullptr);
  CHECK(child == nullptr);
}

LOOP_TEST_CASE("a token is awaited, and gives the reason", "[sched][cancellation_source]") {
  cancellation_source source;
  auto waiting = spawn(reason_of, source.token());
  auto also = spawn(reason_of, source.child().token());
  co_await sleep_for(1ms);
  CHECK_FALSE(waiting.done());
  source.cancel("enough");
  const std::string reason = co_await waiting;
  CHECK(reason == "enough");
  const std::string through = co_await also;  // Though the source between is gone.
  CHECK(through == "enough");
  const std::string before = co_await source.token();
  CHECK(before == "enough");
}

LOOP_TEST_CASE("a cancel before, during and after the wait for a token",
               "[sched][cancellation_source][cancel]") {
  cancellation_source source;
  auto before = spawn(reason_of, source.token());
  before.cancel("before");
  std::string end = co_await end_of(std::move(before));
  CHECK(end == "cancelled before");

  auto during = spawn(reason_of, source.token());
  co_await sleep_for(1us);
  during.cancel("during");
  during.cancel("twice");
  end = co_await end_of(std::move(during));
  CHECK(end == "cancelled twice");

  // The token comes first, so the wait gives its reason.
  auto after = spawn(reason_of, source.token());
  co_await sleep_for(1us);
  source.cancel("enough");
  after.cancel("late");
  const std::string reason = co_await after;
  CHECK(reason == "enough");
}

LOOP_TEST_CASE("a token stands in a select, and stops what takes a token",
               "[sched][cancellation_source]") {
  cancellation_source source;
  const cancellation_token stop = source.token();
  {
    auto [slept, stopped] = co_await select(sleep_for(1us), stop);
    CHECK(slept.has_value());
    CHECK(stopped.cancelled());
  }
  auto stopping = [&]() -> task<> {
    co_await sleep_for(1ms);
    source.cancel("closing time");
  };
  auto handle = spawn(stopping);
  {
    auto [slept, stopped] = co_await select(sleep_for(1h), stop);
    CHECK(slept.cancelled());
    CHECK(stopped.value() == "closing time");
  }
  co_await handle;
  const std::string end = co_await end_of(with_stop_token(stop, after(1h, 1)));
  CHECK(end == "cancelled closing time");
  cancellation_source silent;
  silent.cancel();
  const std::string plain = co_await end_of(with_stop_token(silent.token(), after(1h, 1)));
  CHECK(plain == "cancelled stop was requested");
}

LOOP_TEST_CASE("a source is cancelled when its time is up", "[sched][cancellation_source]") {
  cancellation_source source = cancellation_source::after(2ms);
  cancellation_source child = source.child();
  const nanoseconds begin = time_here();
  const std::string reason = co_await child.token();
  CHECK(reason == "the time was up");
  CHECK(time_here() - begin >= 2ms);
  CHECK(loop::current()->timers().size() == 0);

  cancellation_source moved = cancellation_source::after(1ms, "first");
  moved.cancel_after(5ms, "second");  // Instead.
  co_await sleep_for(2ms);
  CHECK_FALSE(moved.cancelled());
  const std::string second = co_await moved.token();
  CHECK(second == "second");
  moved.cancel_after(1ms);  // Too late to count.
  co_await sleep_for(2ms);
  CHECK(moved.token().reason() == "second");
  {
    cancellation_source unused = cancellation_source::after(1h);
    cancellation_source taken = std::move(unused);
    unused = std::move(taken);
    CHECK(loop::current()->timers().size() == 1);
  }
  CHECK(loop::current()->timers().size() == 0);  // It takes its timer along.

  cancellation_source early = cancellation_source::after(1h);
  early.cancel("by hand");
  CHECK(early.token().reason() == "by hand");
}

LOOP_TEST_CASE("a source may go, or be set anew, in the turn of its time limit",
               "[sched][cancellation_source]") {
  // Both timers are due in one turn, and their steps are queued one behind the other.
  for (const bool gone : {true, false}) {
    auto source = std::make_unique<cancellation_source>();
    const cancellation_token token = source->token();
    auto first = [&]() -> task<> {
      co_await sleep_for(1ms);
      if (gone) {
        source.reset();
      } else {
        source->cancel_after(1ms, "anew");
      }
    };
    auto handle = spawn(first);
    co_await yield();
    source->cancel_after(1ms, "old");
    co_await handle;
    co_await sleep_for(3ms);
    CHECK(token.reason() == (gone ? "" : "anew"));
  }
}

TEST_CASE("a time limit needs a loop", "[sched][cancellation_source]") {
  CHECK_THROWS_AS(cancellation_source::after(1ms), std::logic_error);
}

TEST_CASE("a source with a time limit that another thread destroys ends the program",
          "[sched][cancellation_source]") {
  if (!children_may_have_threads) return;
  child_process child([] {
    run_on_fake_loop([]() -> task<> {
      auto source = std::make_unique<cancellation_source>(cancellation_source::after(1h));
      std::thread([&] { source.reset(); }).join();
      co_return;
    });
    return 0;
  });
  CHECK(child.status() == child_process::killed_by(SIGABRT));
  CHECK(child.output().find("on another thread than its loop's") != std::string::npos);
}

THREAD_TEST_CASE("any thread cancels a source, and its tasks go on where they were",
                 "[sched][cancellation_source]") {
  for (int round = 0; round < 200; ++round) {
    cancellation_source source;
    std::vector<join_handle<std::string>> waiting;
    for (int i = 0; i < 4; ++i) waiting.push_back(spawn(reason_of, source.child().token()));
    cancellation_source child = source.child();
    auto with_child = spawn(reason_of, child.token());
    auto cancelled = spawn(reason_of, source.token());
    co_await yield();
    std::thread canceller([&] { source.cancel("from afar"); });
    cancelled.cancel("here");  // Races.
    const std::string end = co_await end_of(std::move(cancelled));
    const bool known = end == "value" || end == "cancelled here";
    CHECK(known);
    const std::string reason = co_await with_child;
    CHECK(reason == "from afar");
    canceller.join();
    for (auto& each : waiting) {
      const std::string followed = co_await each;
      CHECK(followed == "from afar");
    }
  }
  cancellation_source source;
  auto stopping = [token = source.token()] {
    while (!token.cancelled()) std::this_thread::yield();
    return token.reason();
  };
  auto on_thread = [&]() -> task<std::string> { co_return co_await to_thread(stopping); };
  auto handle = spawn(on_thread);
  co_await yield();
  source.cancel("stop");
  const std::string seen = co_await handle;
  CHECK(seen == "stop");
}
