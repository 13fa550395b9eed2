// The code of docs/tasks.md, beyond that of the examples.

#include <lariat/io/fs.hpp>
#include <lariat/io/net/tcp.hpp>
#include <lariat/runtime/testing.hpp>
#include <lariat/sched/blocking/to_thread.hpp>
#include <lariat/sched/channel/channel.hpp>
#include <lariat/sched/scope/cancellation_source.hpp>
#include <lariat/sched/scope/exit_scope.hpp>
#include <lariat/sched/scope/for_each_concurrent.hpp>
#include <lariat/sched/scope/join_set.hpp>
#include <lariat/sched/scope/select.hpp>
#include <lariat/sched/scope/start_staggered.hpp>
#include <lariat/sched/scope/stop.hpp>
#include <lariat/sched/scope/task_group.hpp>
#include <lariat/sched/sync/mutex.hpp>
#include <lariat/sched/task/generator.hpp>
#include <lariat/sched/task/result.hpp>
#include <lariat/sched/task/spawn.hpp>
#include <lariat/sched/task/yield.hpp>
#include <lariat/sched/time/remaining.hpp>
#include <lariat/sched/time/retry.hpp>
#include <lariat/sched/time/timeout.hpp>
#include <lariat/sched/time/timer.hpp>

#ifdef LARIAT_CATCH2_V3
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

async_generator<std::string> names_in(std::string list) {
  const std::string text = co_await io::fs::read_file(list);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) co_yield line;
}

task<> copy_listed() {
  const auto copy = [](const std::string& name) -> task<> {
    const std::string text = co_await io::fs::read_file("/in/" + name);
    co_await io::fs::write_file("/out/" + name, text);
  };
  co_await for_each_concurrent(names_in("/list"), 8, copy);
}

task<std::string> joined(std::vector<std::string> files) {
  join_set<std::string> parts(8);  // So many are read at a time.
  std::string all;
  const auto take = [&]() -> task<> {
    std::optional<outcome<std::string>> next = co_await parts.next();
    all += next->has_value() ? next->value() : "(missing)";
  };
  for (const std::string& file : files) {
    if (parts.full()) co_await take();
    parts.add(spawn(io::fs::read_file(file)));
  }
  while (parts.size() > 0) co_await take();
  co_return all;
}

task<std::string> text_or(std::string file, std::string otherwise) {
  outcome<std::string> text = co_await as_result(io::fs::read_file(file));
  co_return text.has_value() ? text.value() : otherwise;
}

task<> replace_folder() {
  const auto body = [](exit_scope& scope) -> task<> {
    co_await io::fs::mkdir("/out.new");
    const auto remove = []() -> task<> { co_await io::fs::remove_all("/out.new"); };
    scope.on_exit(remove);  // Also when the lines below throw, or are cancelled.
    co_await io::fs::write_file("/out.new/page", "new");
    co_await io::fs::rename("/out.new/page", "/out/page");
  };
  co_await exit_scope::with(body);
}

task<io::tcp_stream> connect_patiently(io::address server) {
  retry_options patience;
  patience.attempts = 10;
  patience.longest_pause = 5s;
  const auto connect = [server]() -> task<io::tcp_stream> {
    io::tcp_stream stream = co_await io::tcp_stream::connect(server);
    co_return stream;
  };
  const auto refused = [](const std::exception& error) {
    const auto* const failure = dynamic_cast<const std::system_error*>(&error);
    return failure != nullptr && failure->code() == std::errc::connection_refused;
  };
  io::tcp_stream stream = co_await retry(patience, connect, refused);
  co_return stream;
}

std::string query(const std::string& question) {
  // What a driver of a database is told, so that it does not work for nobody.
  const auto patience = std::min<std::chrono::nanoseconds>(remaining(), 30s);
  return question + " within " + std::to_string(patience / 1s) + " s";
}

task<std::string> reply(std::string question, cancellation_token closing) {
  cancellation_source request = closing.child();
  request.cancel_after(10s, "the client does not wait longer");
  const auto ask = [&]() -> task<std::string> {
    std::string text = co_await timeout(5s, to_thread(query, question));
    co_return text;
  };
  std::string text = co_await with_stop_token(request.token(), ask());
  co_return text;
}

task<int> add_up(channel_receiver<int> jobs, cancellation_token closing) {
  int sum = 0;
  for (;;) {
    auto [job, closed] = co_await select(jobs.receive(), closing);
    if (job.has_value() && job.value()) sum += *job.value();
    if (closed.has_value()) co_return sum;
  }
}

