#include "combinator_test.hpp"
#include "primitive_test.hpp"

#include <lariat/sched/channel/broadcast.hpp>

#include <optional>
#include <string>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

using text_item = broadcast_item<std::string>;

}  // namespace

LOOP_TEST_CASE("each receiver gets what is sent after it subscribed", "[sched][broadcast]") {
  broadcast<std::string> news(4);
  news.send("before");
  auto a = news.subscribe();
  news.send("one");
  auto b = news.subscribe();
  news.send("two");
  const text_item a1 = co_await a.next();
  const text_item a2 = co_await a.next();
  const text_item b1 = co_await b.next();
  CHECK(a1.value == "one");
  CHECK(a2.value == "two");
  CHECK(b1.value == "two");
  const std::optional<text_item> none = co_await try_timeout(1ms, b.next());
  CHECK_FALSE(none);
}

LOOP_TEST_CASE("receivers that wait are woken", "[sched][broadcast]") {
  broadcast<int> news(4);
  std::string seen;
  auto body = [&](char letter) -> task<> {
    auto receiver = news.subscribe();
    for (;;) {
      const broadcast_item<int> item = co_await receiver.next();
      if (item.closed()) co_return;
      seen += letter + std::to_string(*item.value);
    }
  };
  join_handle<void> a = spawn(body, 'a');
  join_handle<void> b = spawn(body, 'b');
  co_await settle();
  news.send(1);
  co_await settle();
  news.send(2);
  news.send(3);
  co_await settle();
  CHECK(seen == "a1b1a2a3b2b3");
  news.close();
  co_await a;
  co_await b;
}

LOOP_TEST_CASE("a slow receiver is told what it missed, once, and goes on", "[sched][broadcast]") {
  broadcast<int> news(3);
  auto receiver = news.subscribe();
  for (int i = 0; i < 10; ++i) news.send(i);
  const broadcast_item<int> lag = co_await receiver.next();
  CHECK(lag.lagged == 7);
  CHECK_FALSE(lag.value);
  CHECK_FALSE(lag.closed());
  for (int i = 7; i < 10; ++i) {
    const broadcast_item<int> item = co_await receiver.next();
    CHECK(item.value == i);
    CHECK(item.lagged == 0);
  }
}

LOOP_TEST_CASE("a receiver may fall behind between its waking and its running",
               "[sched][broadcast]") {
  broadcast<int> news(1);
  auto body = [&]() -> task<int> {
    auto receiver = news.subscribe();
    const broadcast_item<int> lag = co_await receiver.next();
    const broadcast_item<int> item = co_await receiver.next();
    co_return static_cast<int>(lag.lagged) * 10 + item.value.value_or(-1);
  };
  join_handle<int> handle = spawn(body);
  co_await settle();
  news.send(1);
  news.send(2);
  news.send(3);
  const int value = co_await handle;
  CHECK(value == 23);
}

LOOP_TEST_CASE("a closed broadcast gives what it keeps, then closed", "[sched][broadcast]") {
  broadcast<int> news(2);
  auto receiver = news.subscribe();
  auto copy = receiver;
  news.send(1);
  on_other_thread([&] { news.close(); });
  const broadcast_item<int> last = co_await receiver.next();
  CHECK(last.value == 1);
  const broadcast_item<int> end = co_await receiver.next();
  CHECK(end.closed());
  const std::optional<broadcast_item<int>> again = co_await try_timeout(1ms, receiver.next());
  CHECK((again && again->closed()));
  const broadcast_item<int> of_copy = co_await copy.next();
  CHECK(of_copy.value == 1);
  CHECK_THROWS_AS(news.send(2), std::logic_error);
  CHECK_THROWS_AS(broadcast<int>(0), std::invalid_argument);
}

LOOP_TEST_CASE("a close of a broadcast by another thread happens when the loop hears of it",
               "[sched][broadcast]") {
  broadcast<int> news(2);
  auto receiver = news.subscribe();
  on_other_thread([&] { news.close(); });
  CHECK_NOTHROW(news.send(1));
  const broadcast_item<int> last = co_await receiver.next();
  const broadcast_item<int> end = co_await receiver.next();
  CHECK(last.value == 1);
  CHECK(end.closed());
  CHECK_THROWS_AS(news.send(2), std::logic_error);
}

LOOP_TEST_CASE("a cancel loses no value of a broadcast", "[sched][broadcast]") {
  broadcast<int> news(2);
  auto receiver = news.subscribe();
  const std::optional<broadcast_item<int>> none = co_await try_timeout(1ms, receiver.next());
  CHECK_FALSE(none);
  news.send(1);
  const std::string end =
      co_await end_under_cancel([&]() -> task<> { (void)co_await receiver.next(); });
  CHECK(end == "cancelled early");
  const broadcast_item<int> item = co_await receiver.next();
  CHECK(item.value == 1);
}

LOOP_TEST_CASE("only tasks of its loop use a broadcast", "[sched][broadcast]") {
  broadcast<int> news(1);
  std::string refusals;
  on_other_thread([&] {
    refusals += logic_error_of([&] { return news.send(1), 0; });
    refusals += logic_error_of([&] { return news.subscribe(); });
  });
  for (const char* const name : {"broadcast::send", "broadcast::subscribe"}) {
    CHECK(refusals.find(name) != refusals.npos);
  }
  auto receiver = news.subscribe();
  news.send(2);
  const broadcast_item<int> item = co_await receiver.next();
  CHECK(item.value == 2);
  CHECK(item.lagged == 0);
  co_return;
}
