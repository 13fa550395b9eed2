#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>

namespace lariat::io::detail {

/// A kernel that is simulated: what the system calls that io makes outside its ring mean in it.
/// Each gives a value, or a negative errno. See io/testing/.
class simulated_calls {
 public:
  virtual int socket(int family, int type) noexcept = 0;
  virtual int bind(int fd, const sockaddr* name, socklen_t size) noexcept = 0;
  virtual int listen(int fd, int backlog) noexcept = 0;
  virtual int getsockname(int fd, sockaddr* name, socklen_t* size) noexcept = 0;
  virtual int getpeername(int fd, sockaddr* name, socklen_t* size) noexcept = 0;
  virtual int setsockopt(int fd, int level, int option, const void* value,
                         socklen_t size) noexcept = 0;
  virtual int getsockopt(int fd, int level, int option, void* value, socklen_t* size) noexcept = 0;
  virtual int shutdown(int fd, int how) noexcept = 0;
  virtual int available(int fd) noexcept = 0;
  virtual int close(int fd) noexcept = 0;
  virtual ssize_t read(int fd, void* into, std::size_t size) noexcept = 0;
  virtual ssize_t write(int fd, const void* from, std::size_t size) noexcept = 0;
  virtual std::int64_t lseek(int fd, std::int64_t offset, int whence) noexcept = 0;
  virtual int status_flags(int fd) noexcept = 0;
  virtual ssize_t getdents64(int fd, void* into, std::size_t size) noexcept = 0;
  virtual int ftruncate(int fd, std::uint64_t size) noexcept = 0;
  virtual int fchmod(int fd, unsigned mode) noexcept = 0;
  virtual int openat(int directory, const char* path, int flags, unsigned mode) noexcept = 0;
  virtual int fstatat(int directory, const char* path, struct stat& into, int flags) noexcept = 0;
  virtual int unlinkat(int directory, const char* path, int flags) noexcept = 0;
  virtual int mkdirat(int directory, const char* path, unsigned mode) noexcept = 0;
  virtual int access(const char* path, int mode) noexcept = 0;
  virtual int truncate(const char* path, std::uint64_t size) noexcept = 0;
  virtual int chmod(const char* path, unsigned mode) noexcept = 0;
  virtual ssize_t readlink(const char* path, char* into, std::size_t size) noexcept = 0;
  virtual int realpath(const char* path, std::string& into) noexcept = 0;
  virtual int mkdtemp(char* name) noexcept = 0;
  /// What an error's text calls the descriptor.
  [[nodiscard]] virtual std::string describe(int fd) const = 0;

 protected:
  ~simulated_calls() = default;
};

/// Simulated descriptors begin here: more than any process may have of the other ones.
inline constexpr int simulated_fd_min = 1 << 28;

[[nodiscard]] constexpr bool is_simulated(int fd) noexcept { return fd >= simulated_fd_min; }

/// The simulated kernel to which this thread's calls go while the object lives: those on paths, and
/// those on simulated descriptors. Such a descriptor is open in no other kernel: EBADF.
class simulation_scope {
 public:
  explicit simulation_scope(simulated_calls& calls) noexcept;
  simulation_scope(const simulation_scope&) = delete;
  simulation_scope& operator=(const simulation_scope&) = delete;
  ~simulation_scope();

 private:
  simulated_calls* outer_;
};

/// The system calls of the same names, or what the simulated kernel makes of them. They cost a real
/// call two comparisons at most. What io calls without them it must not call in a simulation.
namespace sys {

int socket(int family, int type) noexcept;
int bind(int fd, const sockaddr* name, socklen_t size) noexcept;
int listen(int fd, int backlog) noexcept;
int getsockname(int fd, sockaddr* name, socklen_t* size) noexcept;
int getpeername(int fd, sockaddr* name, socklen_t* size) noexcept;
int setsockopt(int fd, int level, int option, const void* value, socklen_t size) noexcept;
int getsockopt(int fd, int level, int option, void* value, socklen_t* size) noexcept;
int shutdown(int fd, int how) noexcept;
/// ioctl FIONREAD: the number of bytes to be read, or -1.
int available(int fd) noexcept;
/// fcntl: makes a descriptor blocking, and closed on exec.
void adopt(int fd) noexcept;
int close(int fd) noexcept;
ssize_t read(int fd, void* into, std::size_t size) noexcept;
ssize_t write(int fd, const void* from, std::size_t size) noexcept;
std::int64_t lseek(int fd, std::int64_t offset, int whence) noexcept;
/// fcntl F_GETFL.
int status_flags(int fd) noexcept;
/// Whether RLIMIT_FSIZE is set: a write beyond it raises SIGXFSZ.
[[nodiscard]] bool limits_file_size() noexcept;
ssize_t getdents64(int fd, void* into, std::size_t size) noexcept;
int ftruncate(int fd, std::uint64_t size) noexcept;
int fchmod(int fd, unsigned mode) noexcept;
int fstat(int fd, struct stat& into) noexcept;
/// ioctl FICLONE.
int clone_file(int to, int from) noexcept;
ssize_t copy_file_range(int from, int to, std::size_t size) noexcept;
int open(const char* path, int flags, unsigned mode = 0) noexcept;
int openat(int directory, const char* path, int flags) noexcept;
int fstatat(int directory, const char* path, struct stat& into, int flags) noexcept;
int unlinkat(int directory, const char* path, int flags) noexcept;
int mkdir(const char* path, unsigned mode) noexcept;
int access(const char* path, int mode) noexcept;
int truncate(const char* path, std::uint64_t size) noexcept;
int chmod(const char* path, unsigned mode) noexcept;
ssize_t readlink(const char* path, char* into, std::size_t size) noexcept;
/// 0 or -1, as the others.
int realpath(const char* path, std::string& into);
int mkdtemp(char* name) noexcept;
/// What an error's text calls a simulated descriptor.
[[nodiscard]] std::string describe_simulated(int fd);

}  // namespace sys
}  // namespace lariat::io::detail
