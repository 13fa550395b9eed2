// What combinators promise, under every cancel and error, in simulation.

#include "scenarios.hpp"

#include <lariat/io/file/file.hpp>
#include <lariat/io/fs.hpp>
#include <lariat/sched/blocking/to_thread.hpp>
#include <lariat/sched/pool/to_pool.hpp>
#include <lariat/sched/scope/cancellation_source.hpp>
#include <lariat/sched/scope/for_each_concurrent.hpp>
#include <lariat/sched/scope/join_set.hpp>
#include <lariat/sched/scope/select.hpp>
#include <lariat/sched/scope/start_staggered.hpp>
#include <lariat/sched/scope/stop.hpp>
#include <lariat/sched/scope/task_group.hpp>
#include <lariat/sched/scope/uncancellable.hpp>
#include <lariat/sched/scope/when_all.hpp>
#include <lariat/sched/scope/when_any.hpp>
#include <lariat/sched/task/exception_group.hpp>
#include <lariat/sched/task/generator.hpp>
#include <lariat/sched/task/spawn.hpp>
#include <lariat/sched/task/yield.hpp>
#include <lariat/sched/time/remaining.hpp>
#include <lariat/sched/time/timeout.hpp>
#include <lariat/sched/time/timer.hpp>

#include <array>
#include <chrono>
#include <functional>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;
using testing::require;
using testing::simulation;

namespace {

// Counts what lives.
class counted {
 public:
  explicit counted(int& count) noexcept : count_(count) { ++count_; }
  counted(const counted&) = delete;
  counted& operator=(const counted&) = delete;
  ~counted() { --count_; }

