// The code of docs/testing.md.

#include <lariat/io/fs.hpp>
#include <lariat/io/net/tcp.hpp>
#include <lariat/io/stream/buffered_reader.hpp>
#include <lariat/runtime/testing.hpp>
#include <lariat/sched/scope/task_group.hpp>
#include <lariat/sched/task/spawn.hpp>
#include <lariat/sched/time/timeout.hpp>
#include <lariat/sched/time/timer.hpp>

#ifdef LARIAT_CATCH2_V3
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include <chrono>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

using namespace lariat;
using namespace std::chrono_literals;

// The program: a server that keeps one note in a file. "get" answers with it, anything else is the
// new note, and who says nothing for a minute is shown the door.

task<> serve_client(io::tcp_stream stream, std::string path) {
  io::buffered_reader reader(stream);
  for (;;) {
    const auto line = co_await timeout(60s, reader.read_line());
    if (!line.has_value()) co_return;
    std::string answer = "ok\n";
    if (*line == "get") {
      answer = co_await io::fs::read_file(path) + '\n';
    } else {
      const std::string note(*line);
      co_await io::fs::write_file_durable(path, note);
    }
    co_await stream.write_all(io::bytes_of(answer));
  }
}

task<> serve(io::address where, std::string path) {
  io::tcp_listener listener = io::tcp_listener::bind(where);
  const auto accept_all = [&](task_group& group) -> task<> {
    for (;;) {
      io::tcp_stream stream = co_await listener.accept();
      const auto guarded = [](io::tcp_stream client, std::string file) -> task<> {
        try {
          co_await serve_client(std::move(client), std::move(file));
        } catch (const std::system_error&) {
          // This client's connection, or its time, is over; the others go on.
        }
      };
      group.spawn(guarded, std::move(stream), path).detach();
    }
  };
  co_await task_group::with(accept_all);
}

// What a client says, and the answer.
task<std::string> ask(io::address server, std::string request) {
  io::tcp_stream stream = co_await io::tcp_stream::connect(server);
  co_await stream.write_all(io::bytes_of(request + '\n'));
  io::buffered_reader reader(stream);
  const auto answer = co_await reader.read_line();
  co_return std::string(answer.value_or("(nothing)"));
}

// The tests.

const io::address server("10.0.0.2", 80);

TEST_CASE("the server keeps a note", "[testing][guide]") {
  testing::explore(200, [](testing::simulation& world) {
    world.write_file("/data/note", "");
    world.run([]() -> task<> {
      auto running = spawn(serve, server, std::string("/data/note"));
      const std::string stored = co_await ask(server, "buy milk");
      testing::require(stored == "ok", "the note was not stored");
      const std::string note = co_await ask(server, "get");
      testing::require(note == "buy milk", "another note came back");
    }());
    testing::require(world.read_file("/data/note") == "buy milk", "the file has another note");
  });
}

TEST_CASE("a client that says nothing is shown the door after a minute", "[testing][guide]") {
  testing::simulation world;
  world.run([](testing::simulation& here) -> task<> {
    auto running = spawn(serve, server, std::string("/data/note"));
    io::tcp_stream stream = co_await io::tcp_stream::connect(server);
    const auto before = here.now();
    co_await stream.readable();
    CHECK(here.now() - before >= 59s);
    CHECK(here.now() - before <= 61s);
  }(world));
}

TEST_CASE("a client behind a broken network gets its answer later", "[testing][guide]") {
  testing::explore(50, [](testing::simulation& world) -> task<> {
    world.write_file("/data/note", "");
    const io::address client("10.0.0.1", 0);
    world.set_link(client, server, {.latency = 20ms, .jitter = 30ms, .loss = 0.1});
    auto running = spawn(serve, server, std::string("/data/note"));
    auto asking = spawn(ask, server, std::string("buy milk"));
    world.cut(client, server);
    co_await sleep_for(5s);
    world.mend(client, server);
    const std::string stored = co_await asking;
    testing::require(stored == "ok", "the note was not stored");
  });
}

TEST_CASE("a note is the old one or the new one, whatever goes wrong", "[testing][guide]") {
  testing::sweep_options options;
  options.seeds = 5;
  testing::cancel_everywhere(options, [](testing::simulation& world) {
    world.write_file("/data/note", "old");
    std::exception_ptr disturbance;
    try {
      world.run([]() -> task<> {
        const auto body = [&](task_group& group) -> task<> {
          group.spawn(serve, server, std::string("/data/note")).detach();
          (void)co_await ask(server, "new");
          group.cancel();
        };
        co_await task_group::with(body);
      }());
    } catch (...) {
      disturbance = std::current_exception();
    }
    const auto note = world.read_file("/data/note");
    testing::require(note == "old" || note == "new", "the note is damaged");
    if (disturbance != nullptr) std::rethrow_exception(disturbance);
  });
}
