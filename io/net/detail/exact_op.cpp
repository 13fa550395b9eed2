#include <lariat/io/net/detail/exact_op.hpp>

#include <lariat/io/net/socket.hpp>

#include <cassert>
#include <cerrno>

namespace lariat::io::detail {

bool exact_op::completed() noexcept {
  if (result_ <= 0) return socket_op::completed();
  // Short: it goes on where this result has left off.
  done_ += static_cast<std::size_t>(result_);
  assert(done_ <= size_ && "the kernel moved more bytes than it was asked to");
  set_enough(size_ - done_);
  if (on().is_open()) return false;
  result_ = -ECANCELED;
  return true;
}

}  // namespace lariat::io::detail
