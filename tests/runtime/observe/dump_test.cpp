#include <lariat/runtime/observe/dump.hpp>

#include "contains.hpp"
#include "coroutine_test.hpp"

#include <lariat/io/op/poll.hpp>
#include <lariat/runtime/run/run.hpp>
#include <lariat/runtime/run/to_loop.hpp>
#include <lariat/sched/scope/when_all.hpp>
#include <lariat/sched/task/yield.hpp>
#include <lariat/sched/time/timer.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <regex>
#include <string>
#include <thread>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

constexpr int leaf_line = __LINE__ + 1;
task<> leaf() { co_await sleep_for(24h); }
constexpr int middle_line = __LINE__ + 1;
task<> middle() { co_await leaf(); }
constexpr int top_line = __LINE__ + 1;
task<> top() { co_await middle(); }

task<> read_from(int fd) { (void)co_await io::readable(fd); }

// What `dump_tasks` prints.
std::string dumped() {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* out = ::open_memstream(&text, &size);
  dump_tasks(out);
  std::fclose(out);
  const std::unique_ptr<char, decltype(&std::free)> owned(text, &std::free);
  return std::string(text, size);
}

bool matches(const std::string& text, const std::string& pattern) {
  return std::regex_search(text, std::regex(pattern));
}

std::string here(int line) { return "dump_test\\.cpp:" + std::to_string(line); }

}  // namespace

TEST_CASE("a dump shows each task's name, where it was spawned and every await of its chain",
          "[runtime][dump]") {
  constexpr int spawn_line = __LINE__ + 2;
  auto main = []() -> task<std::string> {
    spawn({.name = "sleeper"}, top).detach();
    co_await sleep_for(1us);
    co_return dumped();
  };
  const std::string text = run(main());
  CHECK(matches(text,
                "task \\d+ \"sleeper\" waits in sleep for [\\d.e+]+ (us|ms|s); spawned at "
                "[^ ]*" +
                    here(spawn_line) + "\n"));
  CHECK(matches(text, "\n  at [^ ]*" + here(leaf_line) + "  [^\n]*leaf[^\n]*\n  at [^ ]*" +
                          here(middle_line) + "  [^\n]*middle[^\n]*\n  at [^ ]*" + here(top_line) +
                          "  [^\n]*top"));
  CHECK(matches(text, "task \\d+ \"main\" is ready or running\n"));
}

TEST_CASE("a dump shows a task's name in one line, whatever it is", "[runtime][dump]") {
  auto main = []() -> task<std::string> {
    spawn({.name = "a\n\x1b[2J\xff\"b"}, leaf).detach();
    co_await sleep_for(1us);
    co_return dumped();
  };
  CHECK(contains(run(main()), R"( "a\n\x1b[2J\xff\"b" waits in sleep for )"));
}

TEST_CASE("a dump shows the operation that a task waits in, and its descriptor",
          "[runtime][dump]") {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  auto main = [&]() -> task<std::string> {
    spawn({.name = "reader"}, read_from, ends[0]).detach();
    co_await sleep_for(1us);
    co_return dumped();
  };
  const std::string text = run(main());
  CHECK(matches(text, "\"reader\" waits in poll\\(fd " + std::to_string(ends[0]) + "\\) for "));
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_CASE("a dump shows children below their parents", "[runtime][dump]") {
  auto main = []() -> task<std::string> {
    auto pair = []() -> task<> { co_await when_all(top(), leaf()); };
    spawn({.name = "pair"}, pair).detach();
    co_await sleep_for(1us);
    co_return dumped();
  };
  const std::string text = run(main());
  CHECK(matches(text,
                "\ntask \\d+ \"pair\" waits in when_all for [^\n]*\n  at [^\n]*\n"
                "  task \\d+ waits in sleep [^\n]*child made at [^\n]*\n    at [^\n]*" +
                    here(leaf_line)));
}

TEST_CASE("a dump shows who is being cancelled", "[runtime][dump]") {
  auto main = []() -> task<std::string> {
    auto handle = spawn({.name = "doomed"}, leaf);
    co_await sleep_for(1us);
    handle.cancel();
    co_return dumped();
  };
  CHECK(matches(run(main()), "\"doomed\" [^\n]*, being cancelled; spawned at"));
}

TEST_CASE("a dump from a foreign thread shows every loop", "[runtime][dump]") {
  std::atomic<int> began = 0;
  runtime program({.loops = 2});
  program.start();
  auto body = [&]() -> task<> {
    ++began;
    co_await leaf();
  };
  program.spawner_at(0).spawn({.name = "first"}, body).detach();
  program.spawner_at(1).spawn({.name = "second"}, body).detach();
  while (began != 2) std::this_thread::yield();
  const std::string text = dumped();
  CHECK(matches(text, "loop 0:\n(.*\n)*.*\"(first|second)\" waits in sleep"));
  CHECK(matches(text, "loop 1:\n(.*\n)*.*\"(first|second)\" waits in sleep"));
  CHECK(contains(text, "\"first\""));
  CHECK(contains(text, "\"second\""));
}

TEST_CASE("a dump names a loop that a task keeps busy", "[runtime][dump]") {
  std::atomic<bool> busy = false;
  std::atomic<bool> go_on = false;  // Both outlive the loop's thread, which may still look at them.
  runtime program;
  program.start();
  auto hog = [&]() -> task<> {
    busy = true;
    busy.notify_one();
    go_on.wait(false);
    co_return;
  };
  program.spawn(hog).detach();
  busy.wait(false);
  CHECK(dumped() == "loop 0 does not answer: a task keeps it busy\n");
  go_on = true;
  go_on.notify_one();
}

TEST_CASE("a dump without a runtime is empty", "[runtime][dump]") { CHECK(dumped().empty()); }

TEST_CASE("dumps may be taken while runtimes come and go", "[runtime][dump]") {
  std::atomic<bool> stop = false;
  std::atomic<int> dumps = 0;
  std::thread watcher([&] {
    do {
      (void)dumped();
      ++dumps;
    } while (!stop);
  });
  for (int i = 0; i < 50; ++i) {
    runtime program({.loops = 2});
    program.start();
    program.spawner_at(1).spawn(top).detach();
    auto main = []() -> task<int> {
      co_return co_await to_loop(1, []() -> task<int> { co_return 1; });
    };
    program.block_on(main());
  }
  stop = true;
  watcher.join();
  CHECK(dumps > 0);
}
