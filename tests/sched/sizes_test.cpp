// What a user may give as a size, a count or a time: nothing goes wrong by it being as large, as
// small or as senseless as its type allows.

#include "child_process.hpp"
#include "fake_loop.hpp"

#include <lariat/sched/channel/broadcast.hpp>
#include <lariat/sched/channel/lifo_queue.hpp>
#include <lariat/sched/channel/priority_queue.hpp>
#include <lariat/sched/channel/queue.hpp>
#include <lariat/sched/scope/for_each_concurrent.hpp>
#include <lariat/sched/scope/wait.hpp>
#include <lariat/sched/sync/barrier.hpp>
#include <lariat/sched/sync/latch.hpp>
#include <lariat/sched/sync/semaphore.hpp>
#include <lariat/sched/task/generator.hpp>
#include <lariat/sched/task/join_handle.hpp>
#include <lariat/sched/time/retry.hpp>
#include <lariat/sched/time/timeout.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <limits>
#include <ranges>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t endless = std::numeric_limits<std::size_t>::max();
using seconds_f = std::chrono::duration<double>;
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

template <class Function>
std::string error_of(Function function) {
  try {
    function();
  } catch (const std::exception& error) {
    return error.what();
  }
  return {};
}

bool says(const std::string& text, const char* part) { return text.find(part) != text.npos; }

template <class Queue>
void check_queue() {
  Queue items(endless);
  for (int i = 0; i < 1000; ++i) CHECK(items.try_put(i));
  CHECK(items.size() == 1000);
}

}  // namespace

LOOP_TEST_CASE("queues may have any limit", "[sched][sizes]") {
  check_queue<queue<int>>();
  check_queue<lifo_queue<int>>();
  check_queue<priority_queue<int>>();
  co_return;
}

LOOP_TEST_CASE("semaphores, latches and barriers may count as far as there are numbers",
               "[sched][sizes]") {
  semaphore permits(endless);
  {
    const semaphore::permit all = co_await permits.acquire(endless);
    CHECK(permits.available() == 0);
  }
  CHECK(permits.available() == endless);
  CHECK_THROWS_AS(permits.release(1), std::logic_error);

  latch done(endless);
  done.count_down(endless - 1);
  CHECK_THROWS_AS(done.count_down(2), std::logic_error);
  done.count_down();
  CHECK(done.try_wait());

  barrier all_there(endless);
  CHECK(all_there.parties() == endless);
  bool timed_out = false;
  try {
    (void)co_await timeout(1us, all_there.arrive_and_wait());
  } catch (const timeout_error&) {
    timed_out = true;
  }
  CHECK(timed_out);
  CHECK(all_there.waiting() == 0);
}

TEST_CASE("what cannot be counted from another thread ends the program by a sentence",
          "[sched][sizes][threads]") {
  child_process child([] {
    // The thread that makes it runs no loop: this is another one's request.
    semaphore permits(0);
    permits.release(endless / 2);
    return 0;
  });
  CHECK(says(child.output(), "so much cannot be counted at once"));
}

LOOP_TEST_CASE("a broadcast may keep any number, and takes memory as they come", "[sched][sizes]") {
  broadcast<int> news(endless);
  auto reader = news.subscribe();
  for (int i = 0; i < 1000; ++i) news.send(i);
  for (int i = 0; i < 1000; ++i) {
    const broadcast_item<int> item = co_await reader.next();
    CHECK(item.value == i);
  }
  broadcast<int> two(2);
  auto slow = two.subscribe();
  for (int i = 0; i < 5; ++i) two.send(i);
  const broadcast_item<int> missed = co_await slow.next();
  CHECK(missed.lagged == 3);
  const broadcast_item<int> kept = co_await slow.next();
  CHECK(kept.value == 3);
}

namespace {

async_generator<int> three() {
  for (int i = 0; i < 3; ++i) co_yield i;
}

task<> add(int& sum, int value) {
  sum += value;
  co_return;
}

}  // namespace

LOOP_TEST_CASE("for_each_concurrent takes any limit where the length is known", "[sched][sizes]") {
  int sum = 0;
  const auto use = [&](int value) { return add(sum, value); };
  co_await for_each_concurrent(std::views::iota(0, 4), endless, use);
  CHECK(sum == 6);
  co_await for_each_concurrent(three(), 1000, use);
  CHECK(sum == 9);
  std::string error;
  try {
    co_await for_each_concurrent(three(), endless, use);
  } catch (const std::length_error& refusal) {
    error = refusal.what();
  }
  CHECK(says(error, "for_each_concurrent: a limit of more than 1000000"));
  std::istringstream words("1 2");
  std::string of_stream;
  try {
    co_await for_each_concurrent(std::views::istream<int>(words), endless, use);
  } catch (const std::length_error& refusal) {
    of_stream = refusal.what();
  }
  CHECK(of_stream == error);
}

