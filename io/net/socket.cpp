#include <lariat/io/net/socket.hpp>

#include <lariat/io/kernel/detail/system_calls.hpp>
#include <lariat/sched/loop/detail/task_text.hpp>

#include <liburing.h>
#include <sys/socket.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace lariat::io {

socket::socket(int fd) noexcept : fd_(fd) { detail::sys::adopt(fd); }

socket::socket(socket&& other) noexcept { take_over(other); }

socket& socket::operator=(socket&& other) noexcept {
  if (this != &other) {
    check_idle();
    take_over(other);
  }
  return *this;
}

socket::~socket() { check_idle(); }

void socket::take_over(socket& other) noexcept {
  fd_ = std::move(other.fd_);
  name_ = std::exchange(other.name_, address());
  closer_ = std::exchange(other.closer_, nullptr);
  for (int way = 0; way < 2; ++way) {
    turns_[way] = std::exchange(other.turns_[way], detail::turn_queue());
    turns_[way].for_each([this](detail::socket_op& each) { each.socket_ = this; });
  }
}

void socket::die_busy() const noexcept {
  // They hold its address: no way to go on, in release too.
  std::string users;
  for (const detail::turn_queue& way : turns_) {
    way.for_each([&](const detail::socket_op& each) {
      users += (users.empty() ? "" : ", and ") + lariat::detail::waiting_text(each);
    });
  }
  std::string text = description();
  if (is_open() && name_.port() != 0) text += ", fd " + std::to_string(native_handle());
  std::fprintf(stderr,
               "lariat: a socket (%s) was destroyed while another task uses it: %s. "
               "co_await its close() first, or end that task.\n",
               text.c_str(), users.c_str());
  std::abort();
}

int socket::release() {
  if (busy()) {
    throw std::logic_error("lariat: release " + description() +
                           ": operations are under way on this socket");
  }
  name_ = address();
  return fd_.release();
}

std::string socket::description() const {
  // No peer and no bound socket has port 0.
  std::string text = name_.port() != 0 ? name_.to_string()
                     : is_open()       ? "fd " + std::to_string(native_handle())
                                       : "socket";
  if (!is_open()) text += " (closed)";
  return text;
}

address socket::local_address() const {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  auto* const name = reinterpret_cast<sockaddr*>(&storage);
  if (detail::sys::getsockname(native_handle(), name, &size) != 0) {
    detail::throw_error(errno, "getsockname", detail::error_object::described(description()));
  }
  return address::from_sockaddr(name, size).value_or(address());
}

void socket::set_option(int level, int option, int value, const char* what) {
  if (detail::sys::setsockopt(native_handle(), level, option, &value, sizeof value) != 0) {
    detail::throw_error(errno, what, detail::error_object::described(description()));
  }
}

int socket::option(int level, int option, const char* what) const {
  int value = 0;
  socklen_t size = sizeof value;
  if (detail::sys::getsockopt(native_handle(), level, option, &value, &size) != 0) {
    detail::throw_error(errno, what, detail::error_object::described(description()));
  }
  return value;
}

namespace {

int to_int(std::size_t bytes) noexcept {
  return static_cast<int>(std::min<std::size_t>(bytes, INT_MAX));
}

}  // namespace

void socket::set_receive_buffer_size(std::size_t bytes) {
  set_option(SOL_SOCKET, SO_RCVBUF, to_int(bytes), "set receive buffer size");
}

std::size_t socket::receive_buffer_size() const {
  return static_cast<std::size_t>(option(SOL_SOCKET, SO_RCVBUF, "get receive buffer size"));
}

void socket::set_send_buffer_size(std::size_t bytes) {
  set_option(SOL_SOCKET, SO_SNDBUF, to_int(bytes), "set send buffer size");
}

std::size_t socket::send_buffer_size() const {
  return static_cast<std::size_t>(option(SOL_SOCKET, SO_SNDBUF, "get send buffer size"));
}

void socket::finish_close() noexcept {
  if (closer_ == nullptr || busy()) return;
  std::exchange(closer_, nullptr)->close_now();
}

// Closing a descriptor ends nothing that the kernel does with it, so that comes first.
void socket::close_op::start_closing() noexcept {
  fd_ = socket_.fd_.release();
  assert(fd_ >= 0 && "closing a socket that is closed ends before it starts");
  suspend();
  if (!socket_.busy()) return close_now();
  assert(socket_.closer_ == nullptr && "a socket is closed by two at once");
  socket_.closer_ = this;
  // Ends sends at once, which a cancel does not if they are being worked on.
  detail::sys::shutdown(fd_, SHUT_RDWR);
  for (detail::turn_queue& way : socket_.turns_) {
    way.for_each([](detail::socket_op& each) { each.cancel(); });
  }
}

void socket::close_op::close_now() noexcept {
  // Not by `start`, which would let a pending cancel keep the descriptor open.
  submit();
}

bool socket::close_op::completed() noexcept {
  // Only the driver's drain cancels it, and then it is open still.
  if (result_ == -ECANCELED) detail::sys::close(fd_);
  return true;
}

void socket::close_op::prepare_entry(io_uring_sqe& entry) noexcept {
  ::io_uring_prep_close(&entry, fd_);
}

}  // namespace lariat::io
