#include "count_allocations.hpp"
#include "primitive_test.hpp"

#include <lariat/sched/channel/queue.hpp>
#include <lariat/sched/scope/when_all.hpp>

#include <memory>
#include <optional>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

task<int> get_one(queue<int>& from) {
  const std::optional<int> item = co_await from.get();
  co_return item.value_or(-1);
}

task<> put_one(queue<int>& into, int item) { co_await into.put(item); }

}  // namespace

LOOP_TEST_CASE("items come out in the order in which they went in", "[sched][queue]") {
  queue<int> items;
  for (int i = 0; i < 100; ++i) co_await items.put(i);
  CHECK(items.size() == 100);
  for (int i = 0; i < 50; ++i) {
    const std::optional<int> item = co_await items.get();
    CHECK(item == i);
  }
  for (int i = 100; i < 200; ++i) co_await items.put(i);  // Wraps, then grows.
  for (int i = 50; i < 200; ++i) {
    const std::optional<int> item = items.try_get();
    CHECK(item == i);
  }
  CHECK(items.empty());
  CHECK_FALSE(items.try_get());
}

LOOP_TEST_CASE("who waits longest gets the first item", "[sched][queue]") {
  queue<int> items;
  join_handle<int> a = spawn(get_one, std::ref(items));
  join_handle<int> b = spawn(get_one, std::ref(items));
  co_await settle();
  co_await items.put(1);
  CHECK(items.empty());  // It is the first waiter's already.
  CHECK_FALSE(items.try_get());
  CHECK(items.try_put(2));
  const int first = co_await a;
  const int second = co_await b;
  CHECK(first == 1);
  CHECK(second == 2);
}

LOOP_TEST_CASE("put waits while the queue is full, in the order of coming", "[sched][queue]") {
  queue<int> items(2);
  co_await items.put(1);
  co_await items.put(2);
  CHECK(items.full());
  CHECK_FALSE(items.try_put(9));
  join_handle<void> a = spawn(put_one, std::ref(items), 3);
  join_handle<void> b = spawn(put_one, std::ref(items), 4);
  co_await settle();
  CHECK_FALSE(a.done());
  CHECK(items.try_get() == 1);
  CHECK(items.full());  // The first waiter's item is in.
  co_await a;
  CHECK_FALSE(b.done());
  const std::optional<int> second = co_await items.get();
  CHECK(second == 2);
  co_await b;
  CHECK(items.try_get() == 3);
  CHECK(items.try_get() == 4);
}

LOOP_TEST_CASE("a cancelled get takes nothing, a cancelled put puts nothing", "[sched][queue]") {
  queue<int> items(1);
  join_handle<int> a = spawn(get_one, std::ref(items));
  join_handle<int> b = spawn(get_one, std::ref(items));
  co_await settle();
  a.cancel();
  co_await items.put(1);
  const outcome<int> end = co_await as_result(a);
  CHECK(end.cancelled());
  const int got = co_await b;
  CHECK(got == 1);

  co_await items.put(2);
  join_handle<void> c = spawn(put_one, std::ref(items), 3);
  join_handle<void> d = spawn(put_one, std::ref(items), 4);
  co_await settle();
  c.cancel();
  CHECK(items.try_get() == 2);
  const outcome<void> put = co_await as_result(c);
  CHECK(put.cancelled());
  co_await d;
  CHECK(items.try_get() == 4);
  CHECK(items.empty());
}

LOOP_TEST_CASE("who was given an item has it, and a cancel stays pending", "[sched][queue]") {
  queue<int> items;
  int got = 0;
  auto body = [&]() -> task<> {
    got = (co_await items.get()).value();
    co_await yield();
    got = 100;
  };
  join_handle<void> other = spawn(body);
  co_await settle();
  co_await items.put(7);
  other.cancel();
  const outcome<void> end = co_await as_result(other);
  CHECK(end.cancelled());
  CHECK(got == 7);
}

LOOP_TEST_CASE("a timeout loses no item", "[sched][queue]") {
  queue<std::unique_ptr<int>> items(1);
  bool late = false;
  try {
    (void)co_await timeout(1ms, items.get());
  } catch (const timeout_error&) {
    late = true;
  }
  CHECK(late);
  co_await timeout(1ms, items.put(std::make_unique<int>(5)));
  late = false;
  try {
    co_await timeout(1ms, items.put(std::make_unique<int>(6)));
  } catch (const timeout_error&) {
    late = true;
  }
  CHECK(late);
  const std::optional<std::unique_ptr<int>> item = co_await timeout(1ms, items.get());
  CHECK(**item == 5);
  CHECK(items.empty());
}

LOOP_TEST_CASE("a refused item is as it was", "[sched][queue]") {
  queue<std::unique_ptr<int>> items(1);
  CHECK(items.try_put(std::make_unique<int>(1)));
  auto second = std::make_unique<int>(2);
  CHECK_FALSE(items.try_put(std::move(second)));
  CHECK(second != nullptr);
  co_return;
}

LOOP_TEST_CASE("a closed queue is emptied, then gives nothing", "[sched][queue]") {
  queue<int> items(1);
  co_await items.put(1);
  join_handle<void> putter = spawn(put_one, std::ref(items), 2);
  co_await settle();
  items.close();
  items.close();
  CHECK(items.closed());
  outcome<void> refused = co_await as_result(putter);
  CHECK_THROWS_AS(refused.value(), queue_closed);
  CHECK_FALSE(items.try_put(3));
  bool thrown = false;
  try {
    co_await items.put(4);
  } catch (const queue_closed&) {
    thrown = true;
  }
  CHECK(thrown);
  const std::optional<int> first = co_await items.get();
  const std::optional<int> none = co_await items.get();
  CHECK(first == 1);
  CHECK_FALSE(none);
}

