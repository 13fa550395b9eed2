#include <lariat/sched/loop/detail/debug_options.hpp>

#include <lariat/sched/text/detail/shown_name.hpp>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace lariat::detail {
namespace {

std::string_view debug_variable() noexcept {
  const char* const value = std::getenv("LARIAT_DEBUG");
  return value == nullptr ? std::string_view() : std::string_view(value);
}

// A misspelt value would turn the checks off silently.
void check_debug_variable() noexcept {
  const std::string_view value = debug_variable();
  if (value.empty() || value == "0" || value == "1" || value == "deadlocks") return;
  std::fprintf(stderr, "lariat: LARIAT_DEBUG=%s means nothing: 0, 1 and deadlocks do\n",
               shown_name(value).c_str());
}

}  // namespace

bool debug_requested() noexcept { return debug_variable() == "1"; }

bool deadlock_checks() noexcept {
  enum class answer : unsigned char { none, off, on };
  static constinit std::atomic<answer> known{answer::none};
  if (const answer before = known.load(std::memory_order_relaxed); before != answer::none) {
    return before == answer::on;
  }
#ifdef NDEBUG
  const bool wanted = debug_requested() || debug_variable() == "deadlocks";
#else
  const bool wanted = debug_variable() != "0";
#endif
  const answer now = wanted ? answer::on : answer::off;
  if (known.exchange(now, std::memory_order_relaxed) == answer::none) check_debug_variable();
  return wanted;
}

}  // namespace lariat::detail
