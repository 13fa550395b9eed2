// The simulated kernel where the public operations do not reach it: multishots, unknown entries,
// pipes, descriptors.

#include <lariat/io/testing/detail/simulated_driver.hpp>

#include <lariat/io/file/file.hpp>
#include <lariat/io/kernel/detail/system_calls.hpp>
#include <lariat/io/net/tcp.hpp>
#include <lariat/io/op/detail/multishot.hpp>
#include <lariat/io/op/poll.hpp>
#include <lariat/io/op/raw_op.hpp>
#include <lariat/runtime/testing.hpp>
#include <lariat/sched/scope/when_all.hpp>
#include <lariat/sched/task/spawn.hpp>
#include <lariat/sched/time/timeout.hpp>
#include <lariat/sched/time/timer.hpp>

#include <liburing.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#ifdef LARIAT_CATCH2_V3
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <set>
#include <string>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;
using io::testing::simulated_driver;
using testing::require;
using testing::simulation;

namespace {

io::detail::io_driver& driver_here() {
  return static_cast<io::detail::io_driver&>(loop::current()->driver());
}

// A multishot accept that is armed again when it ends early.
class accept_all final : public io::detail::multishot {
 public:
  explicit accept_all(int listener) noexcept : listener_(listener) {}

  void prepare_entry(io_uring_sqe& entry) noexcept override {
    ::io_uring_prep_multishot_accept(&entry, listener_, nullptr, nullptr, SOCK_CLOEXEC);
  }
  void on_completion(std::int32_t result, std::uint32_t, bool more) noexcept override {
    if (result >= 0) accepted.emplace_back(result);
    if (more) return;
    ++ends;
    over = result < 0;
    if (!over) driver_here().submit(*this);
  }

  std::vector<io::tcp_stream> accepted;
  int ends = 0;
  bool over = false;

 private:
  int listener_;
};

const io::address server_host("10.0.0.2", 80);

task<> connect_once() { (void)co_await io::tcp_stream::connect(server_host); }

}  // namespace

TEST_CASE("a multishot accept ends early, and loses no connection", "[simulated]") {
  int ends = 0;
  testing::explore(100, [&](simulation&) -> task<> {
    io::tcp_listener listener = io::tcp_listener::bind(server_host);
    accept_all accepting(listener.native_handle());
    driver_here().submit(accepting);
    for (int i = 0; i < 10; ++i) co_await connect_once();
    while (accepting.accepted.size() < 10) co_await sleep_for(10us);
    ends += accepting.ends;
    driver_here().cancel(accepting);
    while (!accepting.over) co_await sleep_for(10us);
    require(accepting.accepted.size() == 10, "a connection came twice");
  });
  CHECK(ends > 20);
}

TEST_CASE("an entry that is not simulated fails plainly", "[simulated]") {
  simulation world;
  world.run([]() -> task<> {
    const auto splice = [](io_uring_sqe& entry) {
      ::io_uring_prep_splice(&entry, 0, -1, 1, -1, 10, 0);
    };
    const std::int32_t result = co_await io::raw_op(splice);
    CHECK(result == -EINVAL);
    const auto linked = [](io_uring_sqe& entry) {
      ::io_uring_prep_nop(&entry);
      entry.flags |= IOSQE_IO_LINK;
    };
    const std::int32_t link = co_await io::raw_op(linked);
    CHECK(link == -EINVAL);
    CHECK_FALSE(driver_here().supports(IORING_OP_SPLICE));
    CHECK(driver_here().supports(IORING_OP_READ));
    CHECK(driver_here().register_resource(0, nullptr, 0) == -EOPNOTSUPP);
  }());
}

