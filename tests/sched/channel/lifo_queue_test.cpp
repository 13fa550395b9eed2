#include "primitive_test.hpp"

#include <lariat/sched/channel/lifo_queue.hpp>

#include <optional>
#include <vector>

using namespace lariat;

LOOP_TEST_CASE("a lifo_queue gives the last first", "[sched][lifo_queue]") {
  lifo_queue<int> items(3);
  for (const int item : {3, 1, 2}) co_await items.put(item);
  CHECK_FALSE(items.try_put(4));
  std::vector<int> order;
  for (int i = 0; i < 3; ++i) order.push_back((co_await items.get()).value());
  CHECK(order == std::vector{2, 1, 3});
  items.close();
  const std::optional<int> none = co_await items.get();
  CHECK_FALSE(none);
}
