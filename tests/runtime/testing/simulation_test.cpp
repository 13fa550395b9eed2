#include <lariat/io/file/file.hpp>
#include <lariat/io/fs.hpp>
#include <lariat/io/net/tcp.hpp>
#include <lariat/runtime/testing.hpp>
#include <lariat/sched/blocking/to_thread.hpp>
#include <lariat/sched/loop/loop.hpp>
#include <lariat/sched/pool/fork_join.hpp>
#include <lariat/sched/pool/to_pool.hpp>
#include <lariat/sched/scope/task_group.hpp>
#include <lariat/sched/scope/when_all.hpp>
#include <lariat/sched/task/exception_group.hpp>
#include <lariat/sched/task/local.hpp>
#include <lariat/sched/task/spawn.hpp>
#include <lariat/sched/task/yield.hpp>
#include <lariat/sched/time/retry.hpp>
#include <lariat/sched/time/timeout.hpp>
#include <lariat/sched/time/timer.hpp>

#ifdef LARIAT_CATCH2_V3
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;
using testing::simulation;
using testing::simulation_failure;

namespace {

// What a run throws, as text.
template <class Function>
std::string failure_of(Function function) {
  try {
    function();
  } catch (const std::exception& error) {
    return error.what();
  } catch (const operation_cancelled& cancelled) {
    return "cancelled: " + cancelled.reason();
  }
  return {};
}

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

task<> echo(io::tcp_stream stream) {
  std::array<std::byte, 256> buffer;
  for (;;) {
    const std::size_t count = co_await stream.read_some(buffer);
    if (count == 0) break;
    co_await stream.write_all(std::span(buffer).first(count));
  }
  co_await stream.close();
}

// Sends a text to an echo server, and gives what comes back, with the time it took.
task<std::string> talk_to_echo(std::string text) {
  io::tcp_listener listener = io::tcp_listener::bind(io::address("10.0.0.2", 80));
  auto both =
      co_await when_all(io::tcp_stream::connect(io::address("10.0.0.2", 80)), listener.accept());
  auto server = spawn(echo, std::move(both.second));
  co_await both.first.write_all(io::bytes_of(text));
  both.first.shutdown_write();
  std::string answer(text.size(), '\0');
  co_await both.first.read_exact(std::as_writable_bytes(std::span(answer)));
  co_await server;
  co_await both.first.close();
  co_await listener.close();
  co_return answer;
}

task<> wait_for(clock_ns& woken, std::chrono::nanoseconds time) {
  co_await sleep_for(time);
  woken = loop::current()->now();
}

}  // namespace

TEST_CASE("sleeping in a simulation takes virtual time only", "[testing]") {
  simulation world;
  world.run([]() -> task<> { co_await sleep_for(10h); }());
  CHECK(world.now() >= 10h);
  CHECK(world.now() < 10h + 1s);
}

TEST_CASE("the time stands still while a task runs", "[testing]") {
  simulation world;
  const auto body = [&]() -> task<bool> {
    const auto before = world.now();
    for (int i = 0; i < 1'000'000; ++i) (void)world.random(10);
    const auto after = world.now();
    co_return before == after;
  };
  const bool same = world.run(body());
  CHECK(same);
}

TEST_CASE("an echo comes back over simulated TCP, whatever the seed", "[testing]") {
  std::string text;
  for (int i = 0; i < 2000; ++i) text += std::to_string(i);
  testing::explore(50, [&](simulation& world) {
    const std::string answer = world.run(talk_to_echo(text));
    REQUIRE(answer == text);
  });
}

namespace {

// What happens in a simulation, and when.
class history {
 public:
  explicit history(simulation& world) noexcept : world_(world) {}
  void note(const std::string& what) {
    text_ += std::to_string(world_.now().count()) + ' ' + what + '\n';
  }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  simulation& world_;
  std::string text_;
};

task<> note_retries(history& seen) {
  int attempts = 0;
  const auto fail_at_first = [&]() -> task<> {
    seen.note("attempt");
    if (++attempts < 4) throw std::runtime_error("not yet");
    co_return;
  };
  co_await retry(retry_options(), fail_at_first);
  seen.note("succeeded");
}

task<> note_threads(history& seen) {
  for (int i = 0; i < 5; ++i) {
    co_await when_all(to_thread([&] { seen.note("on a thread"); }),
                      to_pool([&] { seen.note("on a pool"); }));
    const auto value = co_await try_timeout(30us, to_thread([] {}));
    seen.note(value ? "in time" : "too late");
  }
}

// The names of temporary files too, which are drawn.
task<> note_names(history& seen) {
  auto names = io::fs::entries("/data");
  for (;;) {
    const auto name = co_await names.next();
    if (!name) break;
    seen.note(name->name);
  }
}

task<> note_files(history& seen) {
  co_await when_all(io::fs::write_file_durable("/data/a", "a"),
                    io::fs::write_file_durable("/data/b", "b"), note_names(seen));
}

task<> note_echo(history& seen) {
  const std::string answer = co_await talk_to_echo(std::string(1000, 'x'));
  seen.note(answer);
}

std::string history_of(std::uint64_t seed) {
  testing::simulation_options options;
  options.seed = seed;
  simulation world(options);
  world.write_file("/data/old", "");
  history seen(world);
  world.run([](history& into) -> task<> {
    co_await when_all(note_retries(into), note_threads(into), note_files(into), note_echo(into));
  }(seen));
  return seen.text();
}

}  // namespace

