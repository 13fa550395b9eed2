#include "child_process.hpp"

#include <lariat/io/file/file.hpp>
#include <lariat/io/fs.hpp>
#include <lariat/io/net/tcp.hpp>
#include <lariat/runtime/testing.hpp>
#include <lariat/sched/blocking/to_thread.hpp>
#include <lariat/sched/loop/operation.hpp>
#include <lariat/sched/pool/to_pool.hpp>
#include <lariat/sched/scope/task_group.hpp>
#include <lariat/sched/scope/uncancellable.hpp>
#include <lariat/sched/scope/when_all.hpp>
#include <lariat/sched/scope/when_any.hpp>
#include <lariat/sched/sync/event.hpp>
#include <lariat/sched/task/spawn.hpp>
#include <lariat/sched/time/timeout.hpp>
#include <lariat/sched/time/timer.hpp>

#ifdef LARIAT_CATCH2_V3
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include <algorithm>
#include <array>
#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;
using testing::simulation;
using testing::simulation_failure;

namespace {

testing::sweep_options with_seeds(std::uint64_t seeds) {
  testing::sweep_options options;
  options.seeds = seeds;
  return options;
}

template <class Function>
std::string failure_of(Function function) {
  try {
    function();
  } catch (const simulation_failure& failure) {
    return failure.what();
  }
  return {};
}

// Forgets the first cancels.
class deaf_gate final : public operation {
 public:
  bool await_ready() const noexcept { return open_; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> caller) noexcept {
    prepare(caller);
    suspend();
  }
  void await_resume() const {
    if (!open_) throw_cancelled();
  }
  void open() noexcept {
    open_ = true;
    if (suspended()) complete();
  }
  void cancel() noexcept override {
    if (++cancels_ == 4) complete();  // Or the program would end.
  }
  [[nodiscard]] operation_info info() const noexcept override { return {"deaf gate"}; }

 private:
  bool open_ = false;
  int cancels_ = 0;
};

const io::address server_address("10.0.0.2", 80);

task<> echo(io::tcp_stream stream) {
  std::array<std::byte, 64> buffer;
  for (;;) {
    const std::size_t count = co_await stream.read_some(buffer);
    if (count == 0) break;
    co_await stream.write_all(std::span(buffer).first(count));
  }
}

task<> talk(std::string text) {
  io::tcp_stream stream = co_await io::tcp_stream::connect(server_address);
  co_await stream.write_all(io::bytes_of(text));
  stream.shutdown_write();
  std::string answer(text.size(), '\0');
  co_await stream.read_exact(std::as_writable_bytes(std::span(answer)));
  testing::require(answer == text, "the answer is another text");
}

task<> serve_one(io::tcp_listener& listener) {
  io::tcp_stream stream = co_await listener.accept();
  co_await echo(std::move(stream));
}

task<> echo_scenario(simulation&) {
  io::tcp_listener listener = io::tcp_listener::bind(server_address);
  co_await when_all(serve_one(listener), talk("hello, world"));
  co_await listener.close();
}

}  // namespace

TEST_CASE("an echo may be disturbed at each of its points", "[testing]") {
  const testing::sweep_result tried = testing::cancel_everywhere(with_seeds(30), echo_scenario);
  CHECK(tried.points > 300);
  CHECK(tried.calls > 150);
}

TEST_CASE("an operation that forgets a cancel is found", "[testing]") {
  const auto scenario = [](simulation&) -> task<> {
    deaf_gate gate;
    const auto open = [&]() -> task<> {
      co_await sleep_for(1ms);
      gate.open();
    };
    const auto pass = [&]() -> task<> { co_await gate; };
    co_await when_all(pass(), open());
  };
  const std::string text = failure_of([&] { testing::cancel_everywhere(scenario); });
  CHECK(text.find("cancelled at point") != text.npos);
  CHECK(text.find("nothing is ever going to happen") != text.npos);
  CHECK(text.find("waits in deaf gate") != text.npos);
}

