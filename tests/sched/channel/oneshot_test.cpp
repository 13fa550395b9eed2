#include "combinator_test.hpp"
#include "count_allocations.hpp"
#include "primitive_test.hpp"

#include <lariat/sched/blocking/to_thread.hpp>
#include <lariat/sched/channel/oneshot.hpp>
#include <lariat/sched/thread/detail/pause.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

task<int> receive(oneshot_receiver<int>& receiver) { co_return co_await receiver; }

}  // namespace

LOOP_TEST_CASE("a value that was set waits for the receiver", "[sched][oneshot]") {
  auto [sender, receiver] = oneshot<std::unique_ptr<int>>();
  CHECK_FALSE(receiver.try_receive());
  CHECK(sender.set(std::make_unique<int>(7)));
  CHECK_FALSE(sender);
  const std::uint64_t turns = loop::current()->turns();
  const std::unique_ptr<int> value = co_await receiver;
  CHECK(*value == 7);
  CHECK(loop::current()->turns() == turns);
}

LOOP_TEST_CASE("a receiver that waits is woken by the value", "[sched][oneshot]") {
  auto [sender, receiver] = oneshot<int>();
  join_handle<int> handle = spawn(receive, std::ref(receiver));
  co_await settle();
  CHECK_FALSE(handle.done());
  CHECK(sender.set(8));
  const int value = co_await handle;
  CHECK(value == 8);
}

LOOP_TEST_CASE("a sender that goes without a value breaks the oneshot", "[sched][oneshot]") {
  auto [sender, receiver] = oneshot<int>();
  join_handle<int> handle = spawn(receive, std::ref(receiver));
  co_await settle();
  sender = oneshot_sender<int>();
  outcome<int> end = co_await as_result(handle);
  CHECK_THROWS_AS(end.value(), broken_oneshot);
  CHECK_THROWS_AS(receiver.try_receive(), broken_oneshot);
}

LOOP_TEST_CASE("a value is received once", "[sched][oneshot]") {
  auto [sender, receiver] = oneshot<int>();
  sender.set(1);
  CHECK(receiver.try_receive() == 1);
  auto [other, again] = oneshot<int>();
  other.set(2);
  const int two = co_await again;
  CHECK(two == 2);
  CHECK_THROWS_AS(again.try_receive(), broken_oneshot);
  bool broken = false;
  try {
    (void)co_await receiver;
  } catch (const broken_oneshot&) {
    broken = true;
  }
  CHECK(broken);
}

LOOP_TEST_CASE("a sender learns that the receiver is gone", "[sched][oneshot]") {
  auto ends = oneshot<int>();
  CHECK_FALSE(ends.sender.is_closed());
  bool told = false;
  auto body = [&]() -> task<> {
    co_await ends.sender.closed();
    told = true;
  };
  join_handle<void> handle = spawn(body);
  co_await settle();
  CHECK_FALSE(told);
  ends.receiver = oneshot_receiver<int>();
  co_await handle;
  CHECK(told);
  CHECK(ends.sender.is_closed());
  co_await ends.sender.closed();
  CHECK_FALSE(ends.sender.set(1));
  CHECK_FALSE(ends.sender);
}

LOOP_TEST_CASE("a cancelled receiver may wait again", "[sched][oneshot]") {
  auto [sender, receiver] = oneshot<int>();
  bool late = false;
  try {
    (void)co_await timeout(1ms, receive(receiver));
  } catch (const timeout_error&) {
    late = true;
  }
  CHECK(late);
  sender.set(3);
  const int value = co_await receiver;
  CHECK(value == 3);
}

LOOP_TEST_CASE("a value that was set wins over a cancel", "[sched][oneshot]") {
  auto [sender, receiver] = oneshot<int>();
  auto body = [&]() -> task<int> {
    const int value = co_await receiver;
    try {
      co_await yield();
    } catch (const operation_cancelled&) {
      co_return value + 100;
    }
    co_return value;
  };
  join_handle<int> handle = spawn(body);
  co_await settle();
  sender.set(5);
  handle.cancel();
  handle.cancel();
  const int value = co_await handle;
  CHECK(value == 105);
}

LOOP_TEST_CASE("under a cancel that came before no value is taken", "[sched][oneshot]") {
  auto [sender, receiver] = oneshot<int>();
  sender.set(5);
  const std::string end =
      co_await end_under_cancel([&receiver = receiver]() -> task<> { (void)co_await receiver; });
  CHECK(end == "cancelled early");
  const int value = co_await receiver;
  CHECK(value == 5);
}

