// What is linked many times is not cancelled by as many nested calls.

#include <lariat/sched/scope/task_group.hpp>
#include <lariat/sched/scope/when_all.hpp>
#include <lariat/sched/sync/event.hpp>
#include <lariat/sched/task/join_handle.hpp>
#include <lariat/sched/time/timeout.hpp>

#include "fake_loop.hpp"
#include "sanitizer.hpp"

#include <chrono>
#include <functional>
#include <utility>

using namespace lariat;

namespace {

// Sanitizers' frames are bigger, and take their time.
constexpr int links = UNDER_SANITIZER ? 50'000 : 200'000;

// What the links are, and how deep the chain is by now.
struct chain {
  event never;
  int depth = 0;
};

// Awaits the next link by what `Around` makes of it.
template <auto Around>
task<> nested(chain& all) {
  if (++all.depth == links) {
    co_await all.never.wait();
  } else {
    co_await Around(nested<Around>(all));
  }
}

task<> alone(task<> next) { return next; }
auto in_when_all(task<> next) { return when_all(std::move(next)); }
auto in_timeout(task<> next) { return timeout(std::chrono::hours(1), std::move(next)); }

task<> groups(chain& all) {
  if (++all.depth == links) {
    co_await all.never.wait();
    co_return;
  }
  auto body = [&all](task_group& group) -> task<> {
    group.spawn(groups, std::ref(all));
    co_return;
  };
  co_await task_group::with(body);
}

task<> joins(chain& all) {
  if (++all.depth == links) {
    co_await all.never.wait();
    co_return;
  }
  auto next = spawn(joins, std::ref(all));
  co_await next;
}

// Cancels a chain that has come to its end, and says whether it ended by that.
task<bool> cancelled_at_its_end(task<> (*first)(chain&)) {
  chain all;
  auto whole = spawn(first, std::ref(all));
  while (all.depth < links) co_await yield();
  whole.cancel();
  bool cancelled = false;
  try {
    co_await whole;
  } catch (const operation_cancelled&) {
    cancelled = true;
  }
  co_return cancelled;
}

}  // namespace

LOOP_TEST_CASE("a long chain of tasks that await each other is cancelled", "[sched][long_chains]") {
  const bool cancelled = co_await cancelled_at_its_end(nested<alone>);
  CHECK(cancelled);
}

LOOP_TEST_CASE("a long chain of when_all in each other is cancelled", "[sched][long_chains]") {
  const bool cancelled = co_await cancelled_at_its_end(nested<in_when_all>);
  CHECK(cancelled);
}

LOOP_TEST_CASE("a long chain of timeouts in each other is cancelled", "[sched][long_chains]") {
  const bool cancelled = co_await cancelled_at_its_end(nested<in_timeout>);
  CHECK(cancelled);
}

LOOP_TEST_CASE("a long chain of groups in each other is cancelled", "[sched][long_chains]") {
  const bool cancelled = co_await cancelled_at_its_end(groups);
  CHECK(cancelled);
}

LOOP_TEST_CASE("a long chain of tasks that join each other is cancelled", "[sched][long_chains]") {
  const bool cancelled = co_await cancelled_at_its_end(joins);
  CHECK(cancelled);
}
