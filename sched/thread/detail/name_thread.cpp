#include <lariat/sched/thread/detail/name_thread.hpp>

#include <pthread.h>

#include <algorithm>

namespace lariat::detail {

void name_this_thread(const std::string& group, std::size_t number) noexcept {
  constexpr std::size_t name_max = 15;  // What the kernel takes.
  const std::string digits = std::to_string(number);
  std::string text(group, 0, name_max - 1 - std::min(name_max - 1, digits.size()));
  text += '/';
  text += digits;
  ::pthread_setname_np(::pthread_self(), text.c_str());
}

}  // namespace lariat::detail
