#include <lariat/io/driver/loop_driver.hpp>

#include <lariat/io/op/descriptor.hpp>
#include <lariat/io/op/detail/multishot.hpp>
#include <lariat/io/op/raw_op.hpp>
#include <lariat/sched/cancel/cancelled.hpp>
#include <lariat/sched/task/join_handle.hpp>
#include <lariat/sched/task/yield.hpp>

#include "child_process.hpp"
#include "coroutine_test.hpp"
#include "io/pipe_ends.hpp"
#include "process_state.hpp"

#include <liburing.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace lariat;

namespace {

auto read_op(int fd, std::span<char> into) {
  return io::raw_op([fd, into](io_uring_sqe& entry) {
    ::io_uring_prep_read(&entry, fd, into.data(), static_cast<unsigned>(into.size()), -1);
  });
}

auto write_op(int fd, std::string_view text) {
  return io::raw_op([fd, text](io_uring_sqe& entry) {
    ::io_uring_prep_write(&entry, fd, text.data(), static_cast<unsigned>(text.size()), -1);
  });
}

auto nop() {
  return io::raw_op([](io_uring_sqe& entry) { ::io_uring_prep_nop(&entry); });
}

// Runs `body(driver)` on a loop over a driver made with `options`.
template <class Body>
void run_with(io::loop_driver_options options, Body body) {
  io::loop_driver driver(options);
  run_on_loop_over(driver, [&] { return body(driver); });
}

// A poll that completes each time the descriptor becomes readable.
class readable_poll final : public io::detail::multishot {
 public:
  explicit readable_poll(int fd) noexcept : fd_(fd) {}
  void prepare_entry(io_uring_sqe& entry) noexcept override {
    ::io_uring_prep_poll_multishot(&entry, fd_, POLLIN);
  }
  void on_completion(std::int32_t result, std::uint32_t, bool more) noexcept override {
    ++completions;
    last_result = result;
    over = !more;
  }
  int completions = 0;
  std::int32_t last_result = 0;
  bool over = false;

 private:
  int fd_;
};

}  // namespace

TEST_CASE("operations complete on each step of the flag ladder", "[io][loop_driver]") {
  for (int step = 0; step < 3; ++step) {
    io::loop_driver_options options;
    options.flag_step = step;
    run_with(options, [step](io::loop_driver& driver) -> task<> {
      pipe_ends ends;
      std::array<char, 8> buffer{};
      join_handle<std::int32_t> reader = spawn([&]() -> task<std::int32_t> {
        co_return co_await read_op(ends.read.native_handle(), buffer);
      });
      co_await yield();
      std::int32_t written = co_await write_op(ends.write.native_handle(), "hello");
      std::int32_t read = co_await reader;
      CHECK(written == 5);
      CHECK(read == 5);
      CHECK(std::string_view(buffer.data(), 5) == "hello");
      CHECK(driver.flag_step() == step);
    });
  }
}

TEST_CASE("a driver may be made on another thread than its loop runs on", "[io][loop_driver]") {
  io::loop_driver driver;
  std::int32_t result = -1;
  std::thread([&] {
    run_on_loop_over(driver, [&]() -> task<> { result = co_await nop(); });
  }).join();
  CHECK(result == 0);
}

TEST_CASE("park sleeps until its deadline", "[io][loop_driver]") {
  io::loop_driver driver;
  const clock_ns deadline = monotonic_now() + 5'000'000;
  while (monotonic_now() < deadline) driver.park(deadline);
  // One for the message that the driver sends to itself at the start, one for the wait; a driver
  // that does not sleep would need thousands.
  CHECK(driver.counts().waits < 10);
}

TEST_CASE("a deadline in the past does not wait", "[io][loop_driver]") {
  io::loop_driver driver;
  driver.park(0);
  driver.park(monotonic_now() - 1);
  CHECK(driver.in_flight() == 0);
}

TEST_CASE("poll without pending work makes no system call", "[io][loop_driver]") {
  io::loop_driver driver;
  driver.park(0);
  driver.park(0);
  const std::uint64_t before = driver.counts().enters;
  for (int i = 0; i < 100; ++i) driver.poll();
  CHECK(driver.counts().enters == before);
}

