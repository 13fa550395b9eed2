#include "combinator_test.hpp"
#include "fake_loop.hpp"

#include <lariat/sched/scope/select.hpp>
#include <lariat/sched/scope/when_all.hpp>
#include <lariat/sched/task/join_handle.hpp>
#include <lariat/sched/text/detail/site_text.hpp>
#include <lariat/sched/time/timeout.hpp>
#include <lariat/sched/time/timer.hpp>

#include <memory>
#include <optional>
#include <source_location>
#include <stdexcept>
#include <string>
#include <system_error>

using namespace lariat;
using namespace std::chrono_literals;
using std::chrono::nanoseconds;

namespace {

// "timeout_test.cpp:", as a message shows it.
std::string site_of_this_file() {
  const std::string here = lariat::detail::site_text(std::source_location::current());
  return here.substr(0, here.rfind(':') + 1);
}

steady_time steady_now() { return steady_time(time_here()); }

task<int> cleaning(int value) {
  try {
    co_await sleep_for(1h);
  } catch (const operation_cancelled&) {
  }
  co_await sleep_for(1ms);
  co_return value;
}
task<int> failing_cleanup() {
  try {
    co_await sleep_for(1h);
  } catch (const operation_cancelled&) {
  }
  throw std::runtime_error("while cleaning up");
}

}  // namespace

LOOP_TEST_CASE("timeout gives the value if it comes in time", "[sched][timeout]") {
  const int value = co_await timeout(2ms, after(1ms, 3));
  CHECK(value == 3);
  co_await timeout(2ms, sleep_for(1ms));
  std::unique_ptr<int> owned = co_await timeout(
      1s, []() -> task<std::unique_ptr<int>> { co_return std::make_unique<int>(4); }());
  CHECK(*owned == 4);
  CHECK(loop::current()->timers().size() == 0);  // It takes its timer along.
}

LOOP_TEST_CASE("a timeout_error has the code of a time that is up", "[sched][timeout]") {
  std::error_code code;
  try {
    (void)co_await timeout(1ms, after(1h, 1));
  } catch (const timeout_error& error) {
    code = error.code();
  }
  CHECK(code == std::errc::timed_out);
}

