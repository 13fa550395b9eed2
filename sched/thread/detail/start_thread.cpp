#include <lariat/sched/thread/detail/start_thread.hpp>

#include <lariat/sched/thread/detail/affinity.hpp>

#include <sys/resource.h>

#include <fstream>

namespace lariat::detail {
namespace {

// The number of this process's threads; empty if there is no /proc.
std::string thread_count() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word == "Threads:" && status >> word) return word;
  }
  return {};
}

}  // namespace

thread_starter start_thread = [](void (*body)(void*), void* argument) {
  const unpinned_scope of_the_loop;
  return std::thread(body, argument);
};

std::string no_thread_text(const std::string& who) {
  std::string text = who;
  if (const std::string count = thread_count(); !count.empty()) {
    text += ": this process has " + count + " of them";
  }
  text += ". Use fewer, or raise what limits them: the user's processes (ulimit -u";
  rlimit limit = {};
  if (::getrlimit(RLIMIT_NPROC, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    text += ", now " + std::to_string(limit.rlim_cur);
  }
  return text + "), the control group (pids.max) or memory";
}

}  // namespace lariat::detail
