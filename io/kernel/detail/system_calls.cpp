#include <lariat/io/kernel/detail/system_calls.hpp>

#include <lariat/sched/coroutine/detail/thread_state.hpp>

#include <linux/fs.h>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <utility>

namespace lariat::io::detail {
namespace {

simulated_calls* current() noexcept {
  return static_cast<simulated_calls*>(lariat::detail::this_thread_state().io);
}

// A simulated call's result, in the form of a system call's.
template <class Result>
Result settle(Result result) noexcept {
  if (result >= 0) return result;
  errno = static_cast<int>(-result);
  return -1;
}

// Calls the simulated kernel on one of its descriptors.
template <class Result, class... Parameters, class... Args>
Result on_fd(Result (simulated_calls::*call)(int, Parameters...) noexcept, int fd,
             Args&&... args) noexcept {
  if (current() == nullptr) return settle<Result>(-EBADF);
  return settle<Result>((current()->*call)(fd, std::forward<Args>(args)...));
}

// The same where the directory may be the working directory.
bool simulates_at(int directory) noexcept {
  return is_simulated(directory) || (directory == AT_FDCWD && current() != nullptr);
}

}  // namespace

simulation_scope::simulation_scope(simulated_calls& calls) noexcept : outer_(current()) {
  lariat::detail::own_thread_state().io = &calls;
}

simulation_scope::~simulation_scope() { lariat::detail::own_thread_state().io = outer_; }

int sys::socket(int family, int type) noexcept {
  if (current() != nullptr) [[unlikely]]
    return settle(current()->socket(family, type));
  return ::socket(family, type, 0);
}

int sys::bind(int fd, const sockaddr* name, socklen_t size) noexcept {
  if (is_simulated(fd)) [[unlikely]]
    return on_fd(&simulated_calls::bind, fd, name, size);
  return ::bind(fd, name, size);
}

int sys::listen(int fd, int backlog) noexcept {
  if (is_simulated(fd)) [[unlikely]]
    return on_fd(&simulated_calls::listen, fd, backlog);
  return ::listen(fd, backlog);
}

int sys::getsockname(int fd, sockaddr* name, socklen_t* size) noexcept {
  if (is_simulated(fd)) [[unlikely]]
    return on_fd(&simulated_calls::getsockname, fd, name, size);
  return ::getsockname(fd, name, size);
}

int sys::getpeername(int fd, sockaddr* name, socklen_t* size) noexcept {
  if (is_simulated(fd)) [[unlikely]]
    return on_fd(&simulated_calls::getpeername, fd, name, size);
  return ::getpeername(fd, name, size);
}

int sys::setsockopt(int fd, int level, int option, const void* value, socklen_t size) noexcept {
  if (is_simulated(fd)) [[unlikely]]
    return on_fd(&simulated_calls::setsockopt, fd, level, option, value, size);
  return ::setsockopt(fd, level, option, value, size);
}

int sys::getsockopt(int fd, int level, int option, void* value, socklen_t* size) noexcept {
  if (is_simulated(fd)) [[unlikely]]
    return on_fd(&simulated_calls::getsockopt, fd, level, option, value, size);
  return ::getsockopt(fd, level, option, value, size);
}

int sys::shutdown(int fd, int how) noexcept {
  if (is_simulated(fd)) [[unlikely]]
    return on_fd(&simulated_calls::shutdown, fd, how);
  return ::shutdown(fd, how);
}

int sys::available(int fd) noexcept {
  if (is_simulated(fd)) [[unlikely]]
    return on_fd(&simulated_calls::available, fd);
  int bytes = 0;
  return ::ioctl(fd, FIONREAD, &bytes) != 0 ? -1 : bytes;
}

void sys::adopt(int fd) noexcept {
  if (is_simulated(fd)) return;  // They are that already.
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags >= 0 && (flags & O_NONBLOCK) != 0) ::fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
  const int descriptor_flags = ::fcntl(fd, F_GETFD);
  if (descriptor_flags >= 0) ::fcntl(fd, F_SETFD, descriptor_flags | FD_CLOEXEC);
}

int sys::close(int fd) noexcept {
  if (is_simulated(fd)) [[unlikely]]
    return on_fd(&simulated_calls::close, fd);
  return ::close(fd);
}

ssize_t sys::read(int fd, void* into, std::size_t size) noexcept {
  if (is_simulated(fd)) [[unlikely]]
    return on_fd(&simulated_calls::read, fd, into, size);
  return ::read(fd, into, size);
}

ssize_t sys::write(int fd, const void* from, std::size_t size) noexcept {
  if (is_simulated(fd)) [[unlikely]]
    return on_fd(&simulated_calls::write, fd, from, size);
  return ::write(fd, from, size);
}

std::int64_t sys::lseek(int fd, std::int64_t offset, int whence) noexcept {
  if (is_simulated(fd)) [[unlikely]]
    return on_fd(&simulated_calls::lseek, fd, offset, whence);
  return ::lseek(fd, offset, whence);
}