task<std::string> nearest(std::string page) {
  auto [index, text] = co_await start_staggered(50ms, io::fs::read_file("/near/" + page),
                                                io::fs::read_file("/far/" + page));
  co_return text;
}

task<> look_up(mutex& cache, std::string& log) {
  mutex::guard guard = co_await cache.lock();
  log += "found ";
}

task<> tidy_up(std::string& log) {
  log += "tidied ";
  co_return;
}

task<> answer(std::string& log) {
  log += "answered ";
  co_return;
}

task<> serve(mutex& cache, std::string& log) {
  auto hit = spawn({.name = "look up", .eager = true}, look_up, std::ref(cache), std::ref(log));
  auto tidy = spawn({.name = "tidy", .priority = task_priority::low}, tidy_up, std::ref(log));
  auto ping = spawn({.name = "ping", .priority = task_priority::high}, answer, std::ref(log));
  co_await tidy;
  co_await ping;
  co_await hit;
}

}  // namespace

TEST_CASE("a request has a time limit, and ends when the server closes", "[runtime][guide]") {
  testing::simulation world;
  world.write_file("/far/page", "far");
  world.run([&]() -> task<> {
    cancellation_source closing;
    const std::string text = co_await reply("who", closing.token());
    CHECK(text == "who within 5 s");

    auto jobs = channel<int>(8);
    auto serving = spawn(add_up, std::move(jobs.receiver), closing.token());
    co_await jobs.sender.send(1);
    co_await jobs.sender.send(2);
    co_await sleep_for(1s);
    CHECK_FALSE(serving.done());
    closing.cancel("closing time");
    const int sum = co_await serving;
    CHECK(sum == 3);
    std::string reason;
    try {
      (void)co_await reply("late", closing.token());
    } catch (const operation_cancelled& cancel) {
      reason = cancel.reason();
    }
    CHECK(reason == "closing time");

    const std::string page = co_await nearest("page");
    CHECK(page == "far");
  }());
}

TEST_CASE("what a list names is copied", "[runtime][guide]") {
  testing::simulation world;
  std::string list;
  for (int i = 0; i < 30; ++i) {
    world.write_file("/in/" + std::to_string(i), std::to_string(i * i));
    list += std::to_string(i) + '\n';
  }
  world.write_file("/list", list);
  world.write_file("/out/keep", "");
  world.run(copy_listed());
  for (int i = 0; i < 30; ++i) {
    CHECK(world.read_file("/out/" + std::to_string(i)) == std::to_string(i * i));
  }
}

TEST_CASE("files are read many at a time, and one that is missing is no failure",
          "[runtime][guide]") {
  testing::explore(20, [](testing::simulation& world) -> task<> {
    std::vector<std::string> files;
    for (int i = 0; i < 20; ++i) {
      files.push_back("/part" + std::to_string(i));
      if (i != 7) world.write_file(files.back(), "x");
    }
    const std::string all = co_await joined(files);
    testing::require(all.size() == 19 + std::string("(missing)").size(), "a part was lost");
    const std::string there = co_await text_or("/part0", "none");
    const std::string missing = co_await text_or("/part7", "none");
    testing::require(there == "x" && missing == "none", "another text");
  });
}

TEST_CASE("what was begun is cleaned up, whatever happens", "[runtime][guide]") {
  testing::sweep_options options;
  options.seeds = 3;
  testing::cancel_everywhere(options, [](testing::simulation& world) {
    world.write_file("/out/page", "old");
    std::exception_ptr disturbance;
    try {
      world.run(replace_folder());
    } catch (...) {
      disturbance = std::current_exception();
    }
    const auto page = world.read_file("/out/page");
    testing::require(page == "old" || page == "new", "the page is damaged");
    if (disturbance != nullptr) std::rethrow_exception(disturbance);
  });
}

TEST_CASE("who is refused tries again until somebody listens", "[runtime][guide]") {
  testing::explore(20, [](testing::simulation& world) -> task<> {
    const io::address server("10.0.0.2", 80);
    auto connected = spawn(connect_patiently, server);
    co_await sleep_for(3s);
    testing::require(!connected.done(), "nobody listened");
    io::tcp_listener listener = io::tcp_listener::bind(server);
    io::tcp_stream client = co_await connected;
    io::tcp_stream accepted = co_await listener.accept();
    testing::require(world.now() > 3s, "it was there too early");
  });
}

TEST_CASE("tasks run at once, or in the order of their priorities", "[runtime][guide]") {
  testing::simulation world;
  std::string log;
  const auto main = [&]() -> task<> {
    mutex cache;
    co_await serve(cache, log);
  };
  world.run(main());
  CHECK(log == "found answered tidied ");
}
