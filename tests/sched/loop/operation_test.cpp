#include "fake_loop.hpp"

#include <lariat/sched/loop/operation.hpp>
#include <lariat/sched/task/join_handle.hpp>
#include <lariat/sched/time/timer.hpp>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

// An operation that a test completes by hand.
class manual final : public operation {
 public:
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> caller) noexcept {
    prepare(caller);
    if (must_cancel()) return !(cancelled_ = true);
    suspend();
    return true;
  }
  void await_resume() const {
    if (cancelled_) throw_cancelled();
  }
  void cancel() noexcept override { ++cancels; }
  [[nodiscard]] operation_info info() const noexcept override { return {"manual", 7}; }

  void finish(bool cancelled) noexcept {
    cancelled_ = cancelled;
    complete();
  }
  int cancels = 0;

 private:
  bool cancelled_ = false;
};

// How a child process ends that runs `body`, with its stderr in `output`.
template <class Body>
int status_of_child(Body body, std::string& output) {
  int pipe[2];
  if (::pipe(pipe) != 0) return -1;
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(pipe[1], STDERR_FILENO);
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    std::signal(SIGABRT, SIG_DFL);
    body();
    ::_exit(0);
  }
  ::close(pipe[1]);
  char buffer[512];
  for (ssize_t count; (count = ::read(pipe[0], buffer, sizeof buffer)) > 0;) {
    output.append(buffer, static_cast<std::size_t>(count));
  }
  ::close(pipe[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

}  // namespace

LOOP_TEST_CASE("a cancel asks the operation, which ends when it likes", "[sched][operation]") {
  manual wait;
  bool ended = false;
  join_handle<void> handle = spawn([&]() -> task<> {
    co_await wait;
    ended = true;
  });
  co_await yield();
  handle.cancel();
  handle.cancel();
  CHECK(wait.cancels == 2);
  co_await sleep_for(1ms);
  CHECK_FALSE(handle.done());
  wait.finish(false);  // A value that arrived wins.
  co_await handle;
  CHECK(ended);
}

LOOP_TEST_CASE("a completed operation resumes its task through the ready queue",
               "[sched][operation]") {
  manual wait;
  bool ended = false;
  join_handle<void> handle = spawn([&]() -> task<> {
    co_await wait;
    ended = true;
  });
  co_await yield();
  wait.finish(false);
  CHECK_FALSE(ended);
  co_await yield();
  CHECK(ended);
  co_await handle;
}

LOOP_TEST_CASE("an operation that is not suspended is not asked to cancel", "[sched][operation]") {
  manual wait;
  join_handle<void> handle = spawn([&]() -> task<> { co_await wait; });
  handle.cancel();  // Before it started.
  const outcome<void> end = co_await as_result(handle);
  CHECK(end.cancelled());
  CHECK(wait.cancels == 0);
}

TEST_CASE("destroying a frame with an operation in flight terminates with a message",
          "[sched][operation]") {
  constexpr int sleep_line = __LINE__ + 1;
  const auto body = []() -> task<> { co_await sleep_for(1h); };
  std::string output;
  const int status = status_of_child(
      [&] {
        fake_driver driver;
        loop loop(driver);
        bool done = false;
        call step([&] {
          struct starter {
            struct promise_type {
              starter get_return_object() {
                return {std::coroutine_handle<promise_type>::from_promise(*this)};
              }
              std::suspend_never initial_suspend() noexcept { return {}; }
              std::suspend_always final_suspend() noexcept { return {}; }
              void return_void() noexcept {}
              void unhandled_exception() noexcept {}
            };
            std::coroutine_handle<promise_type> handle;
          };
          auto start = [](task<> inner) -> starter { co_await inner; };
          start(body()).handle.destroy();
          done = true;
        });
        loop.post(step);
        loop.run_until(done);
      },
      output);
  CHECK(WIFSIGNALED(status));
  INFO(output);
  CHECK(output.find("destroyed while an operation that it awaits was in flight, at ") !=
        std::string::npos);
  CHECK(output.find("operation_test.cpp:" + std::to_string(sleep_line) + " in task ") !=
        std::string::npos);
}

TEST_CASE("awaiting an operation where no loop runs terminates with a message",
          "[sched][operation]") {
  struct detached {
    struct promise_type {
      detached get_return_object() { return {}; }
      std::suspend_never initial_suspend() noexcept { return {}; }
      std::suspend_never final_suspend() noexcept { return {}; }
      void return_void() noexcept {}
      void unhandled_exception() noexcept {}
    };
  };
  std::string output;
  const int status = status_of_child(
      [] {
        auto body = []() -> detached { co_await yield(); };
        body();
      },
      output);
  CHECK(WIFSIGNALED(status));
  CHECK(output.find("lariat: yield was awaited on a thread that runs no loop") !=
        std::string::npos);
}
