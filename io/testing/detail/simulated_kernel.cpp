#include <lariat/io/testing/detail/simulated_kernel.hpp>

#include <lariat/io/testing/detail/pipe.hpp>
#include <lariat/io/testing/detail/tcp_socket.hpp>

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

// Descriptors, and the calls on sockets. Those on files are in kernel_files.cpp.

namespace lariat::io::testing {
namespace {

// As an IPv6 socket sees an IPv4 peer.
address mapped(const address& name) {
  std::array<std::byte, 16> host{};
  host[10] = host[11] = std::byte{0xff};
  std::ranges::copy(name.host_bytes(), host.begin() + 12);
  return address::from_bytes(host, name.port());
}

// As system calls give addresses: cut to the room that there is.
void copy_name(const tcp_socket& of, address name, sockaddr* into, socklen_t* size) noexcept {
  if (into == nullptr || size == nullptr) return;
  if (of.family() == AF_INET6 && name.is_v4()) name = mapped(name);
  std::memcpy(into, name.data(), std::min<std::size_t>(*size, name.size()));
  *size = name.size();
}

constinit const std::shared_ptr<open_description> none;

}  // namespace

simulated_kernel::simulated_kernel(std::uint64_t seed, const fault_plan& plan)
    : world_(seed, plan), files_(world_), net_(world_) {}

const std::shared_ptr<open_description>& simulated_kernel::find(int fd) const noexcept {
  const auto index = static_cast<std::size_t>(fd - detail::simulated_fd_min);
  if (!detail::is_simulated(fd) || index >= descriptors_.size()) return none;
  return descriptors_[index];
}

int simulated_kernel::add_descriptor(std::shared_ptr<open_description> what) {
  if (open_count_ >= world_.plan().descriptors_max) return -EMFILE;
  while (lowest_free_ < descriptors_.size() && descriptors_[lowest_free_] != nullptr) {
    ++lowest_free_;
  }
  if (lowest_free_ == descriptors_.size()) descriptors_.emplace_back();
  ++open_count_;
  descriptors_[lowest_free_] = std::move(what);
  return detail::simulated_fd_min + static_cast<int>(lowest_free_);
}

int simulated_kernel::close(int fd) noexcept {
  if (find(fd) == nullptr) return -EBADF;
  const auto index = static_cast<std::size_t>(fd - detail::simulated_fd_min);
  const auto closed = std::exchange(descriptors_[index], nullptr);
  lowest_free_ = std::min(lowest_free_, index);
  --open_count_;
  return 0;
}

std::string simulated_kernel::describe(int fd) const {
  const auto& found = find(fd);
  return found == nullptr ? "not open" : found->describe();
}

std::vector<std::string> simulated_kernel::open_descriptors() const {
  std::vector<std::string> all;
  for (std::size_t index = 0; index < descriptors_.size(); ++index) {
    if (descriptors_[index] == nullptr) continue;
    const int fd = detail::simulated_fd_min + static_cast<int>(index);
    all.push_back("fd " + std::to_string(fd) + " (" + descriptors_[index]->describe() + ')');
  }
  return all;
}

template <class Function>
int simulated_kernel::with_socket(int fd, Function function) noexcept {
  const auto& found = find(fd);
  if (found == nullptr) return -EBADF;
  tcp_socket* const socket = found->as_socket();
  return socket == nullptr ? -ENOTSOCK : function(*socket);
}

int simulated_kernel::socket(int family, int type) noexcept {
  if (family != AF_INET && family != AF_INET6) return -EAFNOSUPPORT;
  if ((type & 0xff) != SOCK_STREAM) return -EPROTONOSUPPORT;
  if (const int error = world_.fault(call_kind::make_descriptor); error != 0) return error;
  return add_descriptor(std::make_shared<tcp_socket>(net_, family));
}

int simulated_kernel::bind(int fd, const sockaddr* name, socklen_t size) noexcept {
  return with_socket(fd, [&](tcp_socket& socket) {
    const auto wanted = address::from_sockaddr(name, size);
    return wanted ? socket.bind(*wanted) : -EINVAL;
  });
}

int simulated_kernel::listen(int fd, int backlog) noexcept {
  return with_socket(fd, [&](tcp_socket& socket) { return socket.listen(backlog); });
}

int simulated_kernel::getsockname(int fd, sockaddr* name, socklen_t* size) noexcept {
  return with_socket(fd, [&](tcp_socket& socket) {
    copy_name(socket, socket.local(), name, size);
    return 0;
  });
}

int simulated_kernel::getpeername(int fd, sockaddr* name, socklen_t* size) noexcept {
  return with_socket(fd, [&](tcp_socket& socket) {
    const address* const peer = socket.peer();
    if (peer == nullptr) return -ENOTCONN;
    copy_name(socket, *peer, name, size);
    return 0;
  });
}

int simulated_kernel::setsockopt(int fd, int level, int option, const void* value,
                                 socklen_t size) noexcept {
  return with_socket(
      fd, [&](tcp_socket& socket) { return socket.set_option(level, option, value, size); });
}

int simulated_kernel::getsockopt(int fd, int level, int option, void* value,
                                 socklen_t* size) noexcept {
  return with_socket(
      fd, [&](tcp_socket& socket) { return socket.get_option(level, option, value, size); });
}

int simulated_kernel::shutdown(int fd, int how) noexcept {
  return with_socket(fd, [&](tcp_socket& socket) { return socket.shutdown(how); });
}

int simulated_kernel::available(int fd) noexcept {
  return with_socket(fd, [&](tcp_socket& socket) { return static_cast<int>(socket.available()); });
}

int simulated_kernel::accept(open_description& listener, sockaddr* name, socklen_t* size) noexcept {
  tcp_socket* const socket = listener.as_socket();
  if (socket == nullptr) return -ENOTSOCK;
  if (socket->accept_error() != 0) return -socket->accept_error();
  if (open_count_ >= world_.plan().descriptors_max) return -EMFILE;
  std::shared_ptr<tcp_socket> accepted = socket->accept();
  if (accepted == nullptr) return -EAGAIN;
  if (const address* const peer = accepted->peer()) {
    copy_name(*accepted, *peer, name, size);
  }
  return add_descriptor(std::move(accepted));
}

int simulated_kernel::pipe(int (&ends)[2]) noexcept {
  pipe_end::both made = pipe_end::make(world_.plan().socket_buffer_bytes);
  ends[0] = add_descriptor(std::move(made.reader));
  if (ends[0] < 0) return ends[0];
  ends[1] = add_descriptor(std::move(made.writer));
  if (ends[1] >= 0) return 0;
  close(ends[0]);
  return ends[1];
}

}  // namespace lariat::io::testing
