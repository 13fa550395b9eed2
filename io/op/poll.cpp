#include <lariat/io/op/poll.hpp>

#include <liburing.h>
#include <poll.h>

namespace lariat::io {

void poll_operation::prepare_entry(io_uring_sqe& entry) noexcept {
  ::io_uring_prep_poll_add(&entry, fd(), events_);
}

poll_operation readable(int fd) noexcept { return poll_operation(fd, POLLIN); }

poll_operation writable(int fd) noexcept { return poll_operation(fd, POLLOUT); }

}  // namespace lariat::io