TEST_CASE("a pipe holds back its writer, and ends with it", "[simulated]") {
  testing::explore(100, [](simulation& world) -> task<> {
    const simulation::pipe_ends ends = world.pipe();
    io::file reader{io::descriptor(ends.reader)};
    io::file writer{io::descriptor(ends.writer)};
    const std::string text(200'000, 'x');
    const auto write = [&]() -> task<> {
      co_await writer.write_all(io::bytes_of(text));
      co_await writer.close();
    };
    const auto read = [&]() -> task<> {
      co_await sleep_for(1ms);
      std::string all;
      std::array<std::byte, 4096> buffer;
      for (;;) {
        const std::size_t count = co_await reader.read_some(buffer);
        if (count == 0) break;
        all.append(reinterpret_cast<const char*>(buffer.data()), count);
      }
      require(all == text, "another text came");
    };
    co_await when_all(write(), read());
    const auto after = co_await as_result(reader.read_some(std::span<std::byte>()));
    require(!after.error, "an empty read failed");
  });
}

TEST_CASE("a poll sees what comes, and ends by a cancel", "[simulated]") {
  testing::explore(100, [](simulation& world) -> task<> {
    const simulation::pipe_ends ends = world.pipe();
    const io::descriptor reader(ends.reader);
    io::file writer{io::descriptor(ends.writer)};
    const auto none = co_await try_timeout(1ms, io::readable(reader.native_handle()));
    require(!none.has_value(), "there is nothing to be read");
    const auto write = [&]() -> task<> {
      co_await writer.write_all(io::bytes_of(std::string("x")));
    };
    auto writing = spawn(write);
    const std::uint32_t events = co_await io::readable(reader.native_handle());
    require((events & POLLIN) != 0, "another event");
    co_await writing;
  });
}

TEST_CASE("a cancel comes before, while and after an operation completes", "[simulated]") {
  int cancelled = 0;
  int values = 0;
  testing::explore(400, [&](simulation& world) {
    world.write_file("/a", "text");
    world.run([](simulation& here, int& cancels, int& reads) -> task<> {
      io::file file = co_await io::file::open("/a");
      std::array<std::byte, 4> buffer;
      const auto limit = std::chrono::nanoseconds(here.random(40'000));
      const auto count = co_await try_timeout(limit, file.read_at(0, buffer));
      ++(count.has_value() ? reads : cancels);
      require(!count.has_value() || *count > 0, "nothing was read");
    }(world, cancelled, values));
  });
  CHECK(cancelled > 50);
  CHECK(values > 50);
}

TEST_CASE("transfers are short, whole and of every size between", "[simulated]") {
  std::set<std::size_t> sizes;
  testing::explore(200, [&](simulation& world) {
    world.write_file("/a", "12345678");
    world.run([](std::set<std::size_t>& seen) -> task<> {
      io::file file = co_await io::file::open("/a");
      std::array<std::byte, 8> buffer;
      seen.insert(co_await file.read_at(0, buffer));
    }(sizes));
  });
  CHECK(sizes.size() == 8);
  CHECK(sizes.count(0) == 0);
}

TEST_CASE("errors come as often as the plan says", "[simulated]") {
  io::testing::fault_plan plan;
  plan.io_error = 0.5;
  int failed = 0;
  testing::explore(200, [&](simulation& world) {
    world.write_file("/a", "text");
    world.set_faults(plan);
    world.run([](int& count) -> task<> {
      io::file file = co_await io::file::open("/a");
      std::array<std::byte, 4> buffer;
      const auto read = co_await as_result(file.read_at(0, buffer));
      if (read.error == std::errc::io_error) ++count;
    }(failed));
  });
  CHECK(failed > 60);
  CHECK(failed < 140);
}

TEST_CASE("descriptors are the lowest free ones, and run out", "[simulated]") {
  testing::simulation_options options;
  options.faults.descriptors_max = 2;
  simulation world(options);
  world.write_file("/a", "text");
  world.run([]() -> task<> {
    io::file first = co_await io::file::open("/a");
    io::file second = co_await io::file::open("/a");
    CHECK(second.native_handle() == first.native_handle() + 1);
    const auto third = co_await as_result(io::file::open("/a"));
    CHECK(third.error == std::errc::too_many_files_open);
    const int freed = first.native_handle();
    co_await first.close();
    io::file again = co_await io::file::open("/a");
    CHECK(again.native_handle() == freed);
  }());
}

TEST_CASE("a simulated descriptor means nothing outside its simulation", "[simulated]") {
  CHECK(io::detail::sys::close(io::detail::simulated_fd_min) == -1);
  CHECK(errno == EBADF);
  // And no path of a simulation leads to a real file.
  simulation world;
  world.run([]() -> task<> {
    CHECK(io::detail::sys::open("/proc/self/status", O_RDONLY) == -1);
    CHECK(errno == ENOENT);
    co_return;
  }());
  const int real = io::detail::sys::open("/proc/self/status", O_RDONLY);
  CHECK(real >= 0);
  io::detail::sys::close(real);
}