TEST_CASE("wake ends a park, from any thread and before or after it began", "[io][loop_driver]") {
  for (io::wake_method method : {io::wake_method::event, io::wake_method::message}) {
    for (int step = 0; step < 3; ++step) {
      io::loop_driver_options options;
      options.wake = method;
      options.flag_step = step;
      io::loop_driver driver(options);
      driver.park(0);
      driver.park(0);  // Takes the message that the driver sent to itself.
      for (int round = 0; round < 100; ++round) {
        std::thread waker([&] { driver.wake(); });
        driver.park(no_deadline);  // A lost wake-up would hang here.
        waker.join();
        driver.park(0);  // The event and the message may both leave something behind.
      }
      driver.wake();
      driver.park(no_deadline);
      CHECK((method == io::wake_method::message || driver.wakes_by() == io::wake_method::event));
    }
  }
}

TEST_CASE("a wake before the driver first runs is not lost", "[io][loop_driver]") {
  io::loop_driver_options options;
  options.wake = io::wake_method::event;
  io::loop_driver driver(options);
  std::thread([&] { driver.wake(); }).join();
  driver.park(no_deadline);
  CHECK(driver.counts().waits == 1);
}

TEST_CASE("more operations than the queues hold all complete", "[io][loop_driver]") {
  io::loop_driver_options options;
  options.entries = 64;
  options.completions = 128;
  run_with(options, [](io::loop_driver& driver) -> task<> {
    constexpr int count = 5000;
    int finished = 0;
    std::vector<join_handle<void>> handles;
    for (int i = 0; i < count; ++i) {
      handles.push_back(spawn([&]() -> task<> {
        std::int32_t result = co_await nop();
        if (result == 0) ++finished;
      }));
    }
    for (join_handle<void>& each : handles) co_await each;
    CHECK(finished == count);
    CHECK(driver.counts().overflows > 0);
    CHECK(driver.in_flight() == 0);
  });
}

TEST_CASE("a batch is submitted by the call that waits", "[io][loop_driver]") {
  run_with({}, [](io::loop_driver& driver) -> task<> {
    co_await nop();  // Sets the ring going.
    const std::uint64_t before = driver.counts().enters;
    std::vector<join_handle<void>> handles;
    for (int i = 0; i < 32; ++i) {
      handles.push_back(spawn([]() -> task<> { co_await nop(); }));
    }
    for (join_handle<void>& each : handles) co_await each;
    CHECK(driver.counts().enters - before <= 3);
  });
}

COROUTINE_TEST_CASE("a cancelled read throws, and later data is still there",
                    "[io][loop_driver][kernel]") {
  pipe_ends ends;
  bool cancelled = false;
  join_handle<void> reader = spawn([&]() -> task<> {
    std::array<char, 8> buffer{};
    try {
      co_await read_op(ends.read.native_handle(), buffer);
    } catch (const operation_cancelled& reason) {
      cancelled = reason.reason() == "enough";
    }
    std::int32_t written = co_await write_op(ends.write.native_handle(), "late");
    CHECK(written == 4);
    CHECK(buffer == std::array<char, 8>{});  // The kernel has let go of it.
    std::int32_t read = co_await read_op(ends.read.native_handle(), buffer);
    CHECK(read == 4);
  });
  co_await yield();
  co_await yield();
  reader.cancel("enough");
  co_await reader;
  CHECK(cancelled);
}

COROUTINE_TEST_CASE("a value that arrived wins over the cancel", "[io][loop_driver][kernel]") {
  pipe_ends ends;
  REQUIRE(::write(ends.write.native_handle(), "x", 1) == 1);
  std::int32_t result = 0;
  bool cancelled_later = false;
  join_handle<void> reader = spawn([&]() -> task<> {
    std::array<char, 8> buffer{};
    result = co_await read_op(ends.read.native_handle(), buffer);
    try {
      co_await read_op(ends.read.native_handle(), buffer);
    } catch (const operation_cancelled&) {
      cancelled_later = true;
    }
  });
  co_await yield();
  // The read is queued for the kernel, its data is there, and the cancel is queued behind it.
  reader.cancel();
  co_await reader;
  CHECK(result == 1);
  CHECK(cancelled_later);
}

COROUTINE_TEST_CASE("an operation of a task that is cancelled already does not start",
                    "[io][loop_driver][kernel]") {
  auto& driver = static_cast<io::loop_driver&>(loop::current()->driver());
  bool cancelled = false;
  join_handle<void> self;
  self = spawn([&]() -> task<> {
    self.cancel();
    try {
      co_await nop();
    } catch (const operation_cancelled&) {
      cancelled = true;
    }
    CHECK(driver.in_flight() == 0);
  });
  co_await self;
  CHECK(cancelled);
}

