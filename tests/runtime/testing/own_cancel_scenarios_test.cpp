// A cancelled awaiter ends cancelled, or with a value that came first: for every combinator and
// scope, with a cancel at each point. What ends normally has to have run all that it combines.

#include "scenarios.hpp"

#include <lariat/sched/blocking/to_thread.hpp>
#include <lariat/sched/parallel/parallel_for.hpp>
#include <lariat/sched/parallel/parallel_reduce.hpp>
#include <lariat/sched/parallel/parallel_scan.hpp>
#include <lariat/sched/parallel/parallel_sort.hpp>
#include <lariat/sched/pool/fork_join.hpp>
#include <lariat/sched/pool/to_pool.hpp>
#include <lariat/sched/scope/as_completed.hpp>
#include <lariat/sched/scope/exit_scope.hpp>
#include <lariat/sched/scope/for_each_concurrent.hpp>
#include <lariat/sched/scope/select.hpp>
#include <lariat/sched/scope/stop.hpp>
#include <lariat/sched/scope/task_group.hpp>
#include <lariat/sched/scope/uncancellable.hpp>
#include <lariat/sched/scope/wait.hpp>
#include <lariat/sched/scope/when_any.hpp>
#include <lariat/sched/task/exception_group.hpp>
#include <lariat/sched/task/generator.hpp>
#include <lariat/sched/task/spawn.hpp>
#include <lariat/sched/task/yield.hpp>
#include <lariat/sched/time/retry.hpp>
#include <lariat/sched/time/timeout.hpp>
#include <lariat/sched/time/timer.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <utility>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;
using testing::require;
using testing::simulation;

