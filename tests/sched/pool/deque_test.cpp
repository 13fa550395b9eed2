#include "coroutine_test.hpp"

#include <lariat/sched/pool/detail/deque.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

using namespace lariat::detail;

namespace {

using deque = basic_deque<std::intptr_t, std::atomic, deque_fences>;

void push(deque& where, std::intptr_t item) {
  where.push(1, [item](std::size_t) { return item; });
}

// 0 if there is none; -1 if it is the owner's own yet.
std::intptr_t steal(deque& where) {
  std::intptr_t item = 0;
  const steal_result result = where.steal(item);
  if (result == steal_result::hidden) return -1;
  return result == steal_result::stolen ? item : 0;
}

std::intptr_t pop(deque& where) {
  std::intptr_t item = 0;
  return where.pop(item) ? item : 0;
}

}  // namespace

TEST_CASE("the owner of a deque takes its newest item, a thief the oldest", "[sched][deque]") {
  deque items;
  for (std::intptr_t i = 1; i <= 4; ++i) push(items, i);
  items.share();
  CHECK(steal(items) == 1);
  CHECK(pop(items) == 4);
  CHECK(steal(items) == 2);
  CHECK(pop(items) == 3);
  CHECK(pop(items) == 0);
  CHECK(steal(items) == 0);
}

TEST_CASE("several items are pushed at once, the first below", "[sched][deque]") {
  deque items;
  items.push(3, [](std::size_t i) { return static_cast<std::intptr_t>(i) + 1; });
  CHECK(pop(items) == 3);
  CHECK(pop(items) == 2);
  CHECK(pop(items) == 1);
  CHECK(pop(items) == 0);
}

TEST_CASE("what is private is hidden from thieves until the owner shares it, and they ask for it",
          "[sched][deque]") {
  deque items;
  push(items, 1);
  CHECK_FALSE(items.asked());
  CHECK(steal(items) == -1);
  CHECK(items.asked());
  push(items, 2);
  items.share();
  CHECK_FALSE(items.asked());
  CHECK(steal(items) == 1);
  push(items, 3);
  CHECK(steal(items) == 2);
  CHECK(steal(items) == -1);  // 3 came after the sharing.
  CHECK(pop(items) == 3);
}

TEST_CASE("an empty deque is not asked", "[sched][deque]") {
  deque items;
  CHECK(steal(items) == 0);
  CHECK_FALSE(items.asked());
  CHECK_FALSE(items.maybe_filled());
  push(items, 1);
  CHECK(items.maybe_filled());
}

TEST_CASE("a raid takes what is private", "[sched][deque]") {
  deque items;
  push(items, 1);
  push(items, 2);
  std::intptr_t item = 0;
  CHECK(items.raid(item) == steal_result::stolen);
  CHECK(item == 1);
  CHECK(pop(items) == 2);
  CHECK(items.raid(item) == steal_result::empty);
}

TEST_CASE("a deque grows, and keeps its items in order", "[sched][deque]") {
  deque items;
  constexpr std::intptr_t count = 5000;  // It begins with 256.
  for (std::intptr_t i = 1; i <= count; ++i) push(items, i);
  items.share();
  for (std::intptr_t i = 1; i <= count / 2; ++i) REQUIRE(steal(items) == i);
  for (std::intptr_t i = count; i > count / 2; --i) REQUIRE(pop(items) == i);
  CHECK(pop(items) == 0);
}

TEST_CASE("owner and thieves together take each item once", "[sched][deque]") {
  constexpr std::intptr_t count = 200'000;
  deque items;
  std::vector<std::atomic<int>> taken(count + 1);
  std::atomic<std::intptr_t> left{count};
  const auto take = [&](std::intptr_t item) {
    taken[static_cast<std::size_t>(item)].fetch_add(1, std::memory_order_relaxed);
    left.fetch_sub(1, std::memory_order_relaxed);
  };
  const auto rob = [&](bool raids) {
    while (left.load(std::memory_order_relaxed) > 0) {
      std::intptr_t item = 0;
      steal_result result = items.steal(item);
      if (result == steal_result::hidden && raids) result = items.raid(item);
      if (result == steal_result::stolen) take(item);
    }
  };
  std::thread thief(rob, false);
  std::thread raider(rob, true);
  std::intptr_t next = 1;
  while (left.load(std::memory_order_relaxed) > 0) {
    for (int i = 0; i < 3 && next <= count; ++i) push(items, next++);
    if (items.asked()) items.share();
    for (int i = 0; i < 2; ++i) {
      if (const std::intptr_t item = pop(items); item != 0) take(item);
    }
  }
  thief.join();
  raider.join();
  std::size_t wrong = 0;
  for (std::size_t i = 1; i < taken.size(); ++i) wrong += taken[i] != 1 ? 1 : 0;
  CHECK(wrong == 0);
}