TEST_CASE("one seed has one history, and another seed another one", "[testing]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const std::string first = history_of(seed);
    const std::string again = history_of(seed);
    CHECK(first == again);
    CHECK(first != history_of(seed + 1));
  }
}

TEST_CASE("a simulation has files of its own, which stay from run to run", "[testing]") {
  simulation world;
  world.write_file("/etc/app/config", "answer = 42\n");
  world.run([]() -> task<> {
    const std::string config = co_await io::fs::read_file("/etc/app/config");
    CHECK(config == "answer = 42\n");
    co_await io::fs::write_file_durable("/etc/app/config", "answer = 43\n");
  }());
  CHECK(world.read_file("/etc/app/config") == "answer = 43\n");
  CHECK_FALSE(world.read_file("/etc/app/none").has_value());
  world.run([]() -> task<> {
    const std::string config = co_await io::fs::read_file("/etc/app/config");
    CHECK(config == "answer = 43\n");
  }());
}

TEST_CASE("a deadlock ends the run, with the tree of the tasks", "[testing]") {
  simulation world;
  const std::string text = failure_of([&] {
    world.run([]() -> task<> {
      io::tcp_listener listener = io::tcp_listener::bind(io::address("10.0.0.2", 80));
      (void)co_await listener.accept();
    }());
  });
  CHECK(says(text, "seed 1"));
  CHECK(says(text, "nothing is ever going to happen"));
  CHECK(says(text, "waits in accept(fd 268435456)"));
}

TEST_CASE("a run that goes on for ever ends at the time limit", "[testing]") {
  testing::simulation_options options;
  options.time_limit = 1h;
  simulation world(options);
  const std::string text = failure_of([&] {
    world.run([]() -> task<> {
      for (;;) co_await sleep_for(1s);
    }());
  });
  CHECK(says(text, "the time limit has come"));
  CHECK(world.now() >= 1h);
  CHECK(world.now() < 2h);
}

TEST_CASE("a descriptor that is left open fails the run", "[testing]") {
  simulation world;
  io::file kept;
  const std::string text = failure_of([&] {
    world.run([](io::file& into) -> task<> {
      into = co_await io::file::open("/tmp/a", io::open_mode::write | io::open_mode::create);
    }(kept));
  });
  CHECK(says(text, "descriptors are open at the end"));
  CHECK(says(text, "/tmp/a"));
}

TEST_CASE("a buffer that is written to while the kernel reads into it fails the run", "[testing]") {
  testing::explore(20, [](simulation& world) {
    world.write_file("/a", std::string(100, 'a'));
    const std::string text = failure_of([&] {
      world.run([]() -> task<> {
        io::file file = co_await io::file::open("/a");
        std::array<std::byte, 100> buffer{};
        auto writer = spawn([&]() -> task<> {
          buffer[0] = std::byte{0};
          co_return;
        });
        (void)co_await file.read_at(0, buffer);
        co_await writer;
      }());
    });
    REQUIRE(says(text, "while it was in flight"));
  });
}

TEST_CASE("functions for threads run in a simulation, one seed in one order", "[testing]") {
  const auto order = [](std::uint64_t seed) {
    testing::simulation_options options;
    options.seed = seed;
    simulation world(options);
    std::string text;
    world.run([](std::string& into) -> task<> {
      const auto note = [&into](char what) { into += what; };
      co_await when_all(to_thread(note, 'a'), to_thread(note, 'b'), to_pool(note, 'c'),
                        to_pool(note, 'd'));
    }(text));
    CHECK(text.size() == 4);
    return text;
  };
  bool differs = false;
  for (std::uint64_t seed = 1; seed < 20; ++seed) {
    const std::string first = order(seed);
    const std::string again = order(seed);
    CHECK(first == again);
    differs = differs || first != order(1);
  }
  CHECK(differs);
}

namespace {

fork_task<int> sum_to(int last) {
  if (last < 2) co_return last;
  auto both = co_await fork_join(sum_to(last - 2), sum_to(last - 1));
  co_return both.first + both.second;
}

}  // namespace

TEST_CASE("fork tasks run in a simulation", "[testing]") {
  simulation world;
  const auto body = []() -> task<int> {
    const int sum = co_await to_pool(sum_to, 10);
    co_return sum;
  };
  const int sum = world.run(body());
  CHECK(sum == 55);
}