LOOP_TEST_CASE("a timeout_error tells which limit ended the task, and in what",
               "[sched][timeout]") {
  std::string text;
  std::source_location set_at;
  const auto describe = [&](auto body) -> task<> {
    try {
      co_await body();
    } catch (const timeout_error& error) {
      text = error.what();
      set_at = error.set_at();
    }
  };
  const std::string file = site_of_this_file();
  unsigned limit = 0;
  unsigned waits = 0;
  auto deep = [&]() -> task<> {
    waits = __LINE__ + 1;
    co_await sleep_for(1h);
  };
  auto nested = [&]() -> task<> { co_await timeout(2h, deep()); };
  auto simple = [&]() -> task<> {
    limit = __LINE__ + 1;
    co_await timeout(1500us, nested());
  };
  co_await describe(simple);
  CHECK(text == "timeout: the time was up (1.5 ms, set at " + file + std::to_string(limit) +
                    ") in sleep at " + file + std::to_string(waits));
  CHECK(set_at.line() == limit);

  auto inner = [&]() -> task<> {
    limit = __LINE__ + 1;
    co_await timeout(3s, deep());
  };
  auto outer = [&]() -> task<> { co_await timeout(10s, inner()); };
  co_await describe(outer);
  CHECK(text == "timeout: the time was up (3 s, set at " + file + std::to_string(limit) +
                    ") in sleep at " + file + std::to_string(waits));

  auto at = [&]() -> task<> {
    const steady_time end = steady_now() + 1ms;
    limit = __LINE__ + 1;
    co_await timeout_at(end, deep());
  };
  co_await describe(at);
  CHECK(text == "timeout: the time was up (set at " + file + std::to_string(limit) +
                    ") in sleep at " + file + std::to_string(waits));

  auto moving = [&]() -> task<> {
    auto body = [&](deadline& time) {
      time.extend(-1s);
      return deep();
    };
    limit = __LINE__ + 1;
    co_await with_deadline(2s, body);
  };
  co_await describe(moving);
  CHECK(text == "timeout: the time was up (moved, set at " + file + std::to_string(limit) +
                    ") in sleep at " + file + std::to_string(waits));

  // An operation that is given to a combinator is shown where that is awaited.
  auto in_all = [&]() -> task<> {
    waits = __LINE__ + 1;
    co_await when_all(sleep_for(1h));
  };
  auto adapted = [&]() -> task<> {
    limit = __LINE__ + 1;
    auto [ended] = co_await select(timeout(2s, in_all()));
    std::rethrow_exception(ended.error());
  };
  co_await describe(adapted);
  CHECK(text == "timeout: the time was up (2 s, set at " + file + std::to_string(limit) +
                    ") in when_all at " + file + std::to_string(waits));

  // Of several children none is the one: it waited in all of them.
  auto both = [&]() -> task<> {
    waits = __LINE__ + 1;
    co_await when_all(deep(), deep());
  };
  auto several = [&]() -> task<> { co_await timeout(2s, both()); };
  co_await describe(several);
  CHECK(text.find(") in when_all at " + file) != text.npos);

  // A joined task goes on, so it was the join that was ended.
  auto joining = [&]() -> task<> {
    auto endless = spawn(deep);
    try {
      co_await endless;
    } catch (...) {
      endless.cancel();
      throw;
    }
  };
  auto join = [&]() -> task<> { co_await timeout(2s, joining()); };
  co_await describe(join);
  CHECK(text.find(") in join at " + file) != text.npos);

  CHECK(std::string(timeout_error().what()) == "timeout: the time was up");
  CHECK(timeout_error().set_at().line() == 0);
}

LOOP_TEST_CASE("timeout throws when the time is up", "[sched][timeout]") {
  const nanoseconds start = time_here();
  const std::string end = co_await end_of(timeout(2ms, after(1h, 3)));
  CHECK(end == "timeout");
  CHECK(time_here() - start >= 2ms);
  CHECK(time_here() - start < 3ms);
}

LOOP_TEST_CASE("timeout waits for the end of what it cancelled, and a value wins",
               "[sched][timeout]") {
  const nanoseconds start = time_here();
  const int value = co_await timeout(1ms, cleaning(5));
  CHECK(value == 5);
  CHECK(time_here() - start >= 2ms);
  const std::string end = co_await end_of(timeout(1ms, failing_cleanup()));
  CHECK(end == "while cleaning up");
}

LOOP_TEST_CASE("timeout_at takes a point in time", "[sched][timeout]") {
  const std::string end = co_await end_of(timeout_at(steady_now() + 1ms, after(1h, 1)));
  CHECK(end == "timeout");
  const int value = co_await timeout_at(steady_now() + 2ms, after(1ms, 2));
  CHECK(value == 2);
  const std::string past = co_await end_of(timeout_at(steady_time::min(), after(1ms, 2)));
  CHECK(past == "timeout");
}

LOOP_TEST_CASE("try_timeout gives an empty optional", "[sched][timeout]") {
  const std::optional<int> late = co_await try_timeout(1ms, after(1h, 1));
  CHECK_FALSE(late.has_value());
  const std::optional<int> early = co_await try_timeout(1h, after(1ms, 2));
  CHECK(early == 2);
  const auto slept = co_await try_timeout(1h, sleep_for(1ms));
  CHECK(slept.has_value());
  const std::string error = co_await end_of(try_timeout(1ms, failing_cleanup()));
  CHECK(error == "while cleaning up");
}

