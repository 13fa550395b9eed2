#include <lariat/io/testing/detail/kernel_request.hpp>

#include <lariat/io/testing/detail/open_file.hpp>
#include <lariat/io/testing/detail/tcp_socket.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

// What each operation of a request does.

namespace lariat::io::testing {
namespace {

constexpr unsigned opcode_ftruncate = 55;  // Linux 6.9, later than liburing 2.3.
constexpr std::uint64_t at_cursor = ~std::uint64_t{0};

// Of RWF_...: those that change nothing here. There are no signals, and no caches.
constexpr unsigned rwf_nosignal = 0x100;  // Linux 6.18, later than the header of Debian 12.
constexpr unsigned rw_flags_known = RWF_SYNC | RWF_DSYNC | RWF_HIPRI | rwf_nosignal;

template <class T>
T* pointer(std::uint64_t address) noexcept {
  return reinterpret_cast<T*>(static_cast<std::uintptr_t>(address));
}

int or_wait(int result) noexcept { return result == -EAGAIN ? kernel_request::must_wait : result; }

bool has_no_descriptor(unsigned opcode) noexcept {
  switch (opcode) {
    case IORING_OP_NOP:
    case IORING_OP_TIMEOUT:
    case IORING_OP_OPENAT:
    case IORING_OP_STATX:
    case IORING_OP_UNLINKAT:
    case IORING_OP_RENAMEAT:
    case IORING_OP_MKDIRAT:
    case IORING_OP_LINKAT:
    case IORING_OP_SYMLINKAT:
    case IORING_OP_CLOSE:
      return true;
    default:
      return false;
  }
}

// A pipe cannot, and says so; a socket cannot, and is silent.
bool can_seek(open_description& what) noexcept {
  return what.as_file() != nullptr || what.as_socket() != nullptr;
}

bool needs_socket(unsigned opcode) noexcept {
  switch (opcode) {
    case IORING_OP_RECV:
    case IORING_OP_RECVMSG:
    case IORING_OP_SEND:
    case IORING_OP_SENDMSG:
    case IORING_OP_ACCEPT:
    case IORING_OP_CONNECT:
    case IORING_OP_SHUTDOWN:
      return true;
    default:
      return false;
  }
}

}  // namespace

bool kernel_request::supports(unsigned opcode) noexcept {
  switch (opcode) {
    case IORING_OP_READ:
    case IORING_OP_READV:
    case IORING_OP_WRITE:
    case IORING_OP_WRITEV:
    case IORING_OP_FSYNC:
    case IORING_OP_FALLOCATE:
    case IORING_OP_FADVISE:
    case IORING_OP_POLL_ADD:
    case opcode_ftruncate:
      return true;
    default:
      return has_no_descriptor(opcode) || needs_socket(opcode);
  }
}

int kernel_request::find_target() noexcept {
  if (has_no_descriptor(entry_.opcode)) return 0;
  target_ = kernel_.find(entry_.fd);
  if (target_ == nullptr) return -EBADF;
  if (open_file* const file = target_->as_file(); file != nullptr && file->is_only_path()) {
    return -EBADF;
  }
  return needs_socket(entry_.opcode) && target_->as_socket() == nullptr ? -ENOTSOCK : 0;
}

void kernel_request::find_buffers() noexcept {
  switch (entry_.opcode) {
    case IORING_OP_READ:
    case IORING_OP_WRITE:
    case IORING_OP_RECV:
    case IORING_OP_SEND:
      buffer_ = {pointer<void>(entry_.addr), entry_.len};
      buffers_ = {&buffer_, 1};
      return;
    case IORING_OP_READV:
    case IORING_OP_WRITEV:
      buffers_ = {pointer<const iovec>(entry_.addr), entry_.len};
      return;
    case IORING_OP_RECVMSG:
    case IORING_OP_SENDMSG: {
      const auto& message = *pointer<const msghdr>(entry_.addr);
      buffers_ = {message.msg_iov, message.msg_iovlen};
      return;
    }
    default:
      return;
  }
}

bool kernel_request::reads() const noexcept {
  return entry_.opcode == IORING_OP_WRITE || entry_.opcode == IORING_OP_WRITEV ||
         entry_.opcode == IORING_OP_SEND || entry_.opcode == IORING_OP_SENDMSG;
}

bool kernel_request::writes() const noexcept {
  return entry_.opcode == IORING_OP_READ || entry_.opcode == IORING_OP_READV ||
         entry_.opcode == IORING_OP_RECV || entry_.opcode == IORING_OP_RECVMSG;
}

bool kernel_request::waits_for_peer() const noexcept {
  if (entry_.opcode == IORING_OP_TIMEOUT) return true;
  if (target_ == nullptr || target_->as_file() != nullptr) return false;
  return needs_socket(entry_.opcode) || reads() || writes() || entry_.opcode == IORING_OP_POLL_ADD;
}

bool kernel_request::is_multishot() const noexcept {
  return (entry_.opcode == IORING_OP_ACCEPT && (entry_.ioprio & IORING_ACCEPT_MULTISHOT) != 0) ||
         (entry_.opcode == IORING_OP_POLL_ADD && (entry_.len & IORING_POLL_ADD_MULTI) != 0);
}

// The buffers without what has been moved, cut to `limit` bytes. Until the next call.
std::span<const iovec> kernel_request::rest(std::size_t limit) noexcept {
  rest_.clear();
  std::size_t skip = moved_;
  for (const iovec& each : buffers_) {
    const std::size_t skipped = std::min(skip, each.iov_len);
    const std::size_t length = std::min(each.iov_len - skipped, limit);
    skip -= skipped;
    limit -= length;
    if (length != 0) rest_.push_back({static_cast<std::byte*>(each.iov_base) + skipped, length});
  }
  return rest_;
}

int kernel_request::perform() noexcept {
  if (reads() || writes()) return transfer();
  switch (entry_.opcode) {
    case IORING_OP_NOP:
      return 0;
    case IORING_OP_POLL_ADD:
      return poll();
    case IORING_OP_CONNECT:
      return connect();
    case IORING_OP_ACCEPT:
      return accept();
    case IORING_OP_CLOSE:
      return kernel_.close(entry_.fd);
    case IORING_OP_SHUTDOWN:
      return target_->as_socket()->shutdown(static_cast<int>(entry_.len));
    case IORING_OP_FSYNC:
    case IORING_OP_FALLOCATE:
    case IORING_OP_FADVISE:
    case opcode_ftruncate:
      return on_file();
    default:
      return on_path();
  }
}

// What read(2) and write(2) look at before the file is asked.
int kernel_request::check_offset() noexcept {
  if (!(reads() ? target_->writable() : target_->readable())) return -EBADF;
  if ((static_cast<unsigned>(entry_.rw_flags) & ~rw_flags_known) != 0) return -EOPNOTSUPP;
  if (target_->is_polled_first()) {
    const unsigned wanted = reads() ? POLLOUT | POLLERR : POLLIN | POLLHUP;
    if ((target_->events() & wanted) == 0) return must_wait;
  }
  if (entry_.off == at_cursor) return 0;
  const auto begin = static_cast<std::int64_t>(entry_.off);
  const auto end = static_cast<std::int64_t>(entry_.off + size_of(buffers_));
  if (begin < 0 || end < 0) return -EINVAL;
  return target_->as_socket() != nullptr && begin != 0 ? -ESPIPE : 0;
}

// A write to a file that is short has been tried again by a thread of the kernel, which failed:
// Linux moves the cursor by the last try only, and not if that was an error.
int kernel_request::write(std::span<const iovec> from, std::uint64_t offset) noexcept {
  open_file* const file = target_->as_file();
  const std::uint64_t cursor = file == nullptr ? 0 : file->cursor();
  const int result = target_->write(from, offset);
  const bool is_short = result >= 0 && static_cast<std::size_t>(result) < size_of(from);
  if (file != nullptr && is_short) file->set_cursor(cursor);
  return result;
}

int kernel_request::transfer() noexcept {
  environment& world = kernel_.world();
  const bool is_file = target_->as_file() != nullptr;
  if (!needs_socket(entry_.opcode)) {
    if (const int error = check_offset(); error != 0) return error;
    // recv(2) waits for bytes even then.
    if (target_->as_socket() != nullptr && writes() && size_of(buffers_) == 0) return 0;
  }
  if (!std::exchange(asked_for_fault_, true)) {
    const call_kind kind = is_file ? (reads() ? call_kind::file_write : call_kind::file_read)
                                   : call_kind::socket_transfer;
    if (const int error = world.fault(kind); error != 0) {
      tcp_socket* const socket = target_->as_socket();
      if (error == -ECONNRESET && socket != nullptr) socket->break_connection();
      return error;
    }
  }
  const std::size_t size = size_of(buffers_);
  const std::uint64_t offset = needs_socket(entry_.opcode) ? at_cursor : entry_.off;
  const bool all = (entry_.msg_flags & MSG_WAITALL) != 0 && needs_socket(entry_.opcode);
  for (;;) {
    const auto buffers = rest(world.some_bytes(size - moved_));
    int result = reads() ? write(buffers, offset) : target_->read(buffers, offset);
    // A ring asks a directory for its bytes only if there is room for some; read(2) asks always.
    if (result == -EISDIR && size == 0) result = 0;
    const bool none = result <= 0;
    if (!none) moved_ += static_cast<std::size_t>(result);
    if (result == -EAGAIN && (moved_ == 0 || all)) return must_wait;
    if (none && moved_ == 0) return result;
    // An error after the first bytes is lost, as the socket has told it: Linux does the same.
    // The kernel goes on by itself; but not always, as any of them may have been cut short.
    if (all && !none && moved_ < size && !world.random().chance(world.plan().short_transfer)) {
      continue;
    }
    tcp_socket* const socket = target_->as_socket();
    if (writes() && socket != nullptr && socket->available() != 0) {
      flags_ |= IORING_CQE_F_SOCK_NONEMPTY;
    }
    return static_cast<int>(moved_);
  }
}

int kernel_request::poll() noexcept {
  constexpr unsigned always = POLLERR | POLLHUP | POLLRDHUP;  // The last, by a ring only.
  const unsigned events = target_->events() & (entry_.poll32_events | always);
  return events == 0 ? must_wait : static_cast<int>(events);
}

int kernel_request::connect() noexcept {
  tcp_socket& socket = *target_->as_socket();
  if (connecting_) return or_wait(socket.connect_result());
  const bool unheard = kernel_.world().fault(call_kind::connect) != 0;
  const auto peer = address::from_sockaddr(pointer<const sockaddr>(entry_.addr), entry_.off);
  if (!peer) return -EINVAL;
  connecting_ = true;
  return or_wait(socket.start_connect(*peer, unheard));
}

int kernel_request::accept() noexcept {
  if (!std::exchange(asked_for_fault_, true)) {
    if (const int error = kernel_.world().fault(call_kind::accept); error != 0) return error;
  }
  return or_wait(
      kernel_.accept(*target_, pointer<sockaddr>(entry_.addr), pointer<socklen_t>(entry_.addr2)));
}

int kernel_request::on_file() noexcept {
  environment& world = kernel_.world();
  open_file* const file = target_->as_file();
  if (entry_.opcode == IORING_OP_FADVISE) return can_seek(*target_) ? 0 : -ESPIPE;
  if (entry_.opcode == IORING_OP_FALLOCATE) {
    const auto mode = static_cast<int>(entry_.len);
    const int error = open_file::check_allocation(*target_, mode, entry_.off, entry_.addr);
    if (error != 0) return error;
  }
  if (file == nullptr) return -EINVAL;
  const bool syncs = entry_.opcode == IORING_OP_FSYNC;
  const int error = world.fault(syncs ? call_kind::file_sync : call_kind::file_write);
  if (error != 0) return error;
  if (syncs) return 0;
  if (entry_.opcode == opcode_ftruncate) return kernel_.ftruncate(entry_.fd, entry_.off);
  return file->allocate(static_cast<int>(entry_.len), entry_.off, entry_.addr);
}

int kernel_request::on_path() noexcept {
  const auto* const path = pointer<const char>(entry_.addr);
  const auto* const other = pointer<const char>(entry_.addr2);
  switch (entry_.opcode) {
    case IORING_OP_OPENAT:
      return kernel_.openat(entry_.fd, path, static_cast<int>(entry_.open_flags), entry_.len);
    case IORING_OP_STATX:
      return kernel_.statx(entry_.fd, path, static_cast<int>(entry_.statx_flags),
                           *pointer<struct statx>(entry_.off));
    case IORING_OP_UNLINKAT:
      return kernel_.unlinkat(entry_.fd, path, static_cast<int>(entry_.unlink_flags));
    case IORING_OP_MKDIRAT:
      return kernel_.mkdirat(entry_.fd, path, entry_.len);
    case IORING_OP_RENAMEAT:
      return kernel_.renameat(entry_.fd, path, static_cast<int>(entry_.len), other,
                              entry_.rename_flags);
    case IORING_OP_LINKAT:
      return kernel_.linkat(entry_.fd, path, static_cast<int>(entry_.len), other,
                            static_cast<int>(entry_.hardlink_flags));
    case IORING_OP_SYMLINKAT:
      return kernel_.symlinkat(path, entry_.fd, other);
    default:
      return -EINVAL;
  }
}

}  // namespace lariat::io::testing
