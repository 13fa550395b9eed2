#include "thread_test.hpp"

#include <lariat/sched/channel/channel.hpp>
#include <lariat/sched/pool/to_pool.hpp>
#include <lariat/sched/scope/when_all.hpp>
#include <lariat/sched/task/join_handle.hpp>
#include <lariat/sched/task/result.hpp>
#include <lariat/sched/time/timeout.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

template <class T>
task<std::vector<T>> drain(channel_receiver<T>& receiver) {
  std::vector<T> all;
  for (;;) {
    std::optional<T> next = co_await receiver.receive();
    if (!next) co_return all;
    all.push_back(*std::move(next));
  }
}

template <class Awaitable>
task<std::string> end_of(Awaitable awaitable) {
  std::string end = "value";
  try {
    (void)co_await std::move(awaitable);
  } catch (const operation_cancelled&) {
    end = "cancelled";
  } catch (const channel_closed& closed) {
    end = closed.code() == std::errc::broken_pipe ? "closed" : "?";
  } catch (const timeout_error&) {
    end = "late";
  }
  co_return end;
}

// Lets what is ready run, and what that makes ready.
task<> settle() {
  for (int i = 0; i < 4; ++i) co_await yield();
}

}  // namespace

LOOP_TEST_CASE("values come out in the order in which they went in", "[sched][channel]") {
  auto [tx, rx] = channel<int>(3);
  CHECK(tx.capacity() == 3);
  co_await tx.send(1);
  co_await tx.send(2);
  CHECK(rx.size() == 2);
  const std::optional<int> first = co_await rx.receive();
  co_await tx.send(3);
  co_await tx.send(4);
  CHECK(rx.size() == 3);
  tx.close();
  const std::vector<int> rest = co_await drain(rx);
  CHECK(first == 1);
  CHECK(rest == std::vector{2, 3, 4});
}

LOOP_TEST_CASE("a full channel makes senders wait, first come, first served", "[sched][channel]") {
  auto [tx, rx] = channel<int>(1);
  std::vector<join_handle<void>> senders;
  for (int i = 0; i < 4; ++i) {
    senders.push_back(spawn([&tx = tx, i]() -> task<> { co_await tx.send(i); }));
  }
  co_await settle();
  CHECK(senders[0].done());
  CHECK_FALSE(senders[1].done());
  std::vector<int> received;
  for (int i = 0; i < 4; ++i) {
    const std::optional<int> next = co_await rx.receive();
    received.push_back(next.value_or(-1));
    CHECK(tx.size() == (i < 3 ? 1 : 0));  // Who waited has the room, before anybody else.
  }
  co_await settle();
  CHECK(received == std::vector{0, 1, 2, 3});
  for (auto& each : senders) CHECK(each.done());
}

LOOP_TEST_CASE("an empty channel makes receivers wait, first come, first served",
               "[sched][channel]") {
  auto [tx, rx] = channel<int>(1);
  std::vector<join_handle<std::optional<int>>> receivers;
  for (int i = 0; i < 3; ++i) {
    receivers.push_back(
        spawn([&rx = rx]() -> task<std::optional<int>> { co_return co_await rx.receive(); }));
  }
  co_await settle();
  for (int i = 0; i < 3; ++i) {
    co_await tx.send(i);  // Straight to the one that waits: the channel stays empty.
    CHECK(tx.size() == 0);
  }
  for (int i = 0; i < 3; ++i) {
    const std::optional<int> got = co_await receivers[static_cast<std::size_t>(i)];
    CHECK(got == i);
  }
}

