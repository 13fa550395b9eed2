#include <lariat/io/op/poll.hpp>

#include <lariat/io/op/descriptor.hpp>
#include <lariat/sched/cancel/cancelled.hpp>
#include <lariat/sched/task/yield.hpp>
#include <lariat/sched/time/timeout.hpp>

#include "coroutine_test.hpp"
#include "io/pipe_ends.hpp"

#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <system_error>

using namespace lariat;

COROUTINE_TEST_CASE("readable waits until there is something to read", "[io][poll][kernel]") {
  pipe_ends ends;
  std::uint32_t events = 0;
  join_handle<void> waiter =
      spawn([&]() -> task<> { events = co_await io::readable(ends.read.native_handle()); });
  co_await yield();
  co_await yield();
  CHECK(events == 0);
  CHECK(::write(ends.write.native_handle(), "x", 1) == 1);
  co_await waiter;
  CHECK((events & POLLIN) != 0);
}

COROUTINE_TEST_CASE("writable comes at once for an empty pipe", "[io][poll][kernel]") {
  pipe_ends ends;
  std::uint32_t events = co_await io::writable(ends.write.native_handle());
  CHECK((events & POLLOUT) != 0);
}

COROUTINE_TEST_CASE("readable tells of a peer that hung up", "[io][poll][kernel]") {
  pipe_ends ends;
  ends.write = io::descriptor();
  std::uint32_t events = co_await io::readable(ends.read.native_handle());
  CHECK((events & POLLHUP) != 0);
}

COROUTINE_TEST_CASE("readable ends by its timeout", "[io][poll][kernel]") {
  pipe_ends ends;
  bool timed_out = false;
  try {
    co_await timeout(std::chrono::milliseconds(1), io::readable(ends.read.native_handle()));
  } catch (const timeout_error&) {
    timed_out = true;
  }
  CHECK(timed_out);
}

COROUTINE_TEST_CASE("readable of a closed descriptor is an error", "[io][poll]") {
  result<std::uint32_t> events = co_await as_result(io::readable(-1));
  CHECK(events.error == std::errc::bad_file_descriptor);
}
