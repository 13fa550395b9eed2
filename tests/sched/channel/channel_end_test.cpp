#include "combinator_test.hpp"
#include "primitive_test.hpp"

#include <lariat/sched/channel/channel.hpp>
#include <lariat/sched/thread/detail/pause.hpp>

#include <atomic>
#include <optional>
#include <string>
#include <thread>
#include <vector>

// Cancels, closes and last ends of channels, and who is told what of them.

using namespace lariat;

namespace {

const std::string closed = "channel: closed: Broken pipe";

}  // namespace

LOOP_TEST_CASE("under a cancel that came before nothing is sent or taken", "[sched][channel]") {
  auto [tx, rx] = channel<int>(2);
  co_await tx.send(1);
  const std::string sent =
      co_await end_under_cancel([&tx = tx]() -> task<> { co_await tx.send(2); });
  const std::string received =
      co_await end_under_cancel([&rx = rx]() -> task<> { (void)co_await rx.receive(); });
  CHECK(sent == "cancelled early");
  CHECK(received == "cancelled early");
  CHECK(rx.size() == 1);
}

LOOP_TEST_CASE("each value that was in a channel is destroyed once", "[sched][channel]") {
  struct counted {
    explicit counted(int& all) noexcept : living(&all) { ++all; }
    counted(counted&& other) noexcept : living(other.living) { ++*living; }
    counted& operator=(counted&&) noexcept = default;
    ~counted() { --*living; }
    int* living;
  };
  int living = 0;
  {
    auto [tx, rx] = channel<counted>(2);
    for (int i = 0; i < 3; ++i) {
      co_await tx.send(counted(living));
      (void)co_await rx.receive();
      CHECK(living == 0);
    }
    co_await tx.send(counted(living));
    CHECK(living == 1);
  }
  CHECK(living == 0);
}

LOOP_TEST_CASE("who never has to wait at a channel starves nobody", "[sched][channel]") {
  auto [tx, rx] = channel<int>(1);
  bool other_ran = false;
  auto other = spawn([&]() -> task<> {
    other_ran = true;
    co_return;
  });
  int values = 0;
  while (!other_ran && values < 1000) {
    co_await tx.send(++values);
    (void)co_await rx.receive();
  }
  CHECK(values <= 128);
  co_await other;
}

LOOP_TEST_CASE("who was refused by the close is not cancelled as well", "[sched][channel]") {
  auto [tx, rx] = channel<int>(1);
  co_await tx.send(1);
  std::vector<std::string> ends;
  auto send = [&, &tx = tx]() -> task<> {
    ends.push_back(co_await end_of(tx.send(2)));
    ends.push_back(co_await end_of(yield()));  // Here the cancel is delivered.
  };
  join_handle<void> first = spawn(send);
  join_handle<void> second = spawn(send);
  co_await settle();
  rx.close();
  first.cancel();
  second.cancel();
  co_await first;
  co_await second;
  CHECK(ends == std::vector<std::string>{closed, "cancelled", closed, "cancelled"});
}

TEST_CASE("the last end of a side goes while a task waits in it: that ends the program",
          "[sched][channel][death]") {
  const std::string by_receiver = last_words_of([]() -> task<> {
    auto ends = channel<int>(1);
    std::optional<channel_receiver<int>> receiver(std::move(ends.receiver));
    auto wait = [&]() -> task<> { (void)co_await receiver->receive(); };
    auto waiting = spawn({.name = "guest"}, wait);
    co_await settle();
    receiver.reset();
  });
  const std::string by_sender = last_words_of([]() -> task<> {
    auto ends = channel<int>(1);
    std::optional<channel_sender<int>> sender(std::move(ends.sender));
    co_await sender->send(1);
    auto wait = [&]() -> task<> { co_await sender->send(2); };
    auto waiting = spawn({.name = "guest"}, wait);
    co_await settle();
    sender.reset();
  });
  for (const std::string& words : {by_receiver, by_sender}) {
    INFO(words);
    CHECK(words.find("the last end of a channel's side was destroyed while task ") != words.npos);
    CHECK(words.find(" \"guest\" (spawned at ") != words.npos);
    CHECK(words.find("channel_end_test.cpp:") != words.npos);
  }
}

LOOP_TEST_CASE("a channel is open as long as one copy of an end is there", "[sched][channel]") {
  auto [tx, rx] = channel<int>(1);
  { const auto copy = rx; }
  { const auto copy = tx; }
  CHECK_FALSE(tx.closed());
  const int sent = 1;
  CHECK(tx.try_send(int(sent)));
  CHECK(rx.try_receive() == sent);
  co_return;
}

LOOP_TEST_CASE("a permit is the last sender if the others have gone", "[sched][channel]") {
  for (const bool used : {true, false}) {
    auto [tx, rx] = channel<int>(1);
    {
      channel_permit<int> permit = co_await tx.reserve();
      { const auto gone = std::move(tx); }
      CHECK_FALSE(rx.closed());
      if (used) CHECK(permit.send(1));
    }
    CHECK(rx.closed());
    CHECK(rx.try_receive().has_value() == used);
  }
}

LOOP_TEST_CASE("a thread's send to a closed channel is refused", "[sched][channel]") {
  auto [tx, rx] = channel<int>(1);
  rx.close();
  bool refused = false;
  on_other_thread([&, &tx = tx] {
    try {
      tx.send_blocking(1);
    } catch (const channel_closed&) {
      refused = true;
    }
  });
  CHECK(refused);
  co_return;
}

THREAD_TEST_CASE("a thread that waits to send is refused by the close", "[sched][channel]") {
  constexpr int rounds = 50;
  int refused = 0;
  for (int i = 0; i < rounds; ++i) {
    auto [tx, rx] = channel<int>(1);
    co_await tx.send(1);
    std::atomic<bool> begins{false};
    std::thread other([&, sender = tx]() mutable {
      begins = true;
      try {
        sender.send_blocking(2);
      } catch (const channel_closed&) {
        ++refused;
      }
    });
    co_await until([&] { return begins.load(); });
    for (int spin = 0; spin < 100 * i; ++spin) detail::pause();  // The later, the surer it waits.
    rx.close();
    other.join();
  }
  CHECK(refused == rounds);
}

LOOP_TEST_CASE("an end may be made later, and let go early", "[sched][channel]") {
  channel_sender<int> to;
  channel_receiver<int> from;
  const auto complaint = logic_error_of([&] { (void)to.try_send(1); });
  CHECK(complaint.find("channel_sender::try_send: this end has no channel") != complaint.npos);
  CHECK_THROWS_AS(from.try_receive(), std::logic_error);
  to.reset();  // There is nothing to let go of.
  auto ends = channel<int>(4);
  to = ends.sender;
  from = std::move(ends.receiver);
  co_await to.send(1);
  to.reset();
  CHECK_FALSE(from.closed());
  ends.sender.reset();
  CHECK(from.closed());
  const std::optional<int> last = co_await from.receive();
  const std::optional<int> none = co_await from.receive();
  CHECK(last == 1);
  CHECK_FALSE(none.has_value());
  CHECK_THROWS_AS(ends.sender.close(), std::logic_error);

  auto others = channel<int>(4);
  from = others.receiver;  // In place of the other one.
  others.receiver.reset();
  CHECK(others.sender.try_send(2));
  from.reset();
  CHECK(others.sender.closed());
}
