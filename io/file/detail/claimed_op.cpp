#include <lariat/io/file/detail/claimed_op.hpp>

#include <lariat/io/op/detail/driver_of.hpp>

namespace lariat::io::detail {

bool claimed_op::completed() noexcept {
  if (claim_.polls() && result_ >= 0) {
    claim_.polled();
    return false;
  }
  claim_.completed(driver_of(owner()));
  return true;
}

void claimed_op::mark(io_uring_sqe& entry) noexcept {
  if (claim_.mark(entry, driver_of(owner()))) set_nothing_enough();
}

}  // namespace lariat::io::detail
