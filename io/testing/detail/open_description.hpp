#pragma once  // lint: allow(pragma) lint: allow(listed): of the sources only, not installed.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <sys/uio.h>

namespace lariat::io::testing {

struct file_node;
class open_file;
class tcp_socket;

/// Whoever tries again when what it needs has changed.
class waiter {
 public:
  virtual void retry() noexcept = 0;

 protected:
  ~waiter() = default;
};

/// What descriptors refer to: an open file, a socket, an end of a pipe. Descriptors and operations
/// share it, and the last of them closes it.
class open_description {
 public:
  open_description() = default;
  open_description(const open_description&) = delete;
  open_description& operator=(const open_description&) = delete;
  virtual ~open_description() = default;

  /// Bytes, or a negative errno; -EAGAIN if it would have to wait.
  virtual int read(std::span<const iovec> into, std::uint64_t offset) noexcept = 0;
  virtual int write(std::span<const iovec> from, std::uint64_t offset) noexcept = 0;

  /// Whether it is open for that.
  [[nodiscard]] virtual bool readable() const noexcept { return true; }
  [[nodiscard]] virtual bool writable() const noexcept { return true; }

  /// Whether a ring waits until it is ready before it tries at all.
  [[nodiscard]] virtual bool is_polled_first() const noexcept { return false; }

  /// The events of poll(2) that there are now.
  [[nodiscard]] virtual unsigned events() const noexcept = 0;

  /// For errors and reports.
  [[nodiscard]] virtual std::string describe() const = 0;

  /// What has a name in the tree, or null.
  [[nodiscard]] virtual const file_node* node_in_tree() const noexcept { return nullptr; }

  /// What it is, or null.
  [[nodiscard]] virtual open_file* as_file() noexcept { return nullptr; }
  [[nodiscard]] virtual tcp_socket* as_socket() noexcept { return nullptr; }

  void add_waiter(waiter& who) { waiters_.push_back(&who); }
  void remove_waiter(waiter& who) noexcept { std::erase(waiters_, &who); }

 protected:
  /// Lets all that wait try again; none does it from inside.
  void changed() noexcept {
    for (waiter* each : waiters_) each->retry();
    waiters_.clear();
  }

 private:
  std::vector<waiter*> waiters_;
};

/// How many bytes the buffers have.
[[nodiscard]] inline std::size_t size_of(std::span<const iovec> buffers) noexcept {
  std::size_t size = 0;
  for (const iovec& each : buffers) size += each.iov_len;
  return size;
}

}  // namespace lariat::io::testing
