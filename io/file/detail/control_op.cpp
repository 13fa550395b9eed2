#include <lariat/io/file/detail/control_op.hpp>

#include <lariat/io/kernel/detail/system_calls.hpp>
#include <lariat/io/op/detail/driver_of.hpp>
#include <lariat/io/op/detail/signal_guard.hpp>

#include <liburing.h>

#include <limits.h>

#include <cerrno>

namespace lariat::io::detail {
namespace {

constexpr unsigned opcode_ftruncate = 55;  // Linux 6.9, later than liburing 2.3.

}  // namespace

void control_op::prepare_sync(control_op& self, io_uring_sqe& entry) noexcept {
  ::io_uring_prep_fsync(&entry, self.fd(), static_cast<unsigned>(self.flags_));
}

void control_op::prepare_allocate(control_op& self, io_uring_sqe& entry) noexcept {
  ::io_uring_prep_fallocate(&entry, self.fd(), self.flags_, static_cast<off_t>(self.offset_),
                            static_cast<off_t>(self.length_));
}

void control_op::prepare_advise(control_op& self, io_uring_sqe& entry) noexcept {
  // The entry has 32 bits for the length; zero means to the end of the file.
  const bool fits = self.length_ <= UINT_MAX;
  ::io_uring_prep_fadvise(&entry, self.fd(), self.offset_,
                          fits ? static_cast<off_t>(self.length_) : 0, self.flags_);
}

void control_op::prepare_resize(control_op& self, io_uring_sqe& entry) noexcept {
  if (driver_of(self.owner()).supports(opcode_ftruncate)) {
    ::io_uring_prep_rw(opcode_ftruncate, &entry, self.fd(), nullptr, 0, self.length_);
    return;
  }
  if (self.done_by_call_ > 0) {  // Not yet.
    const signal_guard guard({SIGXFSZ});
    const int done = sys::ftruncate(self.fd(), self.length_);
    self.done_by_call_ = done == 0 ? 0 : -errno;
  }
  ::io_uring_prep_nop(&entry);
}

bool control_op::completed() noexcept {
  if (done_by_call_ <= 0) result_ = done_by_call_;
  return true;
}

}  // namespace lariat::io::detail
