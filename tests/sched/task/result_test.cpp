#include "fake_loop.hpp"

#include <lariat/sched/loop/operation.hpp>
#include <lariat/sched/task/result.hpp>

#include <memory>
#include <system_error>

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
