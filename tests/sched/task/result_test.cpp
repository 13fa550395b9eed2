#include "fake_loop.hpp"
#include "foreign_task.hpp"

#include <lariat/sched/loop/operation.hpp>
#include <lariat/sched/pool/to_pool.hpp>
#include <lariat/sched/task/join_handle.hpp>
#include <lariat/sched/task/result.hpp>
#include <lariat/sched/time/timeout.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <type_traits>

using namespace lariat;

namespace {

// An operation as the io layer has them: it ends with a value or an errno.
class fake_read final : public operation {
 public:
  fake_read(int value, std::errc error) : value_(value), error_(error) {}
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> caller) noexcept {
    prepare(caller);
    if (must_cancel()) {
      error_ = std::errc::operation_canceled;
      return false;
    }
    suspend();
    complete();
    return true;
  }
  int await_resume() const {
    if (error_ == std::errc::operation_canceled) throw_cancelled();
    if (error_ != std::errc()) throw std::system_error(std::make_error_code(error_), "read");
    return value_;
  }
  result<int> await_result() noexcept {
    result<int> ended;
    if (error_ != std::errc()) {
      ended.error = std::make_error_code(error_);
    } else {
      ended.value = value_;
    }
    return ended;
  }
  void cancel() noexcept override {}
  [[nodiscard]] operation_info info() const noexcept override { return {"fake_read", 3}; }

 private:
  int value_;
  std::errc error_;
};

task<int> fails() {
  co_await yield();
  throw std::runtime_error("planned");
}
task<std::unique_ptr<int>> gives(int value) {
  co_await yield();
  co_return std::make_unique<int>(value);
}
task<> waits() { co_await sleep_for(std::chrono::hours(1)); }

// What an outcome's exception says; nothing if it has a value.
template <class T>
std::string text_of(const outcome<T>& ended) {
  if (ended.has_value()) return {};
  try {
    std::rethrow_exception(ended.error());
  } catch (const std::exception& error) {
    return error.what();
  } catch (const operation_cancelled& cancelled) {
    return "cancelled: " + cancelled.reason();
  }
}

}  // namespace

LOOP_TEST_CASE("an operation throws, or gives a result through as_result", "[sched][result]") {
  const int plain = co_await fake_read(3, std::errc());
  CHECK(plain == 3);

  result<int> good = co_await as_result(fake_read(4, std::errc()));
  CHECK(static_cast<bool>(good));
  CHECK(good.value == 4);

  result<int> bad = co_await as_result(fake_read(0, std::errc::connection_reset));
  CHECK_FALSE(static_cast<bool>(bad));
  CHECK(bad.error == std::errc::connection_reset);

  std::error_code code;
  try {
    (void)co_await fake_read(0, std::errc::broken_pipe);
  } catch (const std::system_error& error) {
    code = error.code();
  }
  CHECK(code == std::errc::broken_pipe);
}

LOOP_TEST_CASE("as_result takes a named operation too", "[sched][result]") {
  fake_read named(5, std::errc());
  result<int> ended = co_await as_result(named);
  CHECK(ended.value == 5);
}

TEST_CASE("results of nothing hold an error only", "[sched][result]") {
  result<void> ended;
  CHECK(static_cast<bool>(ended));
  ended.error = std::make_error_code(std::errc::io_error);
  CHECK_FALSE(static_cast<bool>(ended));
}

LOOP_TEST_CASE("as_result of a task gives its value or its exception", "[sched][result]") {
  outcome<std::unique_ptr<int>> value = co_await as_result(gives(3));
  CHECK(value.has_value());
  CHECK_FALSE(value.cancelled());
  CHECK(*value.value() == 3);

  outcome<int> failed = co_await as_result(fails());
  CHECK_FALSE(failed.has_value());
  CHECK_FALSE(failed.cancelled());
  CHECK(text_of(failed) == "planned");
  CHECK_THROWS_AS(failed.value(), std::runtime_error);

  bool ran = false;
  auto nothing = [&]() -> task<> {
    ran = true;
    co_return;
  };
  outcome<void> ended = co_await as_result(nothing());
  CHECK(ran);
  CHECK(ended.has_value());

  int target = 1;
  auto reference = [&]() -> task<int&> { co_return target; };
  outcome<int&> referred = co_await as_result(reference());
  CHECK(&referred.value() == &target);
}

LOOP_TEST_CASE("as_result takes a named task too, once", "[sched][result]") {
  task<std::unique_ptr<int>> named = gives(4);
  outcome<std::unique_ptr<int>> first = co_await as_result(named);
  CHECK(*first.value() == 4);
  bool refused = false;
  try {
    (void)co_await as_result(named);
  } catch (const std::logic_error&) {
    refused = true;  // A mistake of the caller's, and not how the task ended.
  }
  CHECK(refused);
}

LOOP_TEST_CASE("as_result takes combinators, and what other libraries give", "[sched][result]") {
  outcome<void> late = co_await as_result(timeout(std::chrono::milliseconds(1), waits()));
  CHECK(text_of(late).starts_with("timeout: the time was up (1 ms, set at "));

  auto foreign = []() -> foreign_task<int> { co_return 5; };
  outcome<int> given = co_await as_result(foreign());
  CHECK(given.value() == 5);

  auto throwing = []() -> foreign_task<int> {
    throw std::runtime_error("of another library");
    co_return 0;
  };
  outcome<int> thrown = co_await as_result(throwing());
  CHECK(text_of(thrown) == "of another library");

  outcome<int> of_handle = co_await as_result(spawn(fails));
  CHECK(text_of(of_handle) == "planned");
}

LOOP_TEST_CASE("a cancel ends as_result of a task, and is in the outcome", "[sched][result]") {
  std::string seen;
  bool went_on = false;
  auto body = [&]() -> task<> {
    outcome<void> ended = co_await as_result(waits());
    seen = text_of(ended);
    CHECK(ended.cancelled());
    co_await yield();  // The cancel has been delivered.
    went_on = true;
  };
  auto running = spawn(body);
  co_await yield();
  running.cancel("enough");
  co_await running;
  CHECK(seen == "cancelled: enough");
  CHECK(went_on);
}

LOOP_TEST_CASE("as_result works in tasks on a pool", "[sched][result]") {
  auto on_pool = []() -> task<std::string> {
    outcome<int> failed = co_await as_result(fails());
    outcome<std::unique_ptr<int>> value = co_await as_result(gives(6));
    co_return text_of(failed) + std::to_string(*value.value());
  };
  const std::string both = co_await to_pool(on_pool);
  CHECK(both == "planned6");
}