LOOP_TEST_CASE("closing lets receivers have what is left, and refuses senders",
               "[sched][channel]") {
  auto [tx, rx] = channel<int>(1);
  co_await tx.send(1);
  auto waiting =
      spawn([&tx = tx]() -> task<std::string> { co_return co_await end_of(tx.send(2)); });
  co_await settle();
  rx.close();
  CHECK(tx.closed());
  const std::string waited = co_await waiting;
  CHECK(waited == "closed");
  const std::string after = co_await end_of(tx.send(3));
  CHECK(after == "closed");
  const result<void> quiet = co_await as_result(tx.send(4));
  CHECK(quiet.error == std::errc::broken_pipe);
  CHECK_FALSE(tx.try_send(5));
  const std::string reserved = co_await end_of(tx.reserve());
  CHECK(reserved == "closed");
  const std::vector<int> left = co_await drain(rx);
  CHECK(left == std::vector{1});
  tx.close();  // Again: nothing.
}

LOOP_TEST_CASE("close ends receivers that wait", "[sched][channel]") {
  auto [tx, rx] = channel<int>(1);
  auto waiting = spawn([&rx = rx]() -> task<bool> {
    const std::optional<int> got = co_await rx.receive();
    co_return got.has_value();
  });
  co_await settle();
  tx.close();
  const bool got = co_await waiting;
  CHECK_FALSE(got);
}

LOOP_TEST_CASE("close_now destroys what is left", "[sched][channel]") {
  auto [tx, rx] = channel<std::shared_ptr<int>>(2);
  auto value = std::make_shared<int>(1);
  co_await tx.send(value);
  CHECK(value.use_count() == 2);
  rx.close_now();
  CHECK(value.use_count() == 1);
  const auto none = co_await rx.receive();
  CHECK_FALSE(none.has_value());
}

LOOP_TEST_CASE("the last end of a side closes the channel", "[sched][channel]") {
  auto value = std::make_shared<int>(1);
  {
    auto [tx, rx] = channel<std::shared_ptr<int>>(2);
    {
      channel_sender<std::shared_ptr<int>> copy = tx;
      auto moved = std::move(tx);
      co_await copy.send(value);
      CHECK_FALSE(rx.closed());
    }
    CHECK(rx.closed());
    const auto got = co_await rx.receive();
    CHECK(got == value);
  }
  auto [tx, rx] = channel<std::shared_ptr<int>>(2);
  co_await tx.send(value);
  {
    auto copy = rx;
    auto moved = std::move(rx);
    CHECK_FALSE(tx.closed());
  }
  CHECK(tx.closed());
  CHECK(value.use_count() == 1);  // What nobody can receive any more is gone.
  const std::string end = co_await end_of(tx.send(value));
  CHECK(end == "closed");
}

LOOP_TEST_CASE("try_send and try_receive do not wait", "[sched][channel]") {
  auto [tx, rx] = channel<std::unique_ptr<int>>(1);
  CHECK_FALSE(rx.try_receive().has_value());
  CHECK(tx.try_send(std::make_unique<int>(1)));
  auto second = std::make_unique<int>(2);
  CHECK_FALSE(tx.try_send(std::move(second)));
  REQUIRE(second != nullptr);  // It is as it was.
  auto first = rx.try_receive();
  REQUIRE(first.has_value());
  CHECK(**first == 1);
  co_return;
}

LOOP_TEST_CASE("a cancelled wait is skipped, and loses nothing", "[sched][channel]") {
  auto [tx, rx] = channel<int>(1);
  auto receive = [&rx = rx]() -> task<std::optional<int>> { co_return co_await rx.receive(); };
  auto first = spawn(receive);
  auto second = spawn(receive);
  co_await settle();
  first.cancel();
  co_await tx.send(1);
  const std::string skipped = co_await end_of(std::move(first));
  CHECK(skipped == "cancelled");
  const std::optional<int> got = co_await second;
  CHECK(got == 1);

  co_await tx.send(2);
  auto third = spawn([&tx = tx]() -> task<> { co_await tx.send(3); });
  auto fourth = spawn([&tx = tx]() -> task<> { co_await tx.send(4); });
  co_await settle();
  third.cancel();
  const std::optional<int> two = co_await rx.receive();
  const std::optional<int> four = co_await rx.receive();
  CHECK(two == 2);
  CHECK(four == 4);
  const std::string cancelled = co_await end_of(std::move(third));
  CHECK(cancelled == "cancelled");
  co_await fourth;
}