TEST_CASE("tasks run on a pool in a simulation, in an order that follows from the seed",
          "[testing]") {
  const auto order = [](std::uint64_t seed) {
    testing::simulation_options options;
    options.seed = seed;
    simulation world(options);
    std::string text;
    world.run([](std::string& into) -> task<> {
      const auto note = [&into](char what) -> task<> {
        co_await sleep_for(10us);
        into += what;
        co_await yield();
      };
      co_await when_all(to_pool(note, 'a'), to_pool(note, 'b'), to_pool(note, 'c'));
    }(text));
    CHECK(text.size() == 3);
    return text;
  };
  bool differs = false;
  for (std::uint64_t seed = 1; seed < 20; ++seed) {
    const std::string first = order(seed);
    const std::string again = order(seed);
    CHECK(first == again);
    differs = differs || first != order(1);
  }
  CHECK(differs);
}

TEST_CASE("a call that no simulated thread has begun is taken back by a cancel", "[testing]") {
  int ran = 0;
  int cancelled = 0;
  testing::explore(200, [&](simulation& world) {
    world.run([](int& ran_count, int& cancelled_count) -> task<> {
      auto call = spawn([&]() -> task<> { co_await to_thread([&] { ++ran_count; }); });
      co_await sleep_for(20us);
      call.cancel();
      auto ended = co_await as_result(call);
      if (ended.cancelled()) ++cancelled_count;
    }(ran, cancelled));
  });
  CHECK(ran > 20);
  CHECK(cancelled > 20);
  CHECK(ran + cancelled == 200);
}

TEST_CASE("a partition stops a connection until it is mended", "[testing]") {
  testing::explore(20, [](simulation& world) {
    const io::address client("10.0.0.1", 0);
    const io::address server("10.0.0.2", 0);
    const auto body = [&]() -> task<> {
      world.cut(client, server);
      auto answer = spawn(talk_to_echo, std::string("hello"));
      co_await sleep_for(20s);
      REQUIRE_FALSE(answer.done());
      world.mend(client, server);
      const std::string text = co_await answer;
      REQUIRE(text == "hello");
    };
    world.run(body());
  });
}

TEST_CASE("a connect through a cut link times out", "[testing]") {
  simulation world;
  world.cut(io::address("10.0.0.1", 0), io::address("10.0.0.2", 0));
  const std::string text = failure_of([&] { world.run(talk_to_echo("hello")); });
  CHECK(says(text, "Connection timed out"));
  CHECK(world.now() > 60s);
}

TEST_CASE("packets that are lost come late, and in order", "[testing]") {
  io::testing::link_options link;
  link.loss = 0.2;
  std::string text;
  for (int i = 0; i < 500; ++i) text += std::to_string(i);
  testing::explore(50, [&](simulation& world) {
    world.set_link(io::address::any_v4(), io::address::any_v4(), link);
    const std::string answer = world.run(talk_to_echo(text));
    REQUIRE(answer == text);
  });
}

TEST_CASE("timers and time-outs go by the virtual clock", "[testing]") {
  simulation world;
  world.run([](simulation& here) -> task<> {
    const auto value = co_await try_timeout(1h, sleep_for(2h));
    CHECK_FALSE(value.has_value());
    CHECK(here.now() >= 1h);
    CHECK(here.now() < 2h);
    clock_ns first = 0;
    clock_ns second = 0;
    co_await when_all(wait_for(second, 2s), wait_for(first, 1s));
    CHECK(first < second);
  }(world));
}

TEST_CASE("explore stops at the first seed that fails", "[testing]") {
  std::vector<std::uint64_t> tried;
  const std::string text = failure_of([&] {
    testing::explore(10, [&](simulation& world) {
      tried.push_back(world.seed());
      testing::require(world.seed() != 3, "three");
    });
  });
  CHECK(text == "three");
  CHECK(tried == std::vector<std::uint64_t>{1, 2, 3});
}

TEST_CASE("LARIAT_SEED replays one seed", "[testing]") {
  struct seed_in_environment {
    seed_in_environment() { ::setenv("LARIAT_SEED", "77", 1); }
    ~seed_in_environment() { ::unsetenv("LARIAT_SEED"); }
  } const set;
  std::vector<std::uint64_t> tried;
  testing::explore(10, [&](simulation& world) { tried.push_back(world.seed()); });
  CHECK(tried == std::vector<std::uint64_t>{77});
}

TEST_CASE("a failure that nobody awaits fails the run", "[testing]") {
  simulation world;
  const std::string text = failure_of([&] {
    world.run([]() -> task<> {
      spawn([]() -> task<> {
        co_await yield();
        throw std::runtime_error("unseen");
      }).detach();
      co_await sleep_for(1s);
    }());
  });
  CHECK(says(text, "unseen"));
}

TEST_CASE("functions on simulated threads read the values of the task that waits for them",
          "[runtime][testing][simulation]") {
  static local<int> number(0);
  auto body = []() -> task<int> {
    number.set(7);
    auto read = [] { return *number; };
    const int on_thread = co_await to_thread(read);
    const int on_pool = co_await to_pool(read);
    auto task_on_pool = []() -> task<int> { co_return *number; };
    const int in_task = co_await to_pool(task_on_pool);
    co_return on_thread + on_pool + in_task;
  };
  simulation world;
  CHECK(world.run(body()) == 21);
}
