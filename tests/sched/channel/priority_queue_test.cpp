#include "primitive_test.hpp"

#include <lariat/sched/channel/priority_queue.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

using namespace lariat;

LOOP_TEST_CASE("a priority_queue gives the least first", "[sched][priority_queue]") {
  priority_queue<int> items;
  for (const int item : {3, 1, 2}) co_await items.put(item);
  std::vector<int> order;
  for (int i = 0; i < 3; ++i) order.push_back((co_await items.get()).value());
  CHECK(order == std::vector{1, 2, 3});
}

LOOP_TEST_CASE("equal items of a priority_queue keep their order", "[sched][priority_queue]") {
  struct job {
    int urgency;
    char name;
  };
  const auto before = [](const job& a, const job& b) { return a.urgency > b.urgency; };
  priority_queue<job, std::function<bool(const job&, const job&)>> jobs(0, before);
  for (const char name : {'a', 'b', 'c', 'd', 'e', 'f'}) {
    co_await jobs.put(job{name % 2, name});
  }
  std::string order;
  for (int i = 0; i < 6; ++i) {
    const std::optional<job> next = jobs.try_get();
    order += next->name;
  }
  CHECK(order == "acebdf");
}

LOOP_TEST_CASE("a full priority_queue makes room for the first who waits",
               "[sched][priority_queue]") {
  priority_queue<int> items(2);
  auto put = [&](int item) -> task<> { co_await items.put(item); };
  co_await items.put(5);
  co_await items.put(6);
  join_handle<void> a = spawn(put, 9);
  join_handle<void> b = spawn(put, 1);
  co_await settle();
  std::vector<int> order;
  for (int i = 0; i < 4; ++i) order.push_back((co_await items.get()).value());
  CHECK(order == std::vector{5, 6, 1, 9});
  co_await a;
  co_await b;
}
