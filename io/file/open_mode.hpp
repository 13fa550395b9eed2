#pragma once

#include <cstdint>

namespace lariat::io {

/// What a file is opened for. Combine with `|`: `open_mode::write | open_mode::create`.
enum class open_mode : std::uint32_t {
  read = 1U << 0,
  write = 1U << 1,
  read_write = read | write,
  append = write | 1U << 2,      ///< Every write goes to the end, whatever its offset.
  create = 1U << 3,              ///< Makes the file if there is none.
  exclusive = create | 1U << 4,  ///< Makes the file, and fails with EEXIST if there is one.
  truncate = 1U << 5,            ///< Empties the file.
  directory = 1U << 6,           ///< Fails with ENOTDIR if it is no directory.
  no_follow = 1U << 7,           ///< Fails with ELOOP if it is a symbolic link.

  /// O_DIRECT: past the page cache. Pays for large transfers that are not read again; offsets,
  /// lengths and addresses must be multiples of the device's block size (usually 512 or 4096).
  direct = 1U << 8,

  /// O_SYNC: each write has reached the disk, with all metadata, when it completes.
  sync = 1U << 9,

  /// O_DSYNC: the same, but for metadata that reading does not need, such as times.
  datasync = 1U << 10,
};

/// The union of two modes.
[[nodiscard]] constexpr open_mode operator|(open_mode a, open_mode b) noexcept {
  return static_cast<open_mode>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}

/// What two modes share.
[[nodiscard]] constexpr open_mode operator&(open_mode a, open_mode b) noexcept {
  return static_cast<open_mode>(static_cast<std::uint32_t>(a) & static_cast<std::uint32_t>(b));
}

namespace detail {

/// The flags of open(2), CLOEXEC included.
[[nodiscard]] int open_flags(open_mode mode) noexcept;

}  // namespace detail
}  // namespace lariat::io
