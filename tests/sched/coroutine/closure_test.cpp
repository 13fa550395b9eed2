#include <lariat/sched/coroutine/detail/closure.hpp>

#include "fake_loop.hpp"
#include "sanitizer.hpp"

#include <lariat/sched/scope/when_all.hpp>

#include <stdexcept>
#include <string>

using namespace lariat;

namespace {

struct callable {
  task<int> operator()() const;
};
struct lambda_namesake {};
template <class T>
struct wrapper {};

template <class T>
constexpr bool closure_of(const T&) {
  return detail::closure<T>;
}

// The closure is gone when the task runs.
[[maybe_unused]] task<int> returns_a_capturing_lambdas_task(int value) {
  auto lambda = [value](int add) -> task<int> { co_return value + add; };
  return lambda(2);
}

task<int> returns_a_captureless_lambdas_task(int value) {
  auto lambda = [](int inner) -> task<int> { co_return inner; };
  return lambda(value);
}

}  // namespace

TEST_CASE("closures are told from other types", "[sched][closure]") {
  auto lambda = [] {};
  auto capturing = [&lambda] { lambda(); };
  auto generic = [](auto value) { return value; };
  CHECK(closure_of(lambda));
  CHECK(closure_of(capturing));
  CHECK(closure_of(generic));
  CHECK(detail::closure<const decltype(capturing)&>);
  CHECK_FALSE(closure_of(callable()));
  CHECK_FALSE(closure_of(lambda_namesake()));
  CHECK_FALSE(closure_of(&returns_a_captureless_lambdas_task));
  CHECK_FALSE(closure_of(wrapper<decltype(lambda)>()));
  CHECK_FALSE(closure_of(3));
}

// Under AddressSanitizer frames lie elsewhere, so nothing is refused: it finds the use after return
// itself.
#if defined(__GNUC__) && !defined(__clang__) && !UNDER_ADDRESS_SANITIZER
LOOP_TEST_CASE("a capturing lambda's task that was returned is refused when it runs",
               "[sched][closure]") {
  std::string error;
  try {
    (void)co_await returns_a_capturing_lambdas_task(3);
  } catch (const std::logic_error& refusal) {
    error = refusal.what();
  }
  CHECK(error.find("the lambda is gone") != std::string::npos);
}
#endif

LOOP_TEST_CASE("a captureless lambda's task may be returned", "[sched][closure]") {
  const int value = co_await returns_a_captureless_lambdas_task(4);
  CHECK(value == 4);
}

LOOP_TEST_CASE("a capturing lambda may be called in the await expression", "[sched][closure]") {
  int value = 5;
  const int direct = co_await [&]() -> task<int> { co_return value; }();
  CHECK(direct == 5);
}

LOOP_TEST_CASE("a lambda on the awaiting frame may be called and handed to a combinator",
               "[sched][closure]") {
  int value = 6;
  auto lambda = [value]() -> task<int> {
    co_await yield();
    co_return value;
  };
  auto [one, two] = co_await when_all(lambda(), lambda());
  CHECK(one + two == 12);
}