LOOP_TEST_CASE("a value that arrives in the turn of the deadline wins", "[sched][timeout]") {
  for (const nanoseconds limit : {nanoseconds(5us), nanoseconds(1ms), nanoseconds(3s)}) {
    // The sleep's timer is set after the deadline's, so both orders are met.
    const int value = co_await timeout(limit, after(limit - 1ns, 1));
    CHECK(value == 1);
  }
}

LOOP_TEST_CASE("with a limit of zero the task still runs to its first suspension",
               "[sched][timeout]") {
  bool ran = false;
  auto body = [&](bool suspend) -> task<int> {
    ran = true;
    if (suspend) co_await sleep_for(1h);
    co_return 1;
  };
  const std::string end = co_await end_of(timeout(0s, body(true)));
  CHECK(end == "timeout");
  CHECK(ran);
  const int value = co_await timeout(0s, body(false));
  CHECK(value == 1);
  const std::string negative = co_await end_of(timeout(-1s, body(true)));
  CHECK(negative == "timeout");
}

LOOP_TEST_CASE("a limit without end is none", "[sched][timeout]") {
  const int value = co_await timeout(std::chrono::hours::max(), after(1h, 1));
  CHECK(value == 1);
}

LOOP_TEST_CASE("the inner of two timeouts does not take the outer's for its own",
               "[sched][timeout]") {
  bool inner_threw_timeout = false;
  auto body = [&]() -> task<int> {
    try {
      const int value = co_await timeout(1h, after(2h, 1));
      co_return value;
    } catch (const timeout_error&) {
      inner_threw_timeout = true;
    }
    co_return 0;
  };
  const std::string end = co_await end_of(timeout(1ms, body()));
  CHECK(end == "timeout");
  CHECK_FALSE(inner_threw_timeout);
}

LOOP_TEST_CASE("the outer of two timeouts does not take the inner's for its own",
               "[sched][timeout]") {
  auto body = []() -> task<int> {
    std::optional<int> value = co_await try_timeout(1ms, after(2h, 1));
    co_return value.value_or(7);
  };
  const int value = co_await timeout(1h, body());
  CHECK(value == 7);
}

LOOP_TEST_CASE("two timeouts with one deadline end as the outer's", "[sched][timeout]") {
  const steady_time when = steady_now() + 1ms;
  const std::string end = co_await end_of(timeout_at(when, timeout_at(when, after(1h, 1))));
  CHECK(end == "timeout");
}

LOOP_TEST_CASE("a cancel is passed on, waited for, and is no timeout", "[sched][timeout][cancel]") {
  join_handle<std::string> handle = spawn([]() -> task<std::string> {
    std::string end = co_await end_of(timeout(2h, after(1h, 1)));
    co_return end;
  });
  co_await sleep_for(1us);
  handle.cancel("outside");
  std::string end = co_await handle;
  CHECK(end == "cancelled outside");

  join_handle<std::string> empty = spawn([]() -> task<std::string> {
    std::string result = co_await end_of(try_timeout(2h, after(1h, 1)));
    co_return result;
  });
  co_await sleep_for(1us);
  empty.cancel("outside");
  end = co_await empty;
  CHECK(end == "cancelled outside");
}

LOOP_TEST_CASE("a cancel that comes while a timed-out task cleans up is not lost",
               "[sched][timeout][cancel]") {
  auto throwing_cleanup = []() -> task<> {
    try {
      co_await sleep_for(1h);
    } catch (const operation_cancelled&) {
    }
    co_await sleep_for(1ms);  // The second cancel ends this one.
  };
  join_handle<std::string> handle = spawn([&]() -> task<std::string> {
    std::string end = co_await end_of(timeout(10us, throwing_cleanup()));
    co_return end;
  });
  co_await sleep_for(100us);
  handle.cancel("outside");
  const std::string end = co_await handle;
  CHECK(end == "cancelled outside");
}