LOOP_TEST_CASE("close tells those who wait for items", "[sched][queue]") {
  queue<int> items;
  join_handle<int> a = spawn(get_one, std::ref(items));
  join_handle<int> b = spawn(get_one, std::ref(items));
  co_await settle();
  items.close();
  const int first = co_await a;
  const int second = co_await b;
  CHECK(first == -1);
  CHECK(second == -1);
}

LOOP_TEST_CASE("join waits until each item is done", "[sched][queue]") {
  queue<int> items;
  co_await items.join();  // Nothing was put.
  std::string order;
  auto joiner = [&]() -> task<> {
    co_await items.join();
    order += 'j';
  };
  co_await items.put(1);
  co_await items.put(2);
  join_handle<void> end = spawn(joiner);
  for (int i = 0; i < 2; ++i) {
    (void)co_await items.get();
    co_await settle();
    CHECK(order.empty());
    items.task_done();
  }
  co_await end;
  CHECK(order == "j");
  const std::string over = logic_error_of([&] {
    items.task_done();
    return 0;
  });
  CHECK(over.find("queue::task_done: no item is left") != over.npos);
}

LOOP_TEST_CASE("items that go from hand to hand count for join", "[sched][queue]") {
  queue<int> items(1);
  join_handle<int> getter = spawn(get_one, std::ref(items));
  co_await settle();
  co_await items.put(1);  // To the getter.
  co_await items.put(2);
  join_handle<void> putter = spawn(put_one, std::ref(items), 3);
  co_await settle();
  CHECK(items.try_get() == 2);  // The putter's comes in.
  co_await putter;
  (void)co_await getter;
  for (int i = 0; i < 3; ++i) items.task_done();
  co_await items.join();
  CHECK_THROWS_AS(items.task_done(), std::logic_error);
}

LOOP_TEST_CASE("close_now empties the queue, and what was in it counts as done", "[sched][queue]") {
  queue<std::shared_ptr<int>> items;
  const auto item = std::make_shared<int>(1);
  for (int i = 0; i < 3; ++i) co_await items.put(item);
  (void)co_await items.get();
  auto joiner = [&]() -> task<> { co_await items.join(); };
  join_handle<void> end = spawn(joiner);
  co_await settle();
  items.close_now();
  CHECK(item.use_count() == 1);
  CHECK(items.empty());
  const std::optional<std::shared_ptr<int>> none = co_await items.get();
  CHECK_FALSE(none);
  CHECK_FALSE(end.done());
  items.task_done();  // The one that was taken.
  co_await end;
}

LOOP_TEST_CASE("another thread may close, and say that items are done", "[sched][queue]") {
  queue<int> items;
  co_await items.put(1);
  co_await items.put(2);
  co_await items.put(3);
  (void)items.try_get();
  (void)items.try_get();
  on_other_thread([&] {
    items.task_done();
    items.task_done();
    items.close_now();
  });
  co_await items.join();
  CHECK(items.closed());
  CHECK(items.empty());
}

TEST_CASE("another thread that is done too often ends the program", "[sched][queue]") {
  const std::string output = last_words_of_request([] { return std::make_unique<queue<int>>(); },
                                                   [](const auto& items) { items->task_done(); });
  CHECK(output.find("queue::task_done, on another thread") != output.npos);
}

LOOP_TEST_CASE("items that are always there starve nobody, nor the cancel", "[sched][queue]") {
  queue<int> items;
  int turns = 0;
  auto body = [&]() -> task<> {
    for (;; ++turns) {
      co_await items.put(1);
      (void)co_await items.get();
    }
  };
  join_handle<void> other = spawn(body);
  co_await yield();
  co_await yield();
  CHECK(turns > 0);
  other.cancel();
  const outcome<void> end = co_await as_result(other);
  CHECK(end.cancelled());
}

LOOP_TEST_CASE("producers and consumers end with the queue", "[sched][queue]") {
  queue<int> items(4);
  long sum = 0;
  auto producer = [&](int from) -> task<> {
    for (int i = from; i < from + 1000; ++i) co_await items.put(i);
  };
  auto consumer = [&]() -> task<> {
    for (;;) {
      const std::optional<int> item = co_await items.get();
      if (!item) co_return;
      sum += *item;
      if (*item % 7 == 0) co_await yield();
    }
  };
  join_handle<void> a = spawn(consumer);
  join_handle<void> b = spawn(consumer);
  co_await when_all(producer(0), producer(1000), producer(2000));
  items.close();
  co_await a;
  co_await b;
  CHECK(sum == 2999L * 3000 / 2);
}

#if COUNT_ALLOCATIONS
LOOP_TEST_CASE("a queue that has grown allocates nothing", "[sched][queue][allocation]") {
  queue<int> items(4);
  const auto step = [&]() -> task<> {
    for (int i = 0; i < 4; ++i) co_await items.put(i);
    join_handle<void> putter = spawn(put_one, std::ref(items), 4);
    co_await yield();
    for (int i = 0; i < 4; ++i) (void)co_await items.get();
    co_await putter;
    (void)co_await items.get();
    join_handle<int> getter = spawn(get_one, std::ref(items));
    co_await yield();
    co_await items.put(5);
    (void)co_await getter;
  };
  const std::uint64_t during = co_await allocations_once_warm(step);
  CHECK(during == 0);
}
#endif
