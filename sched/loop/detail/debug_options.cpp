#include <lariat/sched/loop/detail/debug_options.hpp>

#include <lariat/sched/text/detail/shown_name.hpp>

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
  static const bool on = [] {
    check_debug_variable();
#ifdef NDEBUG
    return debug_requested() || debug_variable() == "deadlocks";
#else
    return debug_variable() != "0";
#endif
  }();
  return on;
}

}  // namespace lariat::detail