LOOP_TEST_CASE("who waits for the receiver to go may be cancelled", "[sched][oneshot]") {
  auto [sender, receiver] = oneshot<int>();
  const std::string end = co_await end_of(timeout(1ms, sender.closed()));
  CHECK(end == "timeout");
  CHECK(sender.set(1));
  CHECK(receiver.try_receive() == 1);
  CHECK_THROWS_AS(receiver.try_receive(), broken_oneshot);
}

LOOP_TEST_CASE("an end that another is moved to is given up at once", "[sched][oneshot]") {
  auto one = oneshot<int>();
  auto two = oneshot<int>();
  one.sender = std::move(two.sender);
  CHECK_FALSE(two.sender);
  CHECK_THROWS_AS(one.receiver.try_receive(), broken_oneshot);
  two.receiver = std::move(one.receiver);
  CHECK_FALSE(one.receiver);
  CHECK(one.sender.is_closed());
  co_return;
}

LOOP_TEST_CASE("misuse of a oneshot is refused", "[sched][oneshot]") {
  auto ends = oneshot<int>();
  join_handle<int> first = spawn(receive, std::ref(ends.receiver));
  co_await settle();
  const auto second = [&]() { return receive(ends.receiver); };
  const std::string twice = co_await logic_error_in(second);
  CHECK(twice.find("oneshot: another task awaits it") != twice.npos);
  ends.sender.set(1);
  (void)co_await first;
  const std::string sent = logic_error_of([&] { return ends.sender.set(2); });
  CHECK(sent.find("oneshot: this end is empty") != sent.npos);
  CHECK_THROWS_AS(ends.sender.closed(), std::logic_error);
  ends.receiver = oneshot_receiver<int>();
  CHECK_THROWS_AS(ends.receiver.try_receive(), std::logic_error);
  const std::string received = co_await logic_error_in(second);
  CHECK(received.find("oneshot: this end is empty") != received.npos);
}

THREAD_TEST_CASE("another thread sets the value, or goes without", "[sched][oneshot]") {
  for (int i = 0; i < 200; ++i) {
    auto [sender, receiver] = oneshot<int>();
    std::thread other([end = std::move(sender), i]() mutable {
      if (i % 2 == 0) end.set(i);
    });
    int value = -1;
    try {
      value = co_await receiver;
    } catch (const broken_oneshot&) {
    }
    CHECK(value == (i % 2 == 0 ? i : -1));
    other.join();
  }
}

THREAD_TEST_CASE("a value of another thread that races a deadline is there, or comes later",
                 "[sched][oneshot]") {
  for (int i = 0; i < 200; ++i) {
    auto [sender, receiver] = oneshot<int>();
    std::thread other([end = std::move(sender)]() mutable { end.set(1); });
    int value = 0;
    try {
      value = co_await timeout(1us, receive(receiver));
    } catch (const timeout_error&) {
    }
    if (value == 0) value = co_await receiver;
    CHECK(value == 1);
    other.join();
  }
}

THREAD_TEST_CASE("a value that is set while the receiver begins to wait is not missed",
                 "[sched][oneshot]") {
  constexpr int rounds = 5'000;
  std::vector<oneshot_ends<int>> all(rounds);
  std::atomic<int> turn{-1};
  std::thread other([&] {
    for (int i = 0; i < rounds; ++i) {
      while (turn.load() < i) std::this_thread::yield();
      all[i].sender.set(i);
    }
  });
  int missed = 0;
  for (int i = 0; i < rounds; ++i) {
    turn.store(i);
    for (int spin = 0; spin < i % 64; ++spin) detail::pause();  // Sooner or later than the other.
    const int value = co_await all[i].receiver;
    missed += value != i;
  }
  CHECK(missed == 0);
  other.join();
}

#if COUNT_ALLOCATIONS
LOOP_TEST_CASE("a oneshot takes its memory from the pool", "[sched][oneshot][allocation]") {
  const auto step = [&]() -> task<> {
    auto [sender, receiver] = oneshot<int>();
    join_handle<int> handle = spawn(receive, std::ref(receiver));
    co_await yield();
    sender.set(1);
    (void)co_await handle;
  };
  const std::uint64_t during = co_await allocations_once_warm(step);
  CHECK(during == 0);
}
#endif