int sys::status_flags(int fd) noexcept {
  if (is_simulated(fd)) [[unlikely]]
    return on_fd(&simulated_calls::status_flags, fd);
  return ::fcntl(fd, F_GETFL);
}

bool sys::limits_file_size() noexcept {
  rlimit limit;
  return current() == nullptr && ::getrlimit(RLIMIT_FSIZE, &limit) == 0 &&
         limit.rlim_cur != RLIM_INFINITY;
}

ssize_t sys::getdents64(int fd, void* into, std::size_t size) noexcept {
  if (is_simulated(fd)) [[unlikely]]
    return on_fd(&simulated_calls::getdents64, fd, into, size);
  return ::syscall(SYS_getdents64, fd, into, size);
}

int sys::ftruncate(int fd, std::uint64_t size) noexcept {
  if (is_simulated(fd)) [[unlikely]]
    return on_fd(&simulated_calls::ftruncate, fd, size);
  return ::ftruncate(fd, static_cast<off_t>(size));
}

int sys::fchmod(int fd, unsigned mode) noexcept {
  if (is_simulated(fd)) [[unlikely]]
    return on_fd(&simulated_calls::fchmod, fd, mode);
  return ::fchmod(fd, mode);
}

int sys::fstat(int fd, struct stat& into) noexcept {
  if (is_simulated(fd)) [[unlikely]]
    return on_fd(&simulated_calls::fstatat, fd, "", into, AT_EMPTY_PATH);
  return ::fstat(fd, &into);
}

int sys::clone_file(int to, int from) noexcept {
  if (is_simulated(to) || is_simulated(from)) [[unlikely]]
    return settle(-EOPNOTSUPP);
  return ::ioctl(to, FICLONE, from);
}

ssize_t sys::copy_file_range(int from, int to, std::size_t size) noexcept {
  if (is_simulated(to) || is_simulated(from)) [[unlikely]]
    return settle<ssize_t>(-EOPNOTSUPP);
  return ::copy_file_range(from, nullptr, to, nullptr, size, 0);
}

int sys::open(const char* path, int flags, unsigned mode) noexcept {
  if (current() != nullptr) [[unlikely]]
    return settle(current()->openat(AT_FDCWD, path, flags, mode));
  return ::open(path, flags, mode);
}

int sys::openat(int directory, const char* path, int flags) noexcept {
  if (simulates_at(directory)) [[unlikely]]
    return on_fd(&simulated_calls::openat, directory, path, flags, 0U);
  return ::openat(directory, path, flags);
}

int sys::fstatat(int directory, const char* path, struct stat& into, int flags) noexcept {
  if (simulates_at(directory)) [[unlikely]]
    return on_fd(&simulated_calls::fstatat, directory, path, into, flags);
  return ::fstatat(directory, path, &into, flags);
}

int sys::unlinkat(int directory, const char* path, int flags) noexcept {
  if (simulates_at(directory)) [[unlikely]]
    return on_fd(&simulated_calls::unlinkat, directory, path, flags);
  return ::unlinkat(directory, path, flags);
}

int sys::mkdir(const char* path, unsigned mode) noexcept {
  if (current() != nullptr) [[unlikely]]
    return settle(current()->mkdirat(AT_FDCWD, path, mode));
  return ::mkdir(path, mode);
}

int sys::access(const char* path, int mode) noexcept {
  if (current() != nullptr) [[unlikely]]
    return settle(current()->access(path, mode));
  return ::faccessat(AT_FDCWD, path, mode, AT_EACCESS);
}

int sys::truncate(const char* path, std::uint64_t size) noexcept {
  if (current() != nullptr) [[unlikely]]
    return settle(current()->truncate(path, size));
  return ::truncate(path, static_cast<off_t>(size));
}

int sys::chmod(const char* path, unsigned mode) noexcept {
  if (current() != nullptr) [[unlikely]]
    return settle(current()->chmod(path, mode));
  return ::chmod(path, mode);
}

ssize_t sys::readlink(const char* path, char* into, std::size_t size) noexcept {
  if (current() != nullptr) [[unlikely]]
    return settle(current()->readlink(path, into, size));
  return ::readlink(path, into, size);
}

int sys::realpath(const char* path, std::string& into) {
  if (current() != nullptr) [[unlikely]]
    return settle(current()->realpath(path, into));
  const std::unique_ptr<char, decltype(&std::free)> found(::realpath(path, nullptr), &std::free);
  if (found == nullptr) return -1;
  into = found.get();
  return 0;
}

int sys::mkdtemp(char* name) noexcept {
  if (current() != nullptr) [[unlikely]]
    return settle(current()->mkdtemp(name));
  return ::mkdtemp(name) == nullptr ? -1 : 0;
}

std::string sys::describe_simulated(int fd) {
  return current() == nullptr ? "not of this simulation" : current()->describe(fd);
}

}  // namespace lariat::io::detail