LOOP_TEST_CASE("a cancel in the turn of the deadline ends as a cancel or a timeout, once",
               "[sched][timeout][cancel]") {
  int cancels = 0;
  join_handle<std::string> handle = spawn([&]() -> task<std::string> {
    std::string end = co_await end_of(timeout(10us, after(1h, 1)));
    try {
      co_await yield();
    } catch (const operation_cancelled&) {
      ++cancels;
    }
    co_return end;
  });
  co_await sleep_for(9us);
  driver_here().advance(5us);
  handle.cancel("race");
  const std::string end = co_await handle;
  cancels += end == "cancelled race";
  CHECK(cancels == 1);
}

LOOP_TEST_CASE("the body of with_deadline moves its deadline", "[sched][timeout][deadline]") {
  const nanoseconds start = time_here();
  const int value = co_await with_deadline(2ms, [&](deadline& limit) -> task<int> {
    CHECK(limit.when() == steady_time(start) + 2ms);
    co_await sleep_for(1ms);
    limit.extend(5ms);
    co_await sleep_for(4ms);
    limit.extend(-1ms);
    CHECK(limit.when() == steady_time(start) + 6ms);
    limit.reschedule(steady_now() + 1ms);
    CHECK_FALSE(limit.expired());
    co_return 3;
  });
  CHECK(value == 3);

  auto brought_forward = [](deadline& limit) -> task<> {
    limit.extend(-1h);
    co_await sleep_for(1h);
  };
  const std::string end = co_await end_of(with_deadline(1h, brought_forward));
  CHECK(end == "timeout");
}

LOOP_TEST_CASE("a deadline that has expired does not move", "[sched][timeout][deadline]") {
  bool expired = false;
  auto body = [&](deadline& limit) -> task<> {
    try {
      co_await sleep_for(1h);
    } catch (const operation_cancelled&) {
      expired = limit.expired();
      limit.extend(1h);
      throw;
    }
  };
  const std::string end = co_await end_of(with_deadline(1ms, body));
  CHECK(end == "timeout");
  CHECK(expired);
}

LOOP_TEST_CASE("extending a deadline saturates", "[sched][timeout][deadline]") {
  const int value = co_await with_deadline(1ms, [](deadline& limit) -> task<int> {
    limit.extend(std::chrono::hours::max());
    limit.extend(1h);
    co_await sleep_for(1h);
    limit.extend(std::chrono::hours::min());
    limit.extend(std::chrono::hours::min());
    limit.extend(std::chrono::hours::max());
    co_return 1;
  });
  CHECK(value == 1);
}

LOOP_TEST_CASE("a body that is no coroutine may move the deadline before it gives its task",
               "[sched][timeout][deadline]") {
  auto body = [](deadline& limit) {
    limit.extend(1h);
    return after(10ms, 4);
  };
  const int value = co_await with_deadline(1ms, body);
  CHECK(value == 4);
}

LOOP_TEST_CASE("a body that throws before it gives a task leaves nothing behind",
               "[sched][timeout][deadline]") {
  auto body = [](deadline&) -> task<int> {
    if (loop::current() != nullptr) throw std::runtime_error("no task");
    return after(1ms, 1);
  };
  const std::string end = co_await end_of(with_deadline(1ms, body));
  CHECK(end == "no task");
  CHECK(loop::current()->timers().size() == 0);
}

LOOP_TEST_CASE("timeout under a cancel that came before starts nothing",
               "[sched][timeout][cancel]") {
  bool started = false;
  auto child = [&]() -> task<> {
    started = true;
    co_return;
  };
  join_handle<std::string> handle = spawn([&]() -> task<std::string> {
    loop::current()->cancel_all("early");
    std::string end = co_await end_of(timeout(1s, child()));
    co_return end;
  });
  try {
    co_await until([&] { return handle.done(); });
  } catch (const operation_cancelled&) {
  }
  const std::string end = co_await handle;
  CHECK(end == "cancelled early");
  CHECK_FALSE(started);
}