TEST_CASE("a multishot operation completes until it is cancelled", "[io][loop_driver]") {
  run_with({}, [](io::loop_driver& driver) -> task<> {
    pipe_ends ends;
    readable_poll poll(ends.read.native_handle());
    driver.submit(poll);
    for (int round = 1; round <= 3; ++round) {
      co_await write_op(ends.write.native_handle(), "x");
      while (poll.completions < round) co_await yield();
    }
    CHECK_FALSE(poll.over);
    CHECK(poll.last_result == POLLIN);
    driver.cancel(poll);
    while (!poll.over) co_await yield();
    CHECK(poll.last_result == -ECANCELED);
    CHECK(driver.in_flight() == 0);
  });
}

TEST_CASE("drain waits for the last completion of everything in flight", "[io][loop_driver]") {
  pipe_ends ends;
  io::loop_driver driver;
  readable_poll poll(ends.read.native_handle());
  driver.submit(poll);
  driver.poll();
  CHECK(driver.in_flight() == 1);
  driver.drain();
  CHECK(driver.in_flight() == 0);
  CHECK(poll.over);
  CHECK(poll.last_result == -ECANCELED);
}

TEST_CASE("a forked child does not share the queues", "[io][loop_driver]") {
  const io::loop_driver driver;
  const auto maps_ring = [] {
    std::ifstream maps("/proc/self/maps");
    const std::string text(std::istreambuf_iterator<char>(maps), {});
    return text.find("io_uring") != text.npos;
  };
  CHECK(maps_ring());
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) ::_exit(maps_ring() ? 1 : 0);
  int status = -1;
  ::waitpid(child, &status, 0);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("options that no kernel takes are refused by name", "[io][loop_driver]") {
  const auto refuses = [](unsigned io::loop_driver_options::*option, unsigned value) {
    io::loop_driver_options options;
    options.*option = value;
    CHECK_THROWS_AS(io::loop_driver(options), std::invalid_argument);
  };
  using options = io::loop_driver_options;
  for (const unsigned value : {1U << 31, ~0U, 32'769U}) refuses(&options::entries, value);
  for (const unsigned value : {1U << 31, ~0U, 65'537U}) refuses(&options::completions, value);
  refuses(&options::file_workers, 1U << 31);
  refuses(&options::other_workers, ~0U);
  options step;
  step.flag_step = 3;
  CHECK_THROWS_AS(io::loop_driver(step), std::invalid_argument);
  options none;
  none.entries = none.completions = 0;  // The least that there is.
  const io::loop_driver driver(none);
  CHECK(driver.in_flight() == 0);
}

TEST_CASE("the descriptors of a loop leave 0, 1 and 2 to the program", "[io][loop_driver]") {
  child_process child([] {
    const auto low_ones = [] {
      int open = 0;
      for (const int fd : {0, 1, 2}) open += ::fcntl(fd, F_GETFD) == -1 ? 0 : 1;
      return open;
    };
    for (const int fd : {0, 1, 2}) ::close(fd);
    const std::set<std::string> before = inherited_descriptors();
    int seen = 0;
    {
      io::loop_driver driver;
      seen += low_ones();
      run_on_loop_over(driver, [&]() -> task<> {
        co_await nop();
        seen += low_ones();
        std::array<char, 8> buffer{};
        const std::int32_t read = co_await read_op(0, buffer);
        if (read != -EBADF) ++seen;
      });
      if (inherited_descriptors() != before) ++seen;
    }
    return seen + low_ones();
  });
  CHECK(child.status() == 0);
}

// ThreadSanitizer has to know that they have nothing to do with each other.
TEST_CASE("rings of threads that come and go may have the same memory", "[io][loop_driver]") {
  std::vector<std::thread> threads;
  for (int i = 0; i < 32; ++i) {
    threads.emplace_back([] {
      io::loop_driver_options options;
      options.entries = 64;
      for (int round = 0; round < 4; ++round) {
        io::loop_driver driver(options);
        driver.park(0);
        driver.wake();
        driver.park(no_deadline);
      }
    });
  }
  for (std::thread& each : threads) each.join();
}

TEST_CASE("the driver tells which operations the kernel knows", "[io][loop_driver]") {
  const io::loop_driver driver;
  CHECK(driver.supports(IORING_OP_READ));
  CHECK_FALSE(driver.supports(255));
  CHECK_FALSE(driver.supports(100'000));
}