LOOP_TEST_CASE("a cancel before the wait does nothing to the channel", "[sched][channel]") {
  auto [tx, rx] = channel<int>(1);
  auto sending = spawn([&tx = tx]() -> task<> { co_await tx.send(1); });
  sending.cancel();
  co_await settle();
  CHECK(rx.size() == 0);
  co_await tx.send(1);
  auto quiet = spawn([&tx = tx]() -> task<bool> {
    const result<void> sent = co_await as_result(tx.send(2));
    co_await yield();  // The cancel was delivered: this ends well.
    co_return sent.error == std::errc::operation_canceled;
  });
  co_await settle();
  quiet.cancel();
  const bool told = co_await quiet;
  CHECK(told);
  CHECK(rx.size() == 1);
}

LOOP_TEST_CASE("a value that was handed over wins over a cancel", "[sched][channel]") {
  auto [tx, rx] = channel<int>(1);
  std::optional<int> got;
  auto receiving = spawn([&, &rx = rx]() -> task<> {
    got = co_await rx.receive();
    co_await yield();  // Here the cancel is delivered.
  });
  co_await settle();
  co_await tx.send(7);
  receiving.cancel();
  const std::string end = co_await end_of(std::move(receiving));
  CHECK(got == 7);
  CHECK(end == "cancelled");
}

LOOP_TEST_CASE("a timeout takes nothing", "[sched][channel]") {
  auto [tx, rx] = channel<int>(1);
  const std::string late = co_await end_of(timeout(1s, rx.receive()));
  CHECK(late == "late");
  co_await tx.send(1);
  const std::string full = co_await end_of(timeout(1s, tx.send(2)));
  CHECK(full == "late");
  CHECK(rx.size() == 1);
}

LOOP_TEST_CASE("a permit holds room", "[sched][channel]") {
  auto [tx, rx] = channel<int>(1);
  {
    channel_permit<int> permit = co_await tx.reserve();
    CHECK_FALSE(tx.try_send(1));
    CHECK(permit.send(2));
    CHECK_THROWS_AS(permit.send(3), std::logic_error);
  }
  const std::optional<int> two = co_await rx.receive();
  CHECK(two == 2);
  auto receiving =
      spawn([&rx = rx]() -> task<std::optional<int>> { co_return co_await rx.receive(); });
  join_handle<void> sending;
  {
    channel_permit<int> dropped = co_await tx.reserve();
    co_await settle();
    sending = spawn([&tx = tx]() -> task<> { co_await tx.send(4); });
    co_await settle();
    CHECK_FALSE(sending.done());
  }
  // The room goes to who waits for it, and so does the value.
  const std::optional<int> four = co_await receiving;
  CHECK(four == 4);
  co_await sending;
}

LOOP_TEST_CASE("a permit used for a receiver that waits makes room for a sender that waits",
               "[sched][channel]") {
  auto [tx, rx] = channel<int>(1);
  channel_permit<int> permit = co_await tx.reserve();
  auto receiving =
      spawn([&rx = rx]() -> task<std::optional<int>> { co_return co_await rx.receive(); });
  auto sending = spawn([&tx = tx]() -> task<> { co_await tx.send(2); });
  co_await settle();
  CHECK_FALSE(sending.done());
  CHECK(permit.send(1));
  co_await settle();
  CHECK(sending.done());
  CHECK(rx.size() == 1);
  const std::optional<int> one = co_await receiving;
  CHECK(one == 1);
  CHECK(rx.try_receive() == 2);
  co_await sending;
}

LOOP_TEST_CASE("a permit keeps the channel open, and learns that it was closed",
               "[sched][channel]") {
  auto [tx, rx] = channel<int>(1);
  channel_permit<int> permit = co_await tx.reserve();
  { auto gone = std::move(tx); }
  CHECK_FALSE(rx.closed());
  rx.close();
  CHECK_FALSE(permit.send(1));
  CHECK(rx.size() == 0);
}

