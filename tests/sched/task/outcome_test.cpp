#include <lariat/sched/cancel/cancelled.hpp>
#include <lariat/sched/task/outcome.hpp>

#ifdef LARIAT_CATCH2_V3
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include <memory>
#include <stdexcept>
#include <string>

using namespace lariat;
using detail::slot;

namespace {

// Counts its objects.
struct counted {
  explicit counted(int& alive) : alive(alive) { ++alive; }
  counted(counted&& other) noexcept : alive(other.alive) { ++alive; }
  ~counted() { --alive; }
  int& alive;
};

}  // namespace

TEST_CASE("an outcome takes over a value, an error or a cancel", "[sched][outcome]") {
  slot<std::string> good;
  good.emplace("text");
  outcome<std::string> value(good);
  CHECK(value.has_value());
  CHECK_FALSE(value.cancelled());
  CHECK(value.error() == nullptr);
  outcome<std::string> moved(std::move(value));
  CHECK(moved.value() == "text");

  slot<std::string> bad;
  bad.fail(std::make_exception_ptr(std::runtime_error("boom")));
  outcome<std::string> error(bad);
  CHECK_FALSE(error.has_value());
  CHECK_FALSE(error.cancelled());
  CHECK_THROWS_WITH(error.value(), "boom");

  slot<void> stopped;
  stopped.fail(std::make_exception_ptr(operation_cancelled("why")));
  outcome<void> cancel(stopped);
  CHECK(cancel.cancelled());
  CHECK_THROWS_AS(cancel.value(), operation_cancelled);
}

TEST_CASE("an outcome of a reference is the object itself", "[sched][outcome]") {
  int object = 1;
  slot<int&> refers;
  refers.emplace(object);
  outcome<int&> value(refers);
  CHECK(&value.value() == &object);
}

TEST_CASE("a slot destroys what it holds, once", "[sched][slot]") {
  int alive = 0;
  {
    slot<counted> first;
    slot<counted> second;
    first.emplace(alive);
    second.take_from(first);
    CHECK(alive == 2);
    first.fail(std::make_exception_ptr(1));  // An error takes the value's place.
    CHECK(alive == 1);
    CHECK(first.has_error());
    { const counted taken = second.take(); }
    CHECK(alive == 1);
  }
  CHECK(alive == 0);
  { slot<counted> never_filled; }
  CHECK(alive == 0);
}

TEST_CASE("an outcome may be assigned: what it had is destroyed", "[sched][outcome]") {
  int alive = 0;
  slot<counted> first;
  slot<counted> second;
  {
    first.emplace(alive);
    second.emplace(alive);
    outcome<counted> kept(first);
    outcome<counted> next(second);
    first.reset();
    second.reset();
    CHECK(alive == 2);
    kept = std::move(next);
    CHECK(kept.has_value());
    slot<counted> bad;
    bad.fail(std::make_exception_ptr(std::runtime_error("boom")));
    kept = outcome<counted>(bad);
    CHECK_FALSE(kept.has_value());
    CHECK_THROWS_WITH(kept.value(), "boom");
  }
  CHECK(alive == 0);
}
