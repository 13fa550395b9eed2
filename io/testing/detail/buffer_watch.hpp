#pragma once  // lint: allow(pragma) lint: allow(listed): of the sources only, not installed.

#include <lariat/io/testing/detail/random_source.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

#include <sys/uio.h>

namespace lariat::io::testing {

/// Watches the buffers of an operation in flight: whether the program writes to them meanwhile. It
/// looks at the first bytes of each of the first buffers, from the start to the end, so a buffer
/// that is gone by then is an error that AddressSanitizer sees.
class buffer_watch {
 public:
  /// Buffers that the kernel reads.
  void watch(std::span<const iovec> buffers) noexcept;

  /// Buffers that the kernel writes to: fills them with what no program expects.
  void scribble(std::span<const iovec> buffers, random_source& random) noexcept;

  /// Around what the kernel writes to them.
  void before_write() noexcept { look(); }
  void after_write() noexcept { sum_ = sum(); }

  /// Whether they were, all the time, as the kernel left them. Then they are watched no more.
  [[nodiscard]] bool intact() noexcept;

 private:
  void begin(std::span<const iovec> buffers) noexcept;
  void look() noexcept { touched_ = touched_ || (!buffers_.empty() && sum() != sum_); }
  [[nodiscard]] std::uint64_t sum() const noexcept;

  std::span<const iovec> buffers_;
  std::uint64_t sum_ = 0;
  bool touched_ = false;
};

}  // namespace lariat::io::testing