 private:
  int& count_;
};

task<int> some_time(int& live, simulation& world) {
  const counted here(live);
  const auto time = std::chrono::nanoseconds(world.random(100'000));
  co_await sleep_for(time);
  const std::string text = co_await io::fs::read_file("/data");
  const auto size = static_cast<int>(text.size());
  const int same = co_await to_thread([](int value) { return value; }, size);
  const int again = co_await to_pool([](int value) { return value; }, same);
  co_await yield();
  co_return again;
}

// Runs a body that makes tasks of `some_time`, everywhere disturbed; none may be left.
template <class Body>
void everywhere(std::uint64_t seed_count, Body body) {
  testing::cancel_everywhere(sweep(seed_count), [&](simulation& world) {
    world.write_file("/data", "seven..");
    int live = 0;
    std::exception_ptr disturbance;
    try {
      world.run(body(live, world));
    } catch (...) {
      disturbance = std::current_exception();
    }
    require(live == 0, "a task lives on");
    if (disturbance != nullptr) std::rethrow_exception(disturbance);
  });
}

}  // namespace

TEST_CASE("when_all may be disturbed anywhere", "[testing][combinator]") {
  everywhere(5, [](int& live, simulation& world) -> task<> {
    auto both = co_await when_all(some_time(live, world), some_time(live, world));
    require(both.first == 7 && both.second == 7, "another value");
    require(live == 0, "it did not wait for its children");
  });
}

TEST_CASE("when_any may be disturbed anywhere", "[testing][combinator]") {
  everywhere(5, [](int& live, simulation& world) -> task<> {
    auto first = co_await when_any(some_time(live, world), some_time(live, world));
    (void)first;
    require(live == 0, "it did not wait for the loser");
  });
}

TEST_CASE("a task group may be disturbed anywhere", "[testing][combinator]") {
  everywhere(5, [](int& live, simulation& world) -> task<> {
    const auto body = [&](task_group& group) -> task<> {
      const auto child = [&]() -> task<> { (void)co_await some_time(live, world); };
      group.spawn(child).detach();
      group.spawn(child).detach();
      (void)co_await some_time(live, world);
    };
    co_await task_group::with(body);
    require(live == 0, "it did not wait for its children");
  });
}

TEST_CASE("a timeout may be disturbed anywhere, and race its body", "[testing][combinator]") {
  everywhere(10, [](int& live, simulation& world) -> task<> {
    const auto limit = std::chrono::nanoseconds(world.random(600'000));
    const auto value = co_await try_timeout(limit, some_time(live, world));
    require(!value.has_value() || *value == 7, "another value");
    require(live == 0, "it did not wait for its body");
    // Deadlines within 16 us of each other may come together; then the outer one wins.
    const auto later = limit + 50us;
    const auto both = co_await try_timeout(later, try_timeout(limit, sleep_for(1s)));
    require(both.has_value() && !both->has_value(),
            "the outer one took the inner one's for its own");
  });
}

TEST_CASE("a joined task may be disturbed anywhere", "[testing][combinator]") {
  everywhere(5, [](int& live, simulation& world) -> task<> {
    auto handle = spawn([&]() -> task<int> {
      const int value = co_await some_time(live, world);
      co_return value;
    });
    const int value = co_await handle;
    require(value == 7, "another value");
  });
}

TEST_CASE("what is uncancellable ends, whatever disturbs it", "[testing][combinator]") {
  everywhere(5, [](int& live, simulation& world) -> task<> {
    bool ended = false;
    const auto body = [&]() -> task<> {
      co_await sleep_for(std::chrono::nanoseconds(world.random(100'000)));
      ended = true;
    };
    std::exception_ptr disturbance;
    try {
      co_await uncancellable(body());
      require(ended, "it was cut short");
      (void)co_await some_time(live, world);
    } catch (...) {
      disturbance = std::current_exception();
    }
    require(ended || disturbance != nullptr, "it was cut short");
    if (disturbance != nullptr) std::rethrow_exception(disturbance);
  });
}

TEST_CASE("select may be disturbed anywhere, and says how each ended", "[testing][combinator]") {
  everywhere(5, [](int& live, simulation& world) -> task<> {
    const auto limit = std::chrono::nanoseconds(world.random(600'000));
    auto [value, late] = co_await select(some_time(live, world), sleep_for(limit));
    require(live == 0, "it did not wait for the loser");
    if (value.has_value()) {
      require(value.value() == 7, "another value");
    } else if (!value.cancelled()) {
      std::rethrow_exception(value.error());
    } else {
      // By the end of the other one, if not by somebody from outside.
      require(late.has_value() || late.cancelled(), "nothing ended it");
    }
  });
}

TEST_CASE("a join_set may be disturbed anywhere, and loses no end", "[testing][combinator]") {
  everywhere(5, [](int& live, simulation& world) -> task<> {
    join_set<int> set(2);
    int added = 0;
    int ends = 0;
    for (int i = 0; i < 3; ++i) {
      co_await set.room();
      set.add(spawn(some_time, std::ref(live), std::ref(world)));
      ++added;
    }
    for (;;) {
      std::optional<outcome<int>> next = co_await set.next();
      if (!next) break;
      ++ends;
      if (next->has_value()) {
        require(next->value() == 7, "another value");
      } else if (!next->cancelled()) {
        std::rethrow_exception(next->error());
      }
    }
    require(added == ends, "an end was lost");
  });
}

TEST_CASE("what a token stops ends, whatever else disturbs it", "[testing][combinator]") {
  everywhere(5, [](int& live, simulation& world) -> task<> {
    std::stop_source source;
    const auto stop_later = [&]() -> task<> {
      co_await sleep_for(std::chrono::nanoseconds(world.random(600'000)));
      source.request_stop();
    };
    const auto stoppable = [&]() -> task<> {
      const int value = co_await with_stop_token(source.get_token(), some_time(live, world));
      require(value == 7, "another value");
    };
    co_await when_all_settled(stop_later(), stoppable());
    require(live == 0, "it did not wait for its body");
  });
}

TEST_CASE("what a tree of cancellation sources stops ends, whatever else disturbs it",
          "[testing][combinator]") {
  everywhere(5, [](int& live, simulation& world) -> task<> {
    cancellation_source server;
    cancellation_source request = cancellation_source::any(server.token());
    request.cancel_after(std::chrono::nanoseconds(world.random(1'000'000)));
    const auto stop_later = [&]() -> task<> {
      co_await sleep_for(std::chrono::nanoseconds(world.random(1'000'000)));
      server.cancel("closing");
    };
    const auto stoppable = [&]() -> task<> {
      const int value = co_await with_stop_token(request.token(), some_time(live, world));
      require(value == 7, "another value");
    };
    const auto watch = [&]() -> task<> {
      auto [value, stopped] = co_await select(some_time(live, world), request.token());
      if (stopped.has_value()) {
        const std::string reason = request.token().reason();
        require(stopped.value() == reason, "another reason");
        require(reason == "closing" || reason == "the time was up", "an unknown reason");
      } else if (value.has_value()) {
        require(value.value() == 7, "another value");
      }
    };
    co_await when_all_settled(stop_later(), stoppable(), watch());
    require(live == 0, "it did not wait for its body");
  });
}

TEST_CASE("staggered attempts may be disturbed anywhere", "[testing][combinator]") {
  everywhere(5, [](int& live, simulation& world) -> task<> {
    const auto fails = [&]() -> task<int> {
      const int value = co_await some_time(live, world);
      throw std::runtime_error(std::to_string(value));
    };
    const auto delay = std::chrono::nanoseconds(world.random(400'000));
    auto first =
        co_await start_staggered(delay, fails(), some_time(live, world), some_time(live, world));
    require(first.index != 0 && first.value == 7, "another value");
    require(live == 0, "it did not wait for the others");
  });
}

TEST_CASE("what remains never grows, and is over when the time is", "[testing][combinator]") {
  everywhere(5, [](int& live, simulation& world) -> task<> {
    const auto limit = std::chrono::nanoseconds(world.random(600'000));
    auto left = limit;
    const auto body = [&]() -> task<int> {
      for (int i = 0; i < 2; ++i) {
        const auto now = remaining();
        require(now <= left, "it has grown");
        left = now;
        (void)co_await some_time(live, world);
      }
      co_return 7;
    };
    const std::optional<int> ended = co_await try_timeout(limit, body());
    require(live == 0, "it did not wait for its body");
    require(remaining() == std::chrono::nanoseconds::max(), "a deadline is left");
    require(!ended || *ended == 7, "another value");
  });
}

TEST_CASE("a generator may be disturbed anywhere, alone and with concurrent readers",
          "[testing][combinator]") {
  everywhere(5, [](int& live, simulation& world) -> task<> {
    const auto count_to_four = [&]() -> async_generator<int> {
      const counted here(live);
      for (int i = 1; i <= 4; ++i) {
        co_await sleep_for(std::chrono::nanoseconds(world.random(100'000)));
        co_yield i;
      }
    };
    int sum = 0;
    {
      async_generator<int> numbers = count_to_four();
      for (;;) {
        const std::optional<int> next = co_await numbers.next();
        if (!next) break;
        sum += *next;
      }
    }
    require(sum == 10, "an element was lost, or came twice");
    const auto add = [&](int number) -> task<> {
      const int seven = co_await some_time(live, world);
      sum += number * seven;
    };
    co_await for_each_concurrent(count_to_four(), 2, add);
    require(sum == 80, "an element was lost, or came twice");
  });
}

TEST_CASE("an interval loses no tick, whatever disturbs it", "[testing][combinator]") {
  everywhere(5, [](int&, simulation& world) -> task<> {
    interval ticks(1ms);
    const steady_time first = co_await ticks.tick();
    for (int i = 1; i <= 5; ++i) {
      const auto patience = std::chrono::nanoseconds(world.random(1'500'000));
      auto tick = co_await try_timeout(patience, ticks.tick());
      while (!tick.has_value()) tick = co_await try_timeout(patience + 2ms, ticks.tick());
      require(*tick == first + i * 1ms, "a tick was lost");
    }
  });
}

TEST_CASE("a function that looks at its token is stopped by a cancel", "[testing][combinator]") {
  int stopped = 0;
  int ended = 0;
  testing::explore(seeds(300), [&](simulation& world) -> task<> {
    const auto work = [&](std::stop_token stop) {
      if (stop.stop_requested()) {
        ++stopped;
        throw operation_cancelled("stopped");
      }
      ++ended;
    };
    const auto call = [&]() -> task<> { co_await to_thread(std::cref(work)); };
    const auto limit = std::chrono::nanoseconds(world.random(30'000));
    (void)co_await try_timeout(limit, call());
  });
  CHECK(stopped > 5);
  CHECK(ended > 5);
}
