// What the kernel gives up without a reason is submitted again, and nothing else is.

#include <lariat/io/op/detail/op.hpp>

#include <lariat/io/file/file.hpp>
#include <lariat/io/fs.hpp>
#include <lariat/io/net/tcp.hpp>
#include <lariat/io/op/descriptor.hpp>
#include <lariat/io/op/raw_op.hpp>
#include <lariat/runtime/testing.hpp>
#include <lariat/sched/cancel/cancelled.hpp>
#include <lariat/sched/scope/when_all.hpp>
#include <lariat/sched/task/result.hpp>
#include <lariat/sched/task/spawn.hpp>
#include <lariat/sched/task/yield.hpp>
#include <lariat/sched/time/timeout.hpp>
#include <lariat/sched/time/timer.hpp>

#include "coroutine_test.hpp"
#include "io/pipe_ends.hpp"

#include <liburing.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

// A NOP that ends with a result of our choice: IORING_NOP_INJECT_RESULT, Linux 6.10.
void prepare_result(io_uring_sqe& entry, std::int32_t result) {
  ::io_uring_prep_nop(&entry);
  entry.rw_flags = 1;
  entry.len = static_cast<std::uint32_t>(result);
}

// Whether the kernel does so.
task<bool> can_inject() {
  const auto prepare = [](io_uring_sqe& entry) { prepare_result(entry, -7); };
  const std::int32_t result = co_await io::raw_op(prepare);
  if (result == -7) co_return true;
  WARN("this kernel cannot inject results");
  co_return false;
}

// Awaits an operation that fails by `error` so often, then gives 7.
task<std::int32_t> inject(std::int32_t error, int times) {
  int prepared = 0;
  const auto prepare = [&](io_uring_sqe& entry) {
    // The second look at a failed try is no submission.
    prepare_result(entry, prepared++ / 2 < times ? error : 7);
  };
  const std::int32_t result = co_await io::raw_op(prepare);
  co_return result;
}

}  // namespace

COROUTINE_TEST_CASE("an operation that the kernel gives up is submitted again",
                    "[io][op][kernel]") {
  const bool can = co_await can_inject();
  if (!can) co_return;
  for (const std::int32_t error : {-ECANCELED, -EINTR, -EAGAIN, -512}) {  // ERESTARTSYS
    for (const int times : {1, 2, 3, 6}) {
      const std::int32_t result = co_await inject(error, times);
      CHECK(result == 7);
    }
  }
}

COROUTINE_TEST_CASE("an operation that is given up for ever fails in the end, and not as cancelled",
                    "[io][op][kernel]") {
  const bool can = co_await can_inject();
  if (!can) co_return;
  auto both = co_await when_all(inject(-ECANCELED, 1000), inject(-EINTR, 1000));
  CHECK(both.first == -EAGAIN);
  CHECK(both.second == -EINTR);
}

COROUTINE_TEST_CASE("a cancel ends the pause before the next try", "[io][op][kernel]") {
  const bool can = co_await can_inject();
  if (!can) co_return;
  bool cancelled = false;
  auto trying = spawn([&]() -> task<> {
    try {
      (void)co_await inject(-EAGAIN, 1000);
    } catch (const operation_cancelled&) {
      cancelled = true;
    }
  });
  for (int turn = 0; turn < 100; ++turn) co_await yield();  // It is in a pause by now.
  trying.cancel();
  co_await trying;
  CHECK(cancelled);
}

COROUTINE_TEST_CASE("a read waits, though its descriptor does not", "[io][op][kernel]") {
  pipe_ends ends;
  const int reader = ends.read.native_handle();
  REQUIRE(::fcntl(reader, F_SETFL, O_NONBLOCK) == 0);
  io::file file{std::move(ends.read)};
  std::array<std::byte, 8> buffer;
  auto reading = spawn([&]() -> task<std::size_t> {
    const std::size_t count = co_await file.read_some(buffer);
    co_return count;
  });
  for (int turn = 0; turn < 20; ++turn) co_await yield();
  CHECK_FALSE(reading.done());
  REQUIRE(::write(ends.write.native_handle(), "x", 1) == 1);
  const std::size_t count = co_await reading;
  CHECK(count == 1);
}

COROUTINE_TEST_CASE("what asks not to wait is told so", "[io][op][kernel]") {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  const io::descriptor one(ends[0]);
  const io::descriptor other(ends[1]);
  char byte = 0;
  const auto prepare = [&](io_uring_sqe& entry) {
    ::io_uring_prep_recv(&entry, one.native_handle(), &byte, 1, MSG_DONTWAIT);
  };
  const std::int32_t result = co_await io::raw_op(prepare);
  CHECK(result == -EAGAIN);
}

