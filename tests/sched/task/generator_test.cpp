#include "fake_loop.hpp"
#include "foreign_task.hpp"

#include <lariat/sched/task/generator.hpp>
#include <lariat/sched/task/join_handle.hpp>
#include <lariat/sched/time/timer.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

async_generator<int> count(int from, int to) {
  for (int i = from; i < to; ++i) {
    if (i % 2 == 0) co_await yield();
    co_yield i;
  }
}
async_generator<int> failing() {
  co_yield 1;
  co_await yield();
  throw std::runtime_error("in between");
}
async_generator<std::unique_ptr<int>> owned() {
  co_yield std::make_unique<int>(1);
  auto named = std::make_unique<int>(2);
  co_yield std::move(named);
}
async_generator<int> sleeping() {
  co_yield 1;
  co_await sleep_for(1h);
  co_yield 2;
}
async_generator<int> holding(std::shared_ptr<int> value) {
  for (;;) co_yield *value;
}
async_generator<int> doubled(async_generator<int> source) {
  for (;;) {
    std::optional<int> value = co_await source.next();
    if (!value) co_return;
    co_yield 2 * *value;
  }
}

task<std::vector<int>> collect(async_generator<int> source) {
  std::vector<int> values;
  for (;;) {
    std::optional<int> value = co_await source.next();
    if (!value) co_return values;
    values.push_back(*value);
  }
}

}  // namespace

LOOP_TEST_CASE("a generator gives its values, then nothing, as often as it is asked",
               "[sched][generator]") {
  async_generator<int> numbers = count(0, 3);
  for (int i = 0; i < 3; ++i) {
    std::optional<int> value = co_await numbers.next();
    CHECK(value == i);
  }
  for (int i = 0; i < 3; ++i) {
    std::optional<int> value = co_await numbers.next();
    CHECK_FALSE(value.has_value());
  }
}

LOOP_TEST_CASE("an empty generator gives nothing", "[sched][generator]") {
  const std::vector<int> none = co_await collect(count(0, 0));
  CHECK(none.empty());
}

LOOP_TEST_CASE("generators compose", "[sched][generator]") {
  const std::vector<int> values = co_await collect(doubled(doubled(count(1, 4))));
  CHECK(values == std::vector{4, 8, 12});
}

LOOP_TEST_CASE("a generator gives what can only be moved", "[sched][generator]") {
  async_generator<std::unique_ptr<int>> source = owned();
  std::optional<std::unique_ptr<int>> one = co_await source.next();
  std::optional<std::unique_ptr<int>> two = co_await source.next();
  CHECK(**one == 1);
  CHECK(**two == 2);
}

LOOP_TEST_CASE("next throws what the body threw, and the sequence has ended",
               "[sched][generator]") {
  async_generator<int> source = failing();
  std::optional<int> value = co_await source.next();
  CHECK(value == 1);
  std::string error;
  try {
    value = co_await source.next();
  } catch (const std::runtime_error& failure) {
    error = failure.what();
  }
  CHECK(error == "in between");
  value = co_await source.next();
  CHECK_FALSE(value.has_value());
}

LOOP_TEST_CASE("dropping a generator between two values destroys its locals",
               "[sched][generator]") {
  auto value = std::make_shared<int>(7);
  {
    async_generator<int> source = holding(value);
    std::optional<int> first = co_await source.next();
    CHECK(first == 7);
    async_generator<int> moved = std::move(source);
    std::optional<int> second = co_await moved.next();
    CHECK(second == 7);
    std::optional<int> nothing = co_await source.next();
    CHECK_FALSE(nothing.has_value());
  }
  CHECK(value.use_count() == 1);
  { async_generator<int> unused = holding(value); }
  CHECK(value.use_count() == 1);
}

LOOP_TEST_CASE("a cancel ends an await in the generator, and the sequence",
               "[sched][generator][cancel]") {
  std::string reason;
  bool ended = false;
  join_handle<void> handle = spawn([&]() -> task<> {
    async_generator<int> source = sleeping();
    std::optional<int> value = co_await source.next();
    try {
      value = co_await source.next();
    } catch (const operation_cancelled& cancelled) {
      reason = cancelled.reason();
    }
    value = co_await source.next();
    ended = !value.has_value();
  });
  co_await yield();
  handle.cancel("enough");
  co_await handle;
  CHECK(reason == "enough");
  CHECK(ended);
}

LOOP_TEST_CASE("a million values do not grow the stack", "[sched][generator][stack]") {
  async_generator<int> source = holding(std::make_shared<int>(1));
  long sum = 0;
  for (int i = 0; i < 1'000'000; ++i) {
    std::optional<int> value = co_await source.next();
    sum += *value;
  }
  CHECK(sum == 1'000'000);
}

namespace {

foreign_task<int> sum_of(async_generator<int> source) {
  int sum = 0;
  for (;;) {
    std::optional<int> value = co_await source.next();
    if (!value) co_return sum;
    sum += *value;
  }
}

}  // namespace

LOOP_TEST_CASE("a foreign coroutine consumes a generator", "[sched][generator][foreign]") {
  const int sum = co_await sum_of(count(0, 5));
  CHECK(sum == 10);
}