namespace {

std::chrono::nanoseconds moment(simulation& world) {
  return std::chrono::nanoseconds(world.random(100'000));
}

task<> piece(int& done, simulation& world) {
  co_await sleep_for(moment(world));
  co_await yield();
  ++done;
}

task<int> valued(int& done, simulation& world) {
  co_await piece(done, world);
  co_return 7;
}

// How often what was cancelled, or ran out of time, ended by that, and how often by its value.
struct ends {
  int cancelled = 0;
  int whole = 0;
};

// `body(world)` gives whether all that it combines has come to its end.
template <class Body>
task<> cancel_once(simulation& world, Body body, ends& seen) {
  const auto limit = std::chrono::nanoseconds(world.random(800'000));
  const std::optional<bool> whole = co_await try_timeout(limit, body(world));
  require(whole.value_or(true), "it was cut short by its time limit, and gave a value");
  auto handle = spawn(body, std::ref(world));
  co_await sleep_for(limit);
  handle.cancel();
  auto end = co_await as_result(handle);
  if (end.cancelled()) {
    ++seen.cancelled;
    co_return;
  }
  require(end.has_value(), "it failed");
  const bool all = end.value();
  require(all, "it was cut short by a cancel of its task, and gave a value");
  ++seen.whole;
}

// The same as the main task, cancelled at each of its points.
template <class Body>
void comes_back(Body body) {
  testing::sweep_options options = sweep(5);
  options.task_cancels = 0;  // Those have other victims.
  options.faults = false;
  const auto whole = [&](simulation& world) -> task<> {
    const bool all = co_await body(world);
    require(all, "it was cut short by its cancel, and gave a value");
  };
  const testing::sweep_result tried = testing::cancel_everywhere(options, whole);
  CHECK(tried.points > 10);
  ends seen;
  testing::explore(seeds(200),
                   [&](simulation& world) { world.run(cancel_once(world, body, seen)); });
  CHECK(seen.cancelled > 10);
  CHECK(seen.whole > 10);
}

}  // namespace

TEST_CASE("a group whose body has returned brings its cancel back", "[testing][own_cancel]") {
  comes_back([](simulation& world) -> task<bool> {
    int done = 0;
    const auto body = [&](task_group& group) -> task<> {
      for (int i = 0; i < 3; ++i) group.spawn(piece, std::ref(done), std::ref(world)).detach();
      co_return;
    };
    co_await task_group::with(body);
    co_return done == 3;
  });
}

TEST_CASE("a group whose body runs brings its cancel back", "[testing][own_cancel]") {
  comes_back([](simulation& world) -> task<bool> {
    int done = 0;
    const auto parent = [&](task_group& group) -> task<> {
      co_await piece(done, world);
      group.spawn(piece, std::ref(done), std::ref(world)).detach();
    };
    const auto body = [&](task_group& group) -> task<int> {
      group.spawn(parent, std::ref(group)).detach();
      const int value = co_await valued(done, world);
      co_return value;
    };
    const int value = co_await task_group::with(body);
    co_return value == 7 && done == 3;
  });
}

TEST_CASE("a group without children brings its cancel back", "[testing][own_cancel]") {
  comes_back([](simulation& world) -> task<bool> {
    int done = 0;
    const auto body = [&](task_group&) -> task<> { co_await piece(done, world); };
    co_await task_group::with(body);
    co_return done == 1;
  });
}

TEST_CASE("a failure of a group wins over its cancel, which stays", "[testing][own_cancel]") {
  comes_back([](simulation& world) -> task<bool> {
    int done = 0;
    const auto fail = [&]() -> task<> {
      co_await piece(done, world);
      throw std::runtime_error("a child");
    };
    const auto body = [&](task_group& group) -> task<> {
      group.spawn(fail).detach();
      group.spawn(piece, std::ref(done), std::ref(world)).detach();
      co_return;
    };
    bool failed = false;
    try {
      co_await task_group::with(body);
    } catch (const exception_group&) {
      failed = true;
    }
    co_await yield();
    co_return failed;
  });
}

TEST_CASE("groups within groups bring their cancel back", "[testing][own_cancel]") {
  comes_back([](simulation& world) -> task<bool> {
    int done = 0;
    const auto inner = [&](task_group& group) -> task<> {
      group.spawn(piece, std::ref(done), std::ref(world)).detach();
      co_return;
    };
    const auto child = [&]() -> task<> {
      co_await task_group::with(inner);
      ++done;
    };
    const auto outer = [&](task_group& group) -> task<> {
      group.spawn(child).detach();
      co_return;
    };
    co_await task_group::with(outer);
    co_return done == 2;
  });
}

TEST_CASE("when_all brings its cancel back", "[testing][own_cancel]") {
  comes_back([](simulation& world) -> task<bool> {
    int done = 0;
    auto both = co_await when_all(piece(done, world), valued(done, world));
    std::vector<task<int>> more;
    for (int i = 0; i < 2; ++i) more.push_back(valued(done, world));
    const std::vector<int> values = co_await when_all(std::move(more));
    co_return done == 4 && both.second == 7 && values.size() == 2;
  });
}

TEST_CASE("when_all_settled brings its cancel back", "[testing][own_cancel]") {
  comes_back([](simulation& world) -> task<bool> {
    int done = 0;
    auto both = co_await when_all_settled(piece(done, world), valued(done, world));
    co_return both.first.has_value() && both.second.has_value();
  });
  comes_back([](simulation& world) -> task<bool> {
    int done = 0;
    std::vector<task<int>> more;
    for (int i = 0; i < 3; ++i) more.push_back(valued(done, world));
    const auto ended = co_await when_all_settled(std::move(more));
    co_return done == 3 && ended.size() == 3;
  });
}

TEST_CASE("when_any brings its cancel back", "[testing][own_cancel]") {
  comes_back([](simulation& world) -> task<bool> {
    std::array<int, 2> done = {};
    auto first = co_await when_any(piece(done[0], world), valued(done[1], world));
    const bool whole = done[first.index] == 1;
    std::vector<task<int>> more;
    more.push_back(valued(done[0], world));
    auto only = co_await when_any(std::move(more));
    co_return whole&& only.value == 7;
  });
}

TEST_CASE("select brings its cancel back", "[testing][own_cancel]") {
  comes_back([](simulation& world) -> task<bool> {
    int done = 0;
    auto both = co_await select(piece(done, world), valued(done, world));
    const bool whole = both.first.has_value() || both.second.has_value();
    std::vector<task<int>> more;
    for (int i = 0; i < 2; ++i) more.push_back(valued(done, world));
    auto ended = co_await select(std::move(more));
    co_return whole && (ended[0].has_value() || ended[1].has_value());
  });
}

TEST_CASE("timeouts bring their awaiter's cancel back", "[testing][own_cancel]") {
  comes_back([](simulation& world) -> task<bool> {
    int done = 0;
    co_await timeout(1s, piece(done, world));
    const std::optional<int> value = co_await try_timeout(1s, valued(done, world));
    const auto body = [&](deadline& limit) -> task<> {
      limit.extend(1s);
      co_await piece(done, world);
    };
    co_await with_deadline(1s, body);
    co_return done == 3 && value == 7;
  });
}

TEST_CASE("as_completed and wait bring their cancel back", "[testing][own_cancel]") {
  comes_back([](simulation& world) -> task<bool> {
    int done = 0;
    std::array<join_handle<int>, 2> handles;
    // Not cancelled with who waits for them: they refer to nothing of it.
    const auto other = [](simulation& where) -> task<int> {
      co_await sleep_for(moment(where));
      co_return 1;
    };
    for (auto& each : handles) each = spawn(other, std::ref(world));
    {
      auto ended = as_completed(std::span(handles).first(1));
      join_handle<int>* const next = co_await ended.next();
      done += co_await *next;
    }
    const auto rest = co_await wait(std::span(handles).last(1));
    co_return done == 1 && rest.pending.empty();
  });
}

TEST_CASE("for_each_concurrent brings its cancel back", "[testing][own_cancel]") {
  comes_back([](simulation& world) -> task<bool> {
    int done = 0;
    const std::array<int, 5> numbers = {1, 2, 3, 4, 5};
    const auto call = [&](int) -> task<> { co_await piece(done, world); };
    co_await for_each_concurrent(std::span(numbers), 2, call);
    const auto items = [&]() -> async_generator<int> {
      for (int i = 0; i < 4; ++i) {
        co_await sleep_for(moment(world));
        co_yield i;
      }
    };
    co_await for_each_concurrent(items(), 2, call);
    co_return done == 9;
  });
}

TEST_CASE("a generator brings its cancel back", "[testing][own_cancel]") {
  comes_back([](simulation& world) -> task<bool> {
    int sum = 0;
    const auto items = [&]() -> async_generator<int> {
      for (int i = 1; i <= 4; ++i) {
        co_await sleep_for(moment(world));
        co_yield i;
      }
    };
    async_generator<int> numbers = items();
    for (;;) {
      const std::optional<int> next = co_await numbers.next();
      if (!next) break;
      sum += *next;
    }
    co_return sum == 10;
  });
}

TEST_CASE("an exit_scope brings its cancel back, and cleans up", "[testing][own_cancel]") {
  comes_back([](simulation& world) -> task<bool> {
    int done = 0;
    int cleaned = 0;
    const auto body = [&](exit_scope& scope) -> task<int> {
      const auto clean = [&]() -> task<> { co_await piece(cleaned, world); };
      scope.on_exit(clean);
      const int value = co_await valued(done, world);
      co_return value;
    };
    const int value = co_await exit_scope::with(body);
    co_return value == 7 && done == 1 && cleaned == 1;
  });
}

TEST_CASE("with_stop_token, uncancellable and retry bring their cancel back",
          "[testing][own_cancel]") {
  comes_back([](simulation& world) -> task<bool> {
    int done = 0;
    std::stop_source never;
    co_await with_stop_token(never.get_token(), piece(done, world));
    int tries = 0;
    const auto fail_once = [&]() -> task<int> {
      co_await piece(done, world);
      if (++tries == 1) throw std::runtime_error("again");
      co_return 7;
    };
    retry_options options;
    options.first_pause = 50us;
    const int value = co_await retry(options, fail_once);
    co_await uncancellable(piece(done, world));
    co_return value == 7 && done == 4;
  });
}

TEST_CASE("joins bring their cancel back", "[testing][own_cancel]") {
  comes_back([](simulation& world) -> task<bool> {
    int done = 0;
    auto first = spawn(valued, std::ref(done), std::ref(world));
    const int value = co_await first;
    auto second = spawn(piece, std::ref(done), std::ref(world));
    const auto end = co_await as_result(second);
    auto third = spawn(piece, std::ref(done), std::ref(world));
    std::exception_ptr cancelled;
    try {
      co_await shield(third);
    } catch (const operation_cancelled&) {
      cancelled = std::current_exception();
    }
    const bool whole = value == 7 && end.has_value() && (done == 3 || cancelled != nullptr);
    (void)co_await uncancellable(as_result(third));  // It refers to `done`.
    if (cancelled != nullptr) std::rethrow_exception(cancelled);
    co_return whole;
  });
}

TEST_CASE("threads and pools bring their caller's cancel back", "[testing][own_cancel]") {
  comes_back([](simulation& world) -> task<bool> {
    int done = 0;
    const auto count = [&](std::stop_token stop) {
      if (stop.stop_requested()) throw operation_cancelled("stopped");
      return ++done;
    };
    (void)co_await to_thread(count);
    (void)co_await to_pool(count);
    const auto compute = [&]() -> task<int> { co_return co_await valued(done, world); };
    const int value = co_await to_pool(compute);
    const auto leaf = [](int each) -> fork_task<int> { co_return each; };
    const auto fork = [&]() -> fork_task<int> {
      auto both = co_await fork_join(leaf(1), leaf(2));
      co_return both.first + both.second;
    };
    const int sum = co_await to_pool(fork);
    co_return done == 3 && value == 7 && sum == 3;
  });
}

TEST_CASE("parallel algorithms bring their caller's cancel back", "[testing][own_cancel]") {
  comes_back([](simulation& world) -> task<bool> {
    int done = 0;
    std::array<int, 8> numbers = {};
    const auto set = [&](std::size_t i) { numbers[i] = 1; };
    co_await piece(done, world);
    co_await parallel_for(std::size_t{0}, numbers.size(), set, {.grain = 1});
    const int sum = co_await parallel_reduce(numbers, 0, std::plus<>());
    co_await parallel_scan(numbers, numbers.begin(), 0);
    co_await parallel_sort(numbers, std::greater<>());
    co_await piece(done, world);
    co_return done == 2 && sum == 8 && numbers.front() == 8 && numbers.back() == 1;
  });
}
