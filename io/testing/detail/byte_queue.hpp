#pragma once  // lint: allow(pragma) lint: allow(listed): of the sources only, not installed.

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

#include <sys/uio.h>

namespace lariat::io::testing {

/// Bytes in order of arrival.
class byte_queue {
 public:
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size() - begin_; }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }

  void append(std::span<const std::byte> more) {
    bytes_.insert(bytes_.end(), more.begin(), more.end());
  }

  /// The same of buffers: the first `limit` bytes of all.
  void append(std::span<const iovec> from, std::size_t limit) {
    for (const iovec& each : from) {
      const std::size_t count = std::min(limit, each.iov_len);
      append({static_cast<const std::byte*>(each.iov_base), count});
      limit -= count;
    }
  }

  /// Moves what fits, at most `limit` bytes; gives how many.
  std::size_t take(std::span<const iovec> into, std::size_t limit) noexcept {
    std::size_t moved = 0;
    for (const iovec& each : into) {
      const std::size_t count = std::min({limit - moved, each.iov_len, size()});
      if (count != 0) std::memcpy(each.iov_base, bytes_.data() + begin_, count);
      begin_ += count;
      moved += count;
    }
    tidy();
    return moved;
  }

  void drop(std::size_t count) noexcept {
    begin_ += count;
    tidy();
  }

  /// All of it. Until the next change.
  [[nodiscard]] std::span<const std::byte> view() const noexcept {
    return std::span(bytes_).subspan(begin_);
  }

  void clear() noexcept {
    bytes_.clear();
    begin_ = 0;
  }

 private:
  // Gives up the room in front now and then, so that each byte is moved once at most.
  void tidy() noexcept {
    if (empty()) return clear();
    if (begin_ < 4096 || begin_ < bytes_.size() / 2) return;
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(begin_));
    begin_ = 0;
  }

  std::vector<std::byte> bytes_;
  std::size_t begin_ = 0;
};

}  // namespace lariat::io::testing
