#include "child_process.hpp"
#include "count_allocations.hpp"
#include "thread_test.hpp"

#include <lariat/sched/channel/channel.hpp>
#include <lariat/sched/task/join_handle.hpp>

#include <sys/resource.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

using namespace lariat;

namespace {

constexpr std::size_t endless = std::numeric_limits<std::size_t>::max();

/// Of which 64 KiB hold four.
struct wide {
  explicit wide(int value) : number(std::make_unique<int>(value)) {}
  std::unique_ptr<int> number;
  std::array<char, 15'000> room{};
};

}  // namespace

TEST_CASE("a channel may have any capacity, and takes memory as it is needed", "[sched][channel]") {
  for (const std::size_t capacity : {endless, endless / 2 + 2, std::size_t{1} << 40}) {
    auto [tx, rx] = channel<int>(capacity);
    CHECK(tx.capacity() == capacity);
    int sent = 0;
    int right = 0;
    for (int i = 0; i < 100'000; ++i) sent += tx.try_send(int(i));
    CHECK(tx.size() == 100'000);
    for (int i = 0; i < 100'000; ++i) right += rx.try_receive() == i;
    CHECK(sent == 100'000);
    CHECK(right == 100'000);
    CHECK_FALSE(rx.try_receive().has_value());
  }
  auto [tx, rx] = unbounded_channel<std::unique_ptr<int>>();
  CHECK(tx.capacity() == endless);
  CHECK(tx.try_send(std::make_unique<int>(1)));
}

TEST_CASE("a channel that grows keeps its order and its bound", "[sched][channel]") {
  constexpr int capacity = 100;  // It has 4 places at first, then 8, 16 and so on.
  auto [tx, rx] = channel<wide>(capacity);
  int sent = 0;
  int received = 0;
  bool in_order = true;
  // Three in, one out: so it is never at its beginning when it grows.
  while (tx.try_send(wide(sent))) {
    ++sent;
    if (sent % 3 != 0) continue;
    const std::optional<wide> oldest = rx.try_receive();
    in_order = in_order && oldest && *oldest->number == received++;
  }
  CHECK(sent - received == capacity);
  while (const std::optional<wide> oldest = rx.try_receive()) {
    in_order = in_order && *oldest->number == received++;
  }
  CHECK(in_order);
  CHECK(received == sent);
}

LOOP_TEST_CASE("permits hold places in a channel that grows", "[sched][channel]") {
  auto [tx, rx] = channel<wide>(10);
  std::vector<channel_permit<wide>> permits;
  for (int i = 0; i < 9; ++i) permits.push_back(co_await tx.reserve());
  CHECK(tx.try_send(wide(0)));
  CHECK_FALSE(tx.try_send(wide(0)));
  for (int i = 0; i < 9; ++i) CHECK(permits[static_cast<std::size_t>(i)].send(wide(i + 1)));
  auto sending = [](channel_sender<wide>& into) -> task<> { co_await into.send(wide(10)); };
  auto waiting = spawn(sending, std::ref(tx));
  co_await yield();
  CHECK_FALSE(waiting.done());
  for (int i = 0; i <= 10; ++i) {
    const std::optional<wide> next = co_await rx.receive();
    CHECK(*next->number == i);
  }
  co_await waiting;
}

TEST_CASE("what is left in a channel that has grown is destroyed", "[sched][channel]") {
  auto counted = std::make_shared<int>(0);
  {
    auto [tx, rx] = channel<std::shared_ptr<int>>(endless);
    for (int i = 0; i < 10'000; ++i) CHECK(tx.try_send(std::shared_ptr<int>(counted)));
    for (int i = 0; i < 100; ++i) (void)rx.try_receive();
    CHECK(counted.use_count() == 9901);
  }
  CHECK(counted.use_count() == 1);
}

TEST_CASE("senders and receivers on threads meet in a channel that grows",
          "[sched][channel][threads]") {
  struct numbered {
    int sender;
    int number;
  };
  constexpr int senders = 3;
  constexpr int values = 30'000;
  auto [tx, rx] = unbounded_channel<numbered>();
  std::vector<std::thread> threads;
  for (int sender = 0; sender < senders; ++sender) {
    threads.emplace_back([own = tx, sender]() mutable {
      for (int i = 0; i < values; ++i) {
        while (!own.try_send(numbered{sender, i})) std::this_thread::yield();
      }
    });
  }
  tx.reset();
  std::array<int, senders> next{};
  bool in_order = true;
  while (const std::optional<numbered> got = rx.receive_blocking()) {
    in_order = in_order && got->number == next[static_cast<std::size_t>(got->sender)]++;
  }
  for (std::thread& each : threads) each.join();
  CHECK(in_order);
  CHECK(next == std::array{values, values, values});
}

#if COUNT_ALLOCATIONS
TEST_CASE("a channel that finds no memory is full, until a value is received",
          "[sched][channel][threads]") {
  child_process child([] {
    auto [tx, rx] = unbounded_channel<wide>();
    const rlimit little{256u << 20u, 256u << 20u};
    if (::setrlimit(RLIMIT_AS, &little) != 0) return 77;
    int sent = 0;
    while (tx.try_send(wide(sent))) ++sent;
    const std::optional<wide> first = rx.try_receive();
    if (!first || *first->number != 0) return 3;
    if (!tx.try_send(wide(sent))) return 4;
    return sent > 100 && sent < 20'000 ? 0 : 5;
  });
  CHECK(child.status() == 0);
}
#endif