COROUTINE_TEST_CASE("EAGAIN that is an answer is told", "[io][op][kernel]") {
  io::tcp_listener listener = io::tcp_listener::bind(io::address("127.0.0.1", 0));
  const auto accept = [&](io_uring_sqe& entry) {
    ::io_uring_prep_accept(&entry, listener.native_handle(), nullptr, nullptr, SOCK_CLOEXEC);
    entry.ioprio = 2;  // IORING_ACCEPT_DONTWAIT, Linux 6.10
  };
  const std::int32_t accepted = co_await io::raw_op(accept);
  CHECK((accepted == -EAGAIN || accepted == -EINVAL));

  const std::uint32_t word = 1;
  const auto wait = [&](io_uring_sqe& entry) {
    ::io_uring_prep_nop(&entry);
    entry.opcode = 51;  // IORING_OP_FUTEX_WAIT, Linux 6.7, for a private word of 32 bits
    entry.fd = 0x2 | 0x80;
    entry.addr = reinterpret_cast<std::uintptr_t>(&word);
    entry.addr2 = 2;
    entry.addr3 = ~std::uint64_t{0};
  };
  const std::int32_t waited = co_await io::raw_op(wait);
  CHECK((waited == -EAGAIN || waited == -EINVAL));
}

// A profiler's signals, while the kernel makes its worker threads.
TEST_CASE("file operations survive signals", "[io][op][kernel]") {
  struct sigaction ours {};
  struct sigaction before {};
  ours.sa_handler = [](int) {};
  ours.sa_flags = SA_RESTART;
  REQUIRE(::sigaction(SIGPROF, &ours, &before) == 0);
  std::atomic<int> failed{0};
  for (int round = 0; round < 60; ++round) {
    std::atomic<bool> over{false};
    std::atomic<bool> may_end{false};
    std::thread worker([&] {
      run_on_fresh_loop([&]() -> task<> {
        std::vector<task<>> all;
        const auto one = [&]() -> task<> {
          const auto found = co_await as_result(io::fs::stat("/proc/self"));
          if (found.error) ++failed;
        };
        for (int i = 0; i < 24; ++i) all.push_back(one());
        co_await when_all(std::move(all));
      });
      over = true;
      while (!may_end) std::this_thread::yield();
    });
    while (!over) {
      ::pthread_kill(worker.native_handle(), SIGPROF);
      for (int i = 0; i < 300 + round * 50; ++i)
        std::atomic_signal_fence(std::memory_order_seq_cst);
    }
    may_end = true;
    worker.join();
  }
  ::sigaction(SIGPROF, &before, nullptr);
  CHECK(failed == 0);
}

TEST_CASE("nothing shows of what a kernel gives up", "[io][op][simulated]") {
  lariat::testing::explore(100, [](lariat::testing::simulation& world) -> task<> {
    io::testing::fault_plan plan;
    plan.given_up = 0.4;
    world.set_faults(plan);
    const std::string text(3000, 't');
    co_await io::fs::write_file("/a", text);
    const std::string read = co_await io::fs::read_file("/a");
    lariat::testing::require(read == text, "another text");
    const io::address name("10.0.0.2", 80);
    io::tcp_listener listener = io::tcp_listener::bind(name);
    auto both = co_await when_all(io::tcp_stream::connect(name), listener.accept());
    co_await both.first.write_all(io::bytes_of(text));
    std::string arrived(text.size(), '\0');
    co_await both.second.read_exact(std::as_writable_bytes(std::span(arrived)));
    lariat::testing::require(arrived == text, "another text arrived");
  });
}

TEST_CASE("a cancel and what the kernel gives up may come together", "[io][op][simulated]") {
  int cancelled = 0;
  int read = 0;
  lariat::testing::explore(400, [&](lariat::testing::simulation& world) -> task<> {
    io::testing::fault_plan plan;
    plan.given_up = 0.5;
    world.set_faults(plan);
    co_await io::fs::write_file("/a", std::string("text"));
    io::file file = co_await io::file::open("/a");
    std::array<std::byte, 4> buffer;
    const auto limit = std::chrono::nanoseconds(world.random(100'000));
    const auto count = co_await try_timeout(limit, file.read_at(0, buffer));
    ++(count.has_value() ? read : cancelled);
  });
  CHECK(cancelled > 20);
  CHECK(read > 20);
}

TEST_CASE("an operation that was cancelled and interrupted has ended by the cancel",
          "[io][op][simulated]") {
  int cancelled = 0;
  lariat::testing::explore(400, [&](lariat::testing::simulation& world) -> task<> {
    const io::address name("10.0.0.2", 80);
    io::tcp_listener listener = io::tcp_listener::bind(name);
    auto both = co_await when_all(io::tcp_stream::connect(name), listener.accept());
    io::testing::fault_plan plan;
    plan.given_up = 0.5;
    plan.delayed = 1;
    world.set_faults(plan);
    std::error_code ended;
    auto writing = spawn([&]() -> task<> {
      ended = (co_await as_result(both.first.write_some(io::bytes_of("text")))).error;
    });
    co_await sleep_for(std::chrono::nanoseconds(world.random(100'000)));
    writing.cancel();
    (void)co_await as_result(writing);
    if (ended) {
      lariat::testing::require(ended == std::errc::operation_canceled, ended.message());
      ++cancelled;
    }
  });
  CHECK(cancelled > 20);
}
