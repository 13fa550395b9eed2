#include <lariat/sched/cancel/cancelled.hpp>
#include <lariat/sched/cancel/detail/is_cancelled.hpp>
#include <lariat/sched/task/exception_group.hpp>

#ifdef LARIAT_CATCH2_V3
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include <stdexcept>
#include <string>

using namespace lariat;

TEST_CASE("an exception group lists its errors", "[sched][exception_group]") {
  const exception_group none("nobody", {});
  CHECK(std::string(none.what()) == "nobody: 0 failures");
  const exception_group one("group", {std::make_exception_ptr(std::runtime_error("a"))});
  CHECK(std::string(one.what()) == "group: 1 failure: a");
  const exception_group more(
      "group", {std::make_exception_ptr(std::runtime_error("a")), std::make_exception_ptr(3),
                std::make_exception_ptr(operation_cancelled("why")),
                std::make_exception_ptr(operation_cancelled(""))});
  CHECK(std::string(more.what()) ==
        "group: 4 failures: a; an exception that is no std::exception; cancelled: why; cancelled");
  CHECK(more.errors().size() == 4);
}

TEST_CASE("an exception group is split by type, and keeps the order", "[sched][exception_group]") {
  const std::exception_ptr a = std::make_exception_ptr(std::runtime_error("a"));
  const std::exception_ptr b = std::make_exception_ptr(std::logic_error("b"));
  const std::exception_ptr c = std::make_exception_ptr(std::overflow_error("c"));
  const exception_group group("group", {a, b, c});
  const auto [runtime, rest] = group.split<std::runtime_error>();
  CHECK(runtime == std::vector{a, c});
  CHECK(rest == std::vector{b});
}

TEST_CASE("is_cancelled knows cancels from other errors", "[sched][cancelled]") {
  CHECK(detail::is_cancelled(std::make_exception_ptr(operation_cancelled("x"))));
  CHECK_FALSE(detail::is_cancelled(std::make_exception_ptr(std::runtime_error("x"))));
  CHECK_FALSE(detail::is_cancelled(nullptr));
}
