// A TCP connection in the simulated kernel, of which the input chooses everything: the seed, how
// hard the kernel is, and what a reader and a writer at each end do, who is cancelled when
// included. Each byte arrives once and in order, whatever was given up in between, and nothing is
// left: no task, no descriptor, no operation in a buffer.

#include "input.hpp"

#include <lariat/io/net/tcp.hpp>
#include <lariat/runtime/testing.hpp>
#include <lariat/sched/cancel/cancelled.hpp>
#include <lariat/sched/scope/when_all.hpp>
#include <lariat/sched/task/join_handle.hpp>
#include <lariat/sched/task/result.hpp>
#include <lariat/sched/task/spawn.hpp>
#include <lariat/sched/task/yield.hpp>
#include <lariat/sched/time/timeout.hpp>
#include <lariat/sched/time/timer.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

using namespace lariat;

namespace {

constexpr std::size_t transfer_max = 700;

using operations = std::vector<std::uint8_t>;

// What goes one way. A byte can be told from its neighbours, near and far.
struct flow {
  static std::byte at(std::size_t index) {
    return static_cast<std::byte>(index * 37 + index / 251);
  }
  std::size_t written = 0;
  std::size_t read = 0;
};

// From a byte: mostly small, so that operations meet.
std::chrono::nanoseconds time_of(std::uint8_t choice) {
  return std::chrono::nanoseconds(1U << (choice >> 4)) * (1 + (choice & 15));
}

// What ended by a cancel or in time is counted by what it has moved, and everything else is a find.
void check_end(std::error_code error) {
  require(!error || error == std::errc::operation_canceled, "only a cancel ends a transfer");
}

class writer {
 public:
  writer(io::tcp_stream& to, flow& through, operations script)
      : to_(to),
        through_(through),
        script_(script.data(), script.size()),
        kept_(std::move(script)) {}

  task<> run() {
    while (!script_.empty()) {
      try {
        co_await step();
      } catch (const operation_cancelled&) {  // Only this step was to end.
      }
    }
    to_.shutdown_write();
  }

 private:
  task<> step() {
    const std::size_t choice = script_.below(5);
    if (choice == 0) co_return co_await sleep_for(time_of(script_.byte()));
    if (choice == 1) co_return co_await yield();
    const std::size_t size = 1 + script_.below(256) * 3 % transfer_max;
    if (choice == 2) {
      // Named, not inline: the timeout moves it into a task.
      task<> limited = write(size, true);
      (void)co_await try_timeout(time_of(script_.byte()), std::move(limited));
    } else {
      co_await write(size, choice == 3);
    }
  }

  task<> write(std::size_t size, bool all) {
    std::array<std::byte, transfer_max> bytes;
    for (std::size_t i = 0; i < size; ++i) bytes[i] = flow::at(through_.written + i);
    const std::span<const std::byte> from(bytes.data(), size);
    result<std::size_t> moved;
    if (all) {
      moved = co_await as_result(to_.write_all(from));
    } else {
      moved = co_await as_result(to_.write_some(from));
    }
    check_end(moved.error);
    require(moved.value <= size, "no more is written than there was");
    require(!all || moved.error || moved.value == size, "write_all writes all");
    require(all || !moved.error || moved.value == 0, "a cancelled write_some has written nothing");
    through_.written += moved.value;
  }

  io::tcp_stream& to_;
  flow& through_;
  input script_;
  operations kept_;
};

class reader {
 public:
  reader(io::tcp_stream& from, flow& through, operations script)
      : from_(from),
        through_(through),
        script_(script.data(), script.size()),
        kept_(std::move(script)) {}

  task<> run() {
    while (!ended_) {
      try {
        co_await step();
      } catch (const operation_cancelled&) {  // Only this step was to end.
      }
    }
  }

 private:
  task<> step() {
    if (script_.empty()) co_return co_await read(transfer_max, false);
    const std::size_t choice = script_.below(5);
    if (choice == 0) co_return co_await sleep_for(time_of(script_.byte()));
    if (choice == 1) co_return co_await yield();
    const std::size_t size = 1 + script_.below(256) * 3 % transfer_max;
    if (choice == 2) {
      const bool exact = script_.below(2) == 0;
      task<> limited = read(size, exact);
      (void)co_await try_timeout(time_of(script_.byte()), std::move(limited));
    } else {
      co_await read(size, choice == 3);
    }
  }

  task<> read(std::size_t size, bool exact) {
    std::array<std::byte, transfer_max> bytes;
    const std::span<std::byte> into(bytes.data(), size);
    result<std::size_t> moved;
    if (exact) {
      moved = co_await as_result(from_.read_exact(into));
      ended_ = moved.error && moved.error != std::errc::operation_canceled;  // See the sums.
    } else {
      moved = co_await as_result(from_.read_some(into));
      check_end(moved.error);
      ended_ = !moved.error && moved.value == 0;
    }
    require(moved.value <= size, "no more is read than there is room");
    for (std::size_t i = 0; i < moved.value; ++i) {
      require(bytes[i] == flow::at(through_.read + i), "bytes arrive in order, and once");
    }
    through_.read += moved.value;
  }

  io::tcp_stream& from_;
  flow& through_;
  input script_;
  operations kept_;
  bool ended_ = false;
};

const io::address server_host("10.0.0.2", 80);

// The input, dealt to those who act.
struct scenario {
  explicit scenario(input& choices) {
    options.seed = static_cast<std::uint64_t>(choices.byte()) << 8 | choices.byte();
    const std::uint8_t hardness = choices.byte();
    options.faults.delayed = (hardness & 3) / 4.0;
    options.faults.short_transfer = (hardness >> 2 & 3) / 4.0;
    options.faults.cancel_too_late = (hardness >> 4 & 3) / 4.0;
    options.faults.interrupted = (hardness >> 6 & 1) / 8.0;
    if ((hardness >> 7) != 0) options.faults.delay_max_ns = 1000;
    options.faults.socket_buffer_bytes = std::size_t{1} << choices.below(17);
    while (!choices.empty()) {
      const std::size_t who = choices.below(5);
      for (int i = 0; i < 3; ++i) scripts[who].push_back(choices.byte());
    }
  }

  task<> run() {
    io::tcp_listener listener = io::tcp_listener::bind(server_host);
    auto both = co_await when_all(io::tcp_stream::connect(server_host), listener.accept());
    io::tcp_stream client = std::move(both.first);
    io::tcp_stream server = std::move(both.second);
    flow up;
    flow down;
    writer up_writer(client, up, scripts[0]);
    reader up_reader(server, up, scripts[1]);
    writer down_writer(server, down, scripts[2]);
    reader down_reader(client, down, scripts[3]);
    std::array<join_handle<void>, 4> all;
    all[0] = spawn(&writer::run, &up_writer);
    all[1] = spawn(&reader::run, &up_reader);
    all[2] = spawn(&writer::run, &down_writer);
    all[3] = spawn(&reader::run, &down_reader);
    input cancels(scripts[4].data(), scripts[4].size());
    while (!cancels.empty()) {
      co_await sleep_for(time_of(cancels.byte()));
      all[cancels.below(4)].cancel();
    }
    for (join_handle<void>& each : all) co_await each;
    require(up.written == up.read && down.written == down.read, "each byte arrives");
  }

  testing::simulation_options options;
  std::array<operations, 5> scripts;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  input choices(data, size);
  scenario played(choices);
  // What it throws, and an exception of a task, end the program here.
  testing::simulation(played.options).run(played.run());
  return 0;
}
