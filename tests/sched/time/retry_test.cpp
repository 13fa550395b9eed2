#include "primitive_test.hpp"

#include <lariat/sched/time/retry.hpp>

#include <memory>
#include <stdexcept>
#include <system_error>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;
using std::chrono::nanoseconds;

namespace {

// Fails so many times, then gives how often it was called. Notes when.
struct flaky {
  int failures;
  std::vector<nanoseconds>& calls;

  task<int> operator()() {
    calls.push_back(time_here());
    co_await yield();
    if (static_cast<int>(calls.size()) <= failures) throw std::runtime_error("flaky");
    co_return static_cast<int>(calls.size());
  }
};

constexpr retry_options exact{
    .attempts = 6, .first_pause = 10ms, .longest_pause = 50ms, .factor = 2, .jitter = 0};

}  // namespace

LOOP_TEST_CASE("an attempt that succeeds is the last", "[sched][retry]") {
  std::vector<nanoseconds> calls;
  const nanoseconds start = time_here();
  const int value = co_await retry(exact, flaky{0, calls});
  CHECK(value == 1);
  CHECK(calls.size() == 1);
  CHECK(time_here() == start);
}

LOOP_TEST_CASE("pauses grow by the factor, to the longest", "[sched][retry]") {
  std::vector<nanoseconds> calls;
  const int value = co_await retry(exact, flaky{5, calls});
  CHECK(value == 6);
  const nanoseconds pauses[] = {10ms, 20ms, 40ms, 50ms, 50ms};
  for (std::size_t i = 0; i < 5; ++i) {
    const nanoseconds pause = calls[i + 1] - calls[i];
    CHECK(pause >= pauses[i]);
    CHECK(pause < pauses[i] + 10us);
  }
}

LOOP_TEST_CASE("after the last attempt its exception is thrown", "[sched][retry]") {
  std::vector<nanoseconds> calls;
  std::string text;
  try {
    (void)co_await retry({.attempts = 3}, flaky{100, calls});
  } catch (const std::runtime_error& error) {
    text = error.what();
  }
  CHECK(text == "flaky");
  CHECK(calls.size() == 3);
}

LOOP_TEST_CASE("jitter shortens pauses, by no more than its share", "[sched][retry]") {
  std::vector<nanoseconds> calls;
  const retry_options options{
      .attempts = 200, .first_pause = 100ms, .longest_pause = 100ms, .factor = 1, .jitter = 0.5};
  (void)co_await retry(options, flaky{199, calls});
  nanoseconds least = 1h;
  nanoseconds most = 0ns;
  for (std::size_t i = 1; i < calls.size(); ++i) {
    least = std::min(least, calls[i] - calls[i - 1]);
    most = std::max(most, calls[i] - calls[i - 1]);
  }
  CHECK(least >= 50ms);
  CHECK(least < 60ms);  // Among 199 each of these fails once in 10^17 runs.
  CHECK(most <= 100ms + 10us);
  CHECK(most > 90ms);
}

LOOP_TEST_CASE("an error that is not worth it is thrown at once", "[sched][retry]") {
  int calls = 0;
  auto fail = [&]() -> task<> {
    ++calls;
    throw std::system_error(std::make_error_code(std::errc::permission_denied));
    co_return;
  };
  const auto transient = [](const std::exception& error) {
    const auto* system = dynamic_cast<const std::system_error*>(&error);
    return system != nullptr && system->code() == std::errc::timed_out;
  };
  bool thrown = false;
  try {
    co_await retry(exact, std::ref(fail), transient);
  } catch (const std::system_error&) {
    thrown = true;
  }
  CHECK(thrown);
  CHECK(calls == 1);
}

LOOP_TEST_CASE("what is no std::exception is not followed by another attempt", "[sched][retry]") {
  int calls = 0;
  auto fail = [&]() -> task<> {
    ++calls;
    throw 1;
    co_return;
  };
  bool thrown = false;
  try {
    co_await retry(exact, std::ref(fail));
  } catch (int) {
    thrown = true;
  }
  CHECK(thrown);
  CHECK(calls == 1);
}

LOOP_TEST_CASE("a cancel ends the attempt, or the pause", "[sched][retry]") {
  int calls = 0;
  auto slow = [&]() -> task<> {
    ++calls;
    co_await sleep_for(1h);
  };
  auto failing = [&]() -> task<> {
    ++calls;
    throw std::runtime_error("no");
    co_return;
  };
  auto attempt = [&]() -> task<> { co_await retry(exact, std::ref(slow)); };
  auto pause = [&]() -> task<> {
    co_await retry({.attempts = 5, .first_pause = 1h, .longest_pause = 1h}, std::ref(failing));
  };
  join_handle<void> a = spawn(attempt);
  join_handle<void> b = spawn(pause);
  co_await settle();
  a.cancel();
  b.cancel();
  const outcome<void> first = co_await as_result(a);
  const outcome<void> second = co_await as_result(b);
  CHECK(first.cancelled());
  CHECK(second.cancelled());
  CHECK(calls == 2);
}

LOOP_TEST_CASE("options that make no sense are refused", "[sched][retry]") {
  const retry_options bad[] = {{.attempts = 0}, {.first_pause = -1ns}, {.longest_pause = -1ns},
                               {.factor = 0.5}, {.jitter = -0.1},      {.jitter = 1.1}};
  int refused = 0;
  std::vector<nanoseconds> calls;
  for (const retry_options& each : bad) {
    try {
      (void)co_await retry(each, flaky{0, calls});
    } catch (const std::invalid_argument&) {
      ++refused;
    }
  }
  CHECK(refused == 6);
  CHECK(calls.empty());
}

TEST_CASE("pauses without an end do not overflow", "[sched][retry]") {
  detail::backoff pauses({.attempts = 2000,
                          .first_pause = 1h,
                          .longest_pause = nanoseconds::max(),
                          .factor = 1e100,
                          .jitter = 0});
  for (int i = 0; i < 100; ++i) CHECK(pauses.pause() >= 1h);
}

LOOP_TEST_CASE("one attempt, no pause and pauses cut to nothing make sense", "[sched][retry]") {
  std::vector<nanoseconds> calls;
  const int once = co_await retry({.attempts = 1}, flaky{0, calls});
  CHECK(once == 1);
  calls.clear();
  const int twice = co_await retry(
      {.attempts = 2, .first_pause = 0ns, .longest_pause = 0ns, .factor = 1, .jitter = 1},
      flaky{1, calls});
  CHECK(twice == 2);
}
