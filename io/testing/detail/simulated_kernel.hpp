#pragma once  // lint: allow(pragma) lint: allow(listed): of the sources only, not installed.

#include <lariat/io/kernel/detail/system_calls.hpp>
#include <lariat/io/testing/detail/environment.hpp>
#include <lariat/io/testing/detail/file_tree.hpp>
#include <lariat/io/testing/detail/network.hpp>
#include <lariat/io/testing/detail/open_description.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

struct statx;

namespace lariat::io::testing {

/// A simulated machine: files, sockets, descriptors and the system calls on them, all on one
/// thread. Entries of a ring are `kernel_request`s, which use these calls too.
class simulated_kernel final : public detail::simulated_calls {
 public:
  simulated_kernel(std::uint64_t seed, const fault_plan& plan);
  simulated_kernel(const simulated_kernel&) = delete;
  simulated_kernel& operator=(const simulated_kernel&) = delete;

  [[nodiscard]] environment& world() noexcept { return world_; }
  [[nodiscard]] file_tree& files() noexcept { return files_; }
  [[nodiscard]] network& net() noexcept { return net_; }

  /// What `fd` refers to; null if it is not open.
  [[nodiscard]] const std::shared_ptr<open_description>& find(int fd) const noexcept;

  /// The lowest free descriptor, for `what`; -EMFILE if there is none.
  int add_descriptor(std::shared_ptr<open_description> what);

  /// "fd 268435456 (listener 127.0.0.1:80)", for each.
  [[nodiscard]] std::vector<std::string> open_descriptors() const;

  // What rings can do besides. 0 or a negative errno.
  int statx(int directory, const char* path, int flags, struct statx& into) noexcept;
  int renameat(int old_directory, const char* old_path, int new_directory, const char* new_path,
               unsigned flags) noexcept;
  int linkat(int old_directory, const char* old_path, int new_directory, const char* new_path,
             int flags) noexcept;
  int symlinkat(const char* target, int directory, const char* path) noexcept;
  /// accept(2): a descriptor, or -EAGAIN.
  int accept(open_description& listener, sockaddr* name, socklen_t* size) noexcept;
  /// pipe(2).
  int pipe(int (&ends)[2]) noexcept;

  int socket(int family, int type) noexcept override;
  int bind(int fd, const sockaddr* name, socklen_t size) noexcept override;
  int listen(int fd, int backlog) noexcept override;
  int getsockname(int fd, sockaddr* name, socklen_t* size) noexcept override;
  int getpeername(int fd, sockaddr* name, socklen_t* size) noexcept override;
  int setsockopt(int fd, int level, int option, const void* value,
                 socklen_t size) noexcept override;
  int getsockopt(int fd, int level, int option, void* value, socklen_t* size) noexcept override;
  int shutdown(int fd, int how) noexcept override;
  int available(int fd) noexcept override;
  int close(int fd) noexcept override;
  ssize_t read(int fd, void* into, std::size_t size) noexcept override;
  ssize_t write(int fd, const void* from, std::size_t size) noexcept override;
  std::int64_t lseek(int fd, std::int64_t offset, int whence) noexcept override;
  int status_flags(int fd) noexcept override;
  ssize_t getdents64(int fd, void* into, std::size_t size) noexcept override;
  int ftruncate(int fd, std::uint64_t size) noexcept override;
  int fchmod(int fd, unsigned mode) noexcept override;
  int openat(int directory, const char* path, int flags, unsigned mode) noexcept override;
  int fstatat(int directory, const char* path, struct stat& into, int flags) noexcept override;
  int unlinkat(int directory, const char* path, int flags) noexcept override;
  int mkdirat(int directory, const char* path, unsigned mode) noexcept override;
  int access(const char* path, int mode) noexcept override;
  int truncate(const char* path, std::uint64_t size) noexcept override;
  int chmod(const char* path, unsigned mode) noexcept override;
  ssize_t readlink(const char* path, char* into, std::size_t size) noexcept override;
  int realpath(const char* path, std::string& into) noexcept override;
  int mkdtemp(char* name) noexcept override;
  [[nodiscard]] std::string describe(int fd) const override;

 private:
  template <class Function>
  int with_socket(int fd, Function function) noexcept;
  template <class Into>
  int stat_any(int directory, const char* path, int flags, Into& into) noexcept;
  [[nodiscard]] node_ptr directory(int fd, const char* path, int& error) const noexcept;
  int find_node(const char* path, node_ptr& node) noexcept;
  int open_fifo(const node_ptr& node, int flags) noexcept;

  environment world_;
  file_tree files_;
  network net_;
  std::vector<std::shared_ptr<open_description>> descriptors_;  // Gone before the network.
  std::size_t open_count_ = 0;
  std::size_t lowest_free_ = 0;  // None below is free.
};

}  // namespace lariat::io::testing
