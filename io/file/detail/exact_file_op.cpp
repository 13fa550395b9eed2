#include <lariat/io/file/detail/exact_file_op.hpp>

#include <lariat/io/op/detail/driver_of.hpp>

#include <cassert>

namespace lariat::io::detail {

exact_file_op::exact_file_op(const char* name, int fd, const cursor_claim& claim,
                             std::size_t size) noexcept
    : fd_op(name, fd), claim_(claim), size_(size) {
  if (fd >= 0 && size == 0) preset(0);
  set_enough(size);
}

bool exact_file_op::prepare_poll(io_uring_sqe& entry) noexcept {
  if (!claim_.prepare_poll(entry)) return false;
  set_nothing_enough();
  return true;
}

void exact_file_op::mark(io_uring_sqe& entry) noexcept {
  if (claim_.mark(entry, driver_of(owner()))) set_nothing_enough();
}

bool exact_file_op::completed() noexcept {
  if (claim_.polls() && result_ >= 0) {
    claim_.polled();
    result_ = 0;
    set_enough(size_);
    return false;
  }
  claim_.completed(driver_of(owner()));
  if (result_ <= 0) return true;
  done_ += static_cast<std::size_t>(std::exchange(result_, 0));
  assert(done_ <= size_ && "the kernel moved more bytes than it was asked to");
  set_enough(size_ - done_);
  return done_ == size_;
}

result<std::size_t> exact_file_op::await_result() noexcept {
  const std::size_t moved = settle();
  return {take_error(), moved};
}

}  // namespace lariat::io::detail
