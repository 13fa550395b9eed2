#include <lariat/io/op/raw_op.hpp>

#include <lariat/sched/cancel/cancelled.hpp>
#include <lariat/sched/task/yield.hpp>

#include "coroutine_test.hpp"

#include <liburing.h>

#include <cerrno>
#include <cstdint>

using namespace lariat;

COROUTINE_TEST_CASE("raw_op gives the result of the entry that it filled in", "[io][raw_op]") {
  std::int32_t result =
      co_await io::raw_op([](io_uring_sqe& entry) { ::io_uring_prep_nop(&entry); });
  CHECK(result == 0);
}

COROUTINE_TEST_CASE("raw_op gives an errno as a negative number", "[io][raw_op]") {
  std::int32_t result =
      co_await io::raw_op([](io_uring_sqe& entry) { ::io_uring_prep_fsync(&entry, -1, 0); });
  CHECK(result == -EBADF);
}

COROUTINE_TEST_CASE("raw_op ends by a cancel", "[io][raw_op]") {
  bool cancelled = false;
  join_handle<void> waiter = spawn([&]() -> task<> {
    __kernel_timespec forever{};
    forever.tv_sec = 1'000'000;
    try {
      co_await io::raw_op(
          [&](io_uring_sqe& entry) { ::io_uring_prep_timeout(&entry, &forever, 0, 0); });
    } catch (const operation_cancelled&) {
      cancelled = true;
    }
  });
  co_await yield();
  co_await yield();
  waiter.cancel();
  co_await waiter;
  CHECK(cancelled);
}
