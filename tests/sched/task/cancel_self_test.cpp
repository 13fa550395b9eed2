#include "combinator_test.hpp"
#include "fake_loop.hpp"

#include <lariat/sched/scope/when_all.hpp>
#include <lariat/sched/task/cancel_self.hpp>
#include <lariat/sched/task/join_handle.hpp>

#include <stdexcept>
#include <string>

using namespace lariat;

LOOP_TEST_CASE("a task that cancels itself goes on to its next await", "[sched][cancel_self]") {
  bool went_on = false;
  join_handle<void> handle = spawn([&]() -> task<> {
    cancel_self("enough");
    went_on = true;
    co_await yield();
  });
  const std::string end = co_await end_of(handle);
  CHECK(end == "cancelled enough");
  CHECK(went_on);
}

LOOP_TEST_CASE("a task that cancels itself and awaits nothing gives its value",
               "[sched][cancel_self]") {
  join_handle<int> handle = spawn([]() -> task<int> {
    cancel_self();
    co_return 3;
  });
  const int value = co_await handle;
  CHECK(value == 3);
}

LOOP_TEST_CASE("a child of a combinator cancels itself alone", "[sched][cancel_self]") {
  auto quit = []() -> task<int> {
    cancel_self("a child");
    co_await yield();
    co_return 1;
  };
  auto both = co_await when_all_settled(quit(), after(std::chrono::milliseconds(1), 2));
  CHECK(both.first.cancelled());
  CHECK(both.second.has_value());
}

TEST_CASE("cancel_self where no task runs is refused", "[sched][cancel_self]") {
  CHECK_THROWS_AS(cancel_self(), std::logic_error);
}
