// first: a call that may be abandoned outlives its task

#include <lariat/sched/blocking/to_thread.hpp>

#include <string>
#include <string_view>

std::size_t length(std::string_view text) { return text.size(); }

auto call(std::string text) {
#ifdef CORRECT
  return lariat::to_thread<lariat::on_cancel::abandon>(length, text);
#else
  return lariat::to_thread<lariat::on_cancel::abandon>(length, std::string_view(text));
#endif
}
