#include <lariat/io/net/detail/readable_op.hpp>

#include <liburing.h>
#include <poll.h>

namespace lariat::io::detail {

void readable_op::prepare_entry(io_uring_sqe& entry) noexcept {
  ::io_uring_prep_poll_add(&entry, entry_fd(), POLLIN | POLLRDHUP);
}

bool readable_op::completed() noexcept {
  // A close is an event too, but there is nothing to be read.
  if (!on().is_open()) result_ = 0;
  return socket_op::completed();
}

}  // namespace lariat::io::detail
