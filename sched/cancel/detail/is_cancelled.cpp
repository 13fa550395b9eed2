#include <lariat/sched/cancel/detail/is_cancelled.hpp>

#include <lariat/sched/cancel/cancelled.hpp>

#include <typeinfo>

namespace lariat::detail {

bool is_cancelled(const std::exception_ptr& error) noexcept {
  if (error == nullptr) return false;
#if defined(__GLIBCXX__)
  return *error.__cxa_exception_type() == typeid(operation_cancelled);  // Without a rethrow.
#else
  try {
    std::rethrow_exception(error);
  } catch (const operation_cancelled&) {
    return true;
  } catch (...) {
    return false;
  }
#endif
}

}  // namespace lariat::detail
