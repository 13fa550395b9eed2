// How threads give up at a channel: at a stop request, or when their time is up.

#include "thread_test.hpp"

#include <lariat/sched/channel/channel.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

using namespace lariat;
using namespace std::chrono_literals;

TEST_CASE("a send that gives up has its value as it was", "[sched][channel][blocking]") {
  auto [tx, rx] = channel<std::unique_ptr<int>>(1);
  auto value = std::make_unique<int>(1);
  CHECK(tx.send_blocking_for(std::move(value), 1ms));
  CHECK(value == nullptr);
  value = std::make_unique<int>(2);
  CHECK_FALSE(tx.send_blocking_for(std::move(value), 1ms));
  REQUIRE(value != nullptr);
  CHECK(*value == 2);
  std::stop_source source;
  source.request_stop();
  CHECK_FALSE(tx.send_blocking(std::move(value), source.get_token()));
  REQUIRE(value != nullptr);
  CHECK(rx.size() == 1);
  rx.close();
  CHECK_THROWS_AS(tx.send_blocking(std::move(value), source.get_token()), channel_closed);
  CHECK(value != nullptr);
}

TEST_CASE("what need not wait is done although stop was requested", "[sched][channel][blocking]") {
  auto [tx, rx] = channel<int>(1);
  std::stop_source source;
  source.request_stop();
  CHECK(tx.send_blocking(1, source.get_token()));
  CHECK(rx.receive_blocking(source.get_token()) == 1);
  CHECK_FALSE(rx.receive_blocking(source.get_token()).has_value());
  CHECK_FALSE(rx.closed());
}

TEST_CASE("a stop request wakes a thread that waits at a channel", "[sched][channel][blocking]") {
  auto ends = channel<int>(1);
  std::optional<int> received = 0;
  std::jthread receiver(
      [&](std::stop_token stop) { received = ends.receiver.receive_blocking(std::move(stop)); });
  receiver.request_stop();
  receiver.join();
  CHECK_FALSE(received.has_value());
  ends.sender.send_blocking(1);
  bool sent = true;
  std::jthread sender(
      [&](std::stop_token stop) { sent = ends.sender.send_blocking(2, std::move(stop)); });
  sender.request_stop();
  sender.join();
  CHECK_FALSE(sent);
  CHECK(ends.receiver.try_receive() == 1);
  CHECK_FALSE(ends.receiver.try_receive().has_value());
}

TEST_CASE("a value that comes while a thread waits is delivered", "[sched][channel][blocking]") {
  auto ends = channel<int>(1);
  std::stop_source never;
  std::optional<int> received;
  std::thread receiver([&] { received = ends.receiver.receive_blocking(never.get_token()); });
  ends.sender.send_blocking(7);
  receiver.join();
  CHECK(received == 7);
}

TEST_CASE("stop requests race with values, and nothing is lost", "[sched][channel][blocking]") {
  constexpr int count = 2000;
  auto ends = channel<int>(1);
  std::mutex lock;
  std::stop_source current;
  std::atomic<bool> over{false};
  // Asks whoever waits to stop, at any moment.
  std::thread stopper([&] {
    while (!over) {
      std::stop_source source;
      {
        const std::lock_guard guard(lock);
        source = current;
      }
      source.request_stop();
      std::this_thread::yield();
    }
  });
  std::thread sender([&] {
    for (int i = 0; i < count;) {
      const bool sent = ends.sender.send_blocking_for(int{i}, std::chrono::microseconds(i % 3));
      if (sent) ++i;
    }
    ends.sender.reset();
  });
  int next = 0;
  bool in_order = true;
  for (;;) {
    const std::stop_source source;
    {
      const std::lock_guard guard(lock);
      current = source;
    }
    const std::optional<int> value = ends.receiver.receive_blocking(source.get_token());
    if (value.has_value()) {
      in_order = in_order && *value == next++;
    } else if (ends.receiver.closed() && ends.receiver.size() == 0) {
      break;
    }
  }
  over = true;
  stopper.join();
  sender.join();
  CHECK(in_order);
  CHECK(next == count);
}