LOOP_TEST_CASE("misuse is refused, naming the rule", "[sched][channel]") {
  CHECK_THROWS_AS(channel<int>(0), std::invalid_argument);
  auto [tx, rx] = channel<int>(1);
  CHECK_THROWS_AS(tx.send_blocking(1), std::logic_error);
  CHECK_THROWS_AS(rx.receive_blocking(), std::logic_error);
  auto moved = std::move(tx);
  CHECK_THROWS_AS(tx.try_send(1), std::logic_error);
  co_return;
}

THREAD_TEST_CASE("threads and tasks share a channel, and every value arrives once",
                 "[sched][channel]") {
  constexpr int each = 2000;
  constexpr int senders = 4;
  auto [tx, rx] = channel<int>(8);
  std::vector<std::thread> threads;
  for (int s = 0; s < senders / 2; ++s) {
    threads.emplace_back([sender = tx, s]() mutable {
      for (int i = 0; i < each; ++i) sender.send_blocking(s * each + i);
    });
  }
  auto send = [](channel_sender<int> sender, int s) -> task<> {
    for (int i = 0; i < each; ++i) co_await sender.send(s * each + i);
  };
  std::vector<join_handle<void>> tasks;
  for (int s = senders / 2; s < senders; ++s) tasks.push_back(spawn(send, tx, s));
  std::vector<std::atomic<int>> seen(senders * each);
  auto received_elsewhere = std::thread([receiver = rx, &seen]() mutable {
    for (;;) {
      const std::optional<int> next = receiver.receive_blocking();
      if (!next) return;
      ++seen[static_cast<std::size_t>(*next)];
    }
  });
  auto receive = [&seen](channel_receiver<int> receiver) -> task<> {
    std::vector<int> last(senders, -1);
    for (;;) {
      const std::optional<int> next = co_await receiver.receive();
      if (!next) co_return;
      ++seen[static_cast<std::size_t>(*next)];
      int& before = last[static_cast<std::size_t>(*next / each)];
      if (*next <= before) throw std::runtime_error("out of order");
      before = *next;
    }
  };
  pool workers({.workers = 1});
  {
    auto gone = std::move(tx);  // When the senders have ended the receivers end.
  }
  co_await when_all(receive(rx), to_pool(workers, receive, rx));
  for (auto& each_task : tasks) co_await each_task;
  for (std::thread& thread : threads) thread.join();
  received_elsewhere.join();
  int missing = 0;
  for (const std::atomic<int>& count : seen) missing += count != 1;
  CHECK(missing == 0);
}

THREAD_TEST_CASE("receive_blocking_for gives up, and takes what comes in time",
                 "[sched][channel]") {
  auto [tx, rx] = channel<int>(1);
  std::optional<int> none = 1;
  std::optional<int> some;
  std::atomic<bool> waits{false};
  std::thread other([&, receiver = rx]() mutable {
    none = receiver.receive_blocking_for(1ms);
    waits = true;
    some = receiver.receive_blocking_for(1h);
  });
  co_await until([&] { return waits.load(); });
  co_await tx.send(5);
  other.join();
  CHECK_FALSE(none.has_value());
  CHECK(some == 5);
}

THREAD_TEST_CASE("cancels race with values from a thread, and nothing is lost",
                 "[sched][channel]") {
  constexpr int count = 3000;
  auto [tx, rx] = channel<int>(2);
  std::thread sender([tx = std::move(tx)]() mutable {
    for (int i = 0; i < count; ++i) tx.send_blocking(i);
  });
  int next = 0;
  bool in_order = true;
  while (next < count) {
    auto receiving =
        spawn([&rx = rx]() -> task<std::optional<int>> { co_return co_await rx.receive(); });
    co_await yield();
    receiving.cancel();
    auto end = co_await as_result(receiving);
    if (end.has_value()) in_order = in_order && end.value() == next++;
  }
  sender.join();
  CHECK(in_order);
  CHECK(next == count);
}