TEST_CASE("a reader that loses bytes when it is cancelled is found", "[testing]") {
  // Keeps what has come of a line in its frame, which a time-out destroys.
  const auto read_line = [](io::tcp_stream& stream) -> task<std::string> {
    std::string line;
    for (;;) {
      std::array<std::byte, 1> next;
      co_await stream.read_exact(next);
      if (next[0] == std::byte{'\n'}) co_return line;
      line += static_cast<char>(next[0]);
    }
  };
  const auto scenario = [&](simulation& world) -> task<> {
    io::tcp_listener listener = io::tcp_listener::bind(server_address);
    auto pair = co_await when_all(io::tcp_stream::connect(server_address), listener.accept());
    const std::string text = "a line\n";
    for (const char& each : text) {
      co_await pair.first.write_all(io::bytes_of(std::string_view(&each, 1)));
    }
    std::optional<std::string> line;
    while (!line.has_value()) {
      const auto limit = std::chrono::nanoseconds(1 + world.random(200'000));
      line = co_await try_timeout(limit, read_line(pair.second));
    }
    testing::require(*line == "a line", "bytes were lost");
  };
  const std::string text = failure_of([&] { testing::explore(100, scenario); });
  CHECK(text.find("bytes were lost") != text.npos);
}

TEST_CASE("a bug that shows at one point only is found", "[testing]") {
  // Forgets the descriptor if it is cancelled between two operations.
  const auto leaky = [](simulation&) -> task<> {
    io::file file = co_await io::file::open("/tmp/a", io::open_mode::write | io::open_mode::create);
    const int fd = file.release().release();
    co_await sleep_for(1ms);
    file = io::file(io::descriptor(fd));
    co_await file.write_all(io::bytes_of(std::string("text")));
    co_await file.close();
  };
  const std::string text = failure_of([&] { testing::cancel_everywhere(leaky); });
  CHECK(text.find("cancelled at point") != text.npos);
  CHECK(text.find("descriptors are open at the end") != text.npos);
  CHECK(text.find("/tmp/a") != text.npos);
}

TEST_CASE("a seed that fails undisturbed is named", "[testing]") {
  child_process child([] {
    testing::cancel_everywhere(
        with_seeds(5), [](simulation& world) { testing::require(world.seed() != 3, "three"); });
    return 0;
  });
  const std::string& text = child.output();
  CHECK(text.find("lariat: seed 3 failed: three") != text.npos);
  CHECK(text.find("LARIAT_SEED=3 replays it") != text.npos);
}

TEST_CASE("other tasks are cancelled at each of their points too", "[testing]") {
  testing::sweep_options options;
  options.cancels = false;
  options.faults = false;
  options.task_cancels = 1'000;
  int runs = 0;
  std::array<int, 3> cancelled{};
  const auto scenario = [&](simulation&) -> task<> {
    ++runs;
    const auto child = [&](std::size_t number) -> task<> {
      try {
        co_await sleep_for(std::chrono::milliseconds(1 + number));
      } catch (const operation_cancelled& cancel) {
        if (cancel.reason() == "the simulation's probe") ++cancelled[number];
        throw;
      }
    };
    auto spawned = spawn(child, std::size_t{2});
    co_await when_all(child(0), child(1));
    co_await spawned;
  };
  const testing::sweep_result tried = testing::cancel_everywhere(options, scenario);
  CHECK(tried.points > 0);
  CHECK(tried.task_points > 10);
  CHECK(runs == static_cast<int>(1 + tried.task_points));
  for (const int each : cancelled) CHECK(each > 1);

  options.task_cancels = 3;
  runs = 0;
  testing::cancel_everywhere(options, scenario);
  CHECK(runs == 1 + 3);
}

TEST_CASE("a few of many points are taken from all of them, by the seed", "[testing]") {
  testing::sweep_options options;
  options.cancels = false;
  options.faults = false;
  options.task_cancels = 10;
  // How far a child that sleeps 100 times comes before its cancel.
  const auto ends = [&](std::uint64_t seed) {
    options.first_seed = seed;
    std::vector<int> counts;
    testing::cancel_everywhere(options, [&](simulation&) -> task<> {
      counts.push_back(0);
      auto child = spawn([&]() -> task<> {
        for (int i = 0; i < 100; ++i) {
          co_await sleep_for(1ms);
          ++counts.back();
        }
      });
      co_await child;
    });
    return counts;
  };
  const std::vector<int> first = ends(1);
  REQUIRE(first.size() == 11);
  CHECK(first[0] == 100);  // Undisturbed.
  CHECK(std::is_sorted(first.begin() + 1, first.end()));
  CHECK(first[1] < 15);
  CHECK(first[10] > 85);
  CHECK(first == ends(1));
  CHECK(first != ends(2));
}

TEST_CASE("a task that its peer needs for its end is found by its own cancel", "[testing]") {
  const auto scenario = [](simulation& world) {
    event opened;  // Both tasks have ended before it.
    world.run([](event& gate) -> task<> {
      const auto open = [&]() -> task<> {
        co_await sleep_for(1ms);
        gate.set();
      };
      spawn(open).detach();
      co_await gate.wait();
    }(opened));
  };
  testing::sweep_options options;
  options.task_cancels = 0;
  CHECK_NOTHROW(testing::cancel_everywhere(options, scenario));
  const std::string text = failure_of([&] { testing::cancel_everywhere(scenario); });
  CHECK(text.find("seed 1, task made at ") != text.npos);
  CHECK(text.find("cancel_everywhere_test.cpp:") != text.npos);
  CHECK(text.find("cancelled at point") != text.npos);
  CHECK(text.find("nothing is ever going to happen") != text.npos);
}
