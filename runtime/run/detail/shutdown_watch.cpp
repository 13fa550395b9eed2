#include <lariat/runtime/run/detail/shutdown_watch.hpp>

#include <lariat/runtime/observe/dump.hpp>
#include <lariat/sched/blocking/blocking_pool.hpp>
#include <lariat/sched/blocking/lane.hpp>
#include <lariat/sched/pool/pool.hpp>
#include <lariat/sched/thread/detail/name_thread.hpp>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace lariat::detail {
namespace {

// Longer waits would overflow the clock. It is a century.
constexpr clock_ns limit_max = 3'153'600'000'000'000'000;

// When the loops have ended, the threads that are idle end at once: those that are left are what is
// waited for.
void tell_of_threads() {
  std::error_code error;
  std::filesystem::directory_iterator each("/proc/self/task", error);
  for (; !error && each != std::filesystem::directory_iterator(); each.increment(error)) {
    const std::string id = each->path().filename();
    if (id == std::to_string(::getpid()) || id == std::to_string(::gettid())) continue;
    std::string name;
    std::getline(std::ifstream(each->path() / "comm"), name);
    std::fprintf(stderr, "  thread %s \"%s\"\n", id.c_str(), name.c_str());
  }
}

}  // namespace

shutdown_watch::shutdown_watch(clock_ns limit, const blocking_pool& threads,
                               const pool& workers) noexcept
    : limit_(std::min(limit, limit_max)), threads_(threads), workers_(workers) {
  if (limit <= 0) return;
  try {
    thread_ = std::thread([this] { wait(); });
  } catch (const std::system_error& error) {
    std::fprintf(stderr, "lariat: shutdown_timeout_ns has no thread to wait on: %s\n",
                 error.what());
  }
}

shutdown_watch::~shutdown_watch() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    done_ = true;
    over_.notify_one();
  }
  thread_.join();
}

void shutdown_watch::loops_ended() noexcept {
  const std::lock_guard lock(mutex_);
  loops_ended_ = true;
}

void shutdown_watch::wait() noexcept {
  name_this_thread("shutdown", 0);
  const auto until = std::chrono::steady_clock::now() + std::chrono::nanoseconds(limit_);
  std::unique_lock lock(mutex_);
  if (!over_.wait_until(lock, until, [this] { return done_; })) give_up();
}

void shutdown_watch::give_up() noexcept {
  std::fprintf(stderr,
               "lariat: the runtime has not ended %.3g s after its shutdown began "
               "(shutdown_timeout_ns), so the process ends here, without destructors\n",
               static_cast<double>(limit_) / 1e9);
  try {
    if (loops_ended_) {
      std::fputs("no task lives; functions still run on threads:\n", stderr);
      tell_of_threads();
    } else {
      dump_tasks(stderr);
      tell_of_functions();
    }
  } catch (...) {
    std::fputs("(there is no memory to say more)\n", stderr);
  }
  std::fflush(stderr);
  std::abort();
}

void shutdown_watch::tell_of_functions() const noexcept {
  threads_.for_each_lane([](const lane& each) {
    const lane_metrics now = each.metrics();
    if (now.threads == now.idle && now.queued == 0) return;
    std::fprintf(stderr, "lane \"%s\": %u functions run, %zu wait for a thread\n",
                 each.name().c_str(), now.threads - now.idle, now.queued);
  });
  const pool_metrics now = workers_.metrics();
  if (now.workers == now.sleeping) return;
  std::fprintf(stderr, "pool \"%s\": %zu of %zu workers run\n", workers_.name().c_str(),
               now.workers - now.sleeping, now.workers);
}

}  // namespace lariat::detail
