#include <lariat/io/op/descriptor.hpp>

#include <lariat/io/kernel/detail/system_calls.hpp>

#include <liburing.h>

#include <cerrno>
#include <utility>

namespace lariat::io {

descriptor::~descriptor() {
  // The descriptor is gone even after EINTR: closing again could hit somebody else's.
  if (fd_ >= 0) detail::sys::close(fd_);
}

void descriptor::close_op::prepare_entry(io_uring_sqe& entry) noexcept {
  // From here on the kernel owns it: nobody else may close the number too. If somebody has closed
  // it since `close` was called the number is -1, and the answer EBADF.
  if (target_ != nullptr) closing_ = std::exchange(target_, nullptr)->release();
  ::io_uring_prep_close(&entry, closing_);
}

bool descriptor::close_op::completed() noexcept {
  // Only the driver's drain cancels it, and then it is open still.
  if (result_ == -ECANCELED) result_ = detail::sys::close(closing_) == 0 ? 0 : -errno;
  return true;
}

}  // namespace lariat::io
