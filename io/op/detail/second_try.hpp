#pragma once  // lint: allow(pragma) lint: allow(listed): of the sources only, not installed.

#include <liburing.h>

#include <cerrno>
#include <cstdint>

namespace lariat::io::detail {

/// Whether a result may mean that the kernel has given an operation up before it did anything: a
/// cancel that nobody asked for, a signal, a want of memory or threads, or a descriptor that does
/// not wait. EALREADY only after that, of a connect.
[[nodiscard]] inline bool given_up(std::int32_t result) noexcept {
  return result == -ECANCELED || result == -EINTR || result == -EAGAIN || result == -EALREADY;
}

/// What becomes of an operation that the kernel has given up. See io/README.md, "What the kernel
/// gives up".
struct second_try {
  static constexpr std::uint8_t tries_max =
      24;  ///< In a row: 1.2 s, with the pauses. An even number.

  enum class wait_for : unsigned char { nothing, time, readable, writable };

  bool possible = false;              ///< Whether it may be submitted again at all.
  bool too_often = false;             ///< It has been so often enough.
  wait_for wait = wait_for::nothing;  ///< Before that.

  /// \param error A positive errno, that of its completion.
  /// \param tries How often it was given up before, in a row.
  [[nodiscard]] static second_try of(const io_uring_sqe& entry, int error,
                                     std::uint8_t tries) noexcept;

  /// Turns the operation's entry into one that waits.
  static void prepare_wait(io_uring_sqe& entry, wait_for what, std::uint8_t tries) noexcept;
};

}  // namespace lariat::io::detail
