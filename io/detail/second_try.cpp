#include <lariat/io/detail/second_try.hpp>

#include <linux/fs.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

namespace lariat::io::detail {
namespace {

constexpr std::uint8_t tries_at_once = 2;
constexpr std::size_t pauses = 12;

// From 50 us to 102 ms. The kernel reads one when its entry is submitted, which is later than
// `prepare_wait`, so they stay.
constexpr std::array<__kernel_timespec, pauses> make_pauses() {
  std::array<__kernel_timespec, pauses> made{};
  for (std::size_t i = 0; i < pauses; ++i) made[i].tv_nsec = 50'000LL << i;
  return made;
}
constinit std::array<__kernel_timespec, pauses> pause_times = make_pauses();

// What a poll would wait for in place of the operation.
second_try::wait_for readiness_of(const io_uring_sqe& entry) noexcept {
  switch (entry.opcode) {
    case IORING_OP_READ:
    case IORING_OP_READV:
    case IORING_OP_READ_FIXED:
    case IORING_OP_RECV:
    case IORING_OP_RECVMSG:
    case IORING_OP_ACCEPT:
      return second_try::wait_for::readable;
    case IORING_OP_WRITE:
    case IORING_OP_WRITEV:
    case IORING_OP_WRITE_FIXED:
    case IORING_OP_SEND:
    case IORING_OP_SENDMSG:
    case IORING_OP_SEND_ZC:
    case IORING_OP_CONNECT:
      return second_try::wait_for::writable;
    default:
      return second_try::wait_for::nothing;
  }
}

// Whether EAGAIN is what the entry asks for.
bool asks_not_to_wait(const io_uring_sqe& entry) noexcept {
  switch (entry.opcode) {
    case IORING_OP_READ:
    case IORING_OP_READV:
    case IORING_OP_READ_FIXED:
    case IORING_OP_WRITE:
    case IORING_OP_WRITEV:
    case IORING_OP_WRITE_FIXED:
      return (static_cast<unsigned>(entry.rw_flags) & RWF_NOWAIT) != 0;
    case IORING_OP_RECV:
    case IORING_OP_RECVMSG:
    case IORING_OP_SEND:
    case IORING_OP_SENDMSG:
    case IORING_OP_SEND_ZC:
      return (entry.msg_flags & MSG_DONTWAIT) != 0;
    default:
      return false;
  }
}

bool may_repeat(const io_uring_sqe& entry, int error, std::uint8_t tries) noexcept {
  if (error == EALREADY) return entry.opcode == IORING_OP_CONNECT && tries != 0;
  // The kernel cancels the rest of a chain if one of it fails.
  if ((entry.flags & (IOSQE_IO_LINK | IOSQE_IO_HARDLINK)) != 0) return false;
  switch (entry.opcode) {
    case IORING_OP_CLOSE:  // After EINTR the number may be somebody else's.
    case IORING_OP_ASYNC_CANCEL:
    case IORING_OP_POLL_REMOVE:
    case IORING_OP_TIMEOUT_REMOVE:
    case IORING_OP_LINK_TIMEOUT:
      return false;
    default:
      return error != EAGAIN || !asks_not_to_wait(entry);
  }
}

}  // namespace

second_try second_try::of(const io_uring_sqe& entry, int error, std::uint8_t tries) noexcept {
  second_try next;
  next.possible = may_repeat(entry, error, tries);
  next.too_often = tries >= tries_max;
  const wait_for readiness = readiness_of(entry);
  const bool not_ready = error == EAGAIN || error == EALREADY;
  // A descriptor may be ready and not ready all the same, so every other time it is a pause.
  if (not_ready && readiness != wait_for::nothing && tries % 2 == 0) {
    next.wait = readiness;
  } else if (tries >= tries_at_once) {
    next.wait = wait_for::time;
  }
  return next;
}

void second_try::prepare_wait(io_uring_sqe& entry, wait_for what, std::uint8_t tries) noexcept {
  const int fd = entry.fd;
  entry = {};
  if (what == wait_for::time) {
    const std::size_t index = std::min<std::size_t>(tries - tries_at_once, pauses) - 1;
    ::io_uring_prep_timeout(&entry, &pause_times[index], 0, 0);
  } else {
    ::io_uring_prep_poll_add(&entry, fd, what == wait_for::readable ? POLLIN : POLLOUT);
  }
}

}  // namespace lariat::io::detail
