#include <lariat/io/op/detail/second_try.hpp>

#include <linux/fs.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

namespace lariat::io::detail {
namespace {

constexpr unsigned opcode_ftruncate = 55;  // Linux 6.9, later than liburing 2.3.
constexpr unsigned accept_dontwait = 2;    // IORING_ACCEPT_DONTWAIT, Linux 6.10
constexpr unsigned splice_nonblock = 2;    // SPLICE_F_NONBLOCK, of the C library by _GNU_SOURCE
constexpr unsigned resolve_cached = 0x20;  // RESOLVE_CACHED, Linux 5.12

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
    case IORING_OP_SENDMSG_ZC:
    case IORING_OP_CONNECT:
      return second_try::wait_for::writable;
    default:
      return second_try::wait_for::nothing;
  }
}

// Whether EAGAIN says no more than that the kernel could not do it now. Of operations that are not
// listed it may be the answer: a futex that has another value.
bool may_repeat_not_ready(const io_uring_sqe& entry) noexcept {
  switch (entry.opcode) {
    case IORING_OP_READ:
    case IORING_OP_READV:
    case IORING_OP_READ_FIXED:
    case IORING_OP_WRITE:
    case IORING_OP_WRITEV:
    case IORING_OP_WRITE_FIXED:
      return (static_cast<unsigned>(entry.rw_flags) & RWF_NOWAIT) == 0;
    case IORING_OP_RECV:
    case IORING_OP_RECVMSG:
    case IORING_OP_SEND:
    case IORING_OP_SENDMSG:
    case IORING_OP_SEND_ZC:
    case IORING_OP_SENDMSG_ZC:
      return (entry.msg_flags & MSG_DONTWAIT) == 0;
    case IORING_OP_ACCEPT:
      return (entry.ioprio & accept_dontwait) == 0;
    case IORING_OP_SPLICE:
    case IORING_OP_TEE:
      return (entry.splice_flags & splice_nonblock) == 0;
    case IORING_OP_OPENAT2:
      return (reinterpret_cast<const open_how*>(entry.addr2)->resolve & resolve_cached) == 0;
    case IORING_OP_NOP:
    case IORING_OP_CONNECT:
    case IORING_OP_SHUTDOWN:
    case IORING_OP_SOCKET:
    case IORING_OP_OPENAT:
    case IORING_OP_STATX:
    case IORING_OP_FSYNC:
    case IORING_OP_SYNC_FILE_RANGE:
    case IORING_OP_FALLOCATE:
    case IORING_OP_FADVISE:
    case opcode_ftruncate:
    case IORING_OP_RENAMEAT:
    case IORING_OP_UNLINKAT:
    case IORING_OP_MKDIRAT:
    case IORING_OP_SYMLINKAT:
    case IORING_OP_LINKAT:
    case IORING_OP_POLL_ADD:
    case IORING_OP_TIMEOUT:
      return true;
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
      return error != EAGAIN || may_repeat_not_ready(entry);
  }
}

}  // namespace

second_try second_try::of(const io_uring_sqe& entry, int error, std::uint8_t tries) noexcept {
  second_try next;
  next.possible = may_repeat(entry, error, tries);
  const wait_for readiness = readiness_of(entry);
  const bool not_ready = (error == EAGAIN || error == EALREADY) && readiness != wait_for::nothing;
  // Others may take what a descriptor is ready for each time, as long as they like.
  next.too_often = tries >= tries_max && !not_ready;
  // A descriptor may be ready and not ready all the same, so every other time it is a pause.
  if (not_ready && tries % 2 == 0) {
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