TEST_CASE("retry takes numbers that are numbers", "[sched][sizes]") {
  const auto refused = [](retry_options options) {
    return says(error_of([&] { detail::backoff pauses(options); }), "retry: it needs");
  };
  CHECK(refused({.attempts = 0}));
  CHECK(refused({.attempts = std::numeric_limits<int>::min()}));
  CHECK(refused({.first_pause = -1ns}));
  CHECK(refused({.longest_pause = std::chrono::nanoseconds::min()}));
  CHECK(refused({.factor = infinity}));
  CHECK(refused({.factor = not_a_number}));
  CHECK(refused({.jitter = not_a_number}));
  detail::backoff longest({.attempts = std::numeric_limits<int>::max(),
                           .first_pause = std::chrono::nanoseconds::max(),
                           .longest_pause = std::chrono::nanoseconds::max(),
                           .factor = std::numeric_limits<double>::max()});
  for (int i = 0; i < 3; ++i) CHECK(longest.pause() > 0ns);
}

LOOP_TEST_CASE("times saturate: negative ones and NaN are zero", "[sched][sizes]") {
  const auto before = time_here();
  co_await sleep_for(std::chrono::hours::min());
  co_await sleep_for(seconds_f(-infinity));
  co_await sleep_for(seconds_f(not_a_number));
  co_await sleep_until(steady_time::min());
  CHECK(time_here() == before);
  CHECK(detail::saturating_ns(seconds_f(infinity)) == no_deadline);
  CHECK(detail::saturating_ns(std::chrono::hours::max()) == no_deadline);
  CHECK(detail::saturating_ns(std::chrono::duration<unsigned long long, std::nano>::max()) ==
        no_deadline);
  const auto in_time = co_await try_timeout(std::chrono::hours::max(), yield());
  CHECK(in_time.has_value());
  const auto late = co_await try_timeout(seconds_f(not_a_number), sleep_for(1h));
  CHECK_FALSE(late.has_value());
  const auto at_the_end = co_await try_timeout(1us, sleep_until(steady_time::max()));
  CHECK_FALSE(at_the_end.has_value());
  auto extending = [](deadline& until) -> task<> {
    until.extend(std::chrono::hours::max());
    until.extend(seconds_f(not_a_number));
    CHECK(until.when() == steady_time(std::chrono::nanoseconds(no_deadline)));
    until.extend(std::chrono::hours::min());
    CHECK(until.when() == steady_time(0ns));
    co_return;
  };
  co_await with_deadline(1s, extending);
  std::array handles{spawn([]() -> task<> { co_return; })};
  const auto none = co_await wait(std::span<join_handle<void>>(handles), wait_until::all_completed,
                                  std::chrono::nanoseconds::min());
  CHECK(none.done.size() + none.pending.size() == 1);
  co_await handles[0];
}

LOOP_TEST_CASE("an interval needs a period", "[sched][sizes]") {
  CHECK_THROWS_AS(interval(0ns), std::invalid_argument);
  CHECK_THROWS_AS(interval(std::chrono::hours::min()), std::invalid_argument);
  CHECK_THROWS_AS(interval(seconds_f(not_a_number)), std::invalid_argument);
  for (const auto missed : {missed_ticks::burst, missed_ticks::delay, missed_ticks::skip}) {
    interval never(std::chrono::hours::max(), missed);
    (void)co_await never.tick();  // The first one comes at once.
    const auto second = co_await try_timeout(1us, never.tick());
    CHECK_FALSE(second.has_value());
    never.reset();
  }
}

TEST_CASE("a loop's turn has a step, and spins as long as there is time", "[sched][sizes]") {
  fake_driver driver;
  CHECK(says(error_of([&] { const loop none(driver, {.steps = 0}); }), "a turn that runs no step"));
  loop_limits longest;
  longest.steps = std::numeric_limits<std::uint32_t>::max();
  longest.turn_ns = no_deadline;
  longest.spin_ns = no_deadline;
  longest.handoff_spin_ns = no_deadline;
  loop patient(driver, longest);
  run_on(patient, []() -> task<> {
    for (int i = 0; i < 100; ++i) co_await yield();
  });
}
