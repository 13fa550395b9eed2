#include <lariat/io/op/poll.hpp>

#include <liburing.h>
#include <poll.h>

namespace lariat::io {

void poll_op::prepare_entry(io_uring_sqe& entry) noexcept {
  ::io_uring_prep_poll_add(&entry, fd(), events_);
}

poll_op readable(int fd) noexcept { return poll_op(fd, POLLIN); }

poll_op writable(int fd) noexcept { return poll_op(fd, POLLOUT); }

}  // namespace lariat::io
