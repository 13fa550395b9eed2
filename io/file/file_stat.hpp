#pragma once

#include <chrono>
#include <cstdint>

struct statx;

namespace lariat::io {

/// What a name in the file system stands for.
enum class file_type : unsigned char {
  unknown,
  regular,
  directory,
  symlink,
  fifo,
  socket,
  character_device,
  block_device,
};

/// A point of the wall clock, as file systems keep it.
using file_time = std::chrono::time_point<std::chrono::system_clock, std::chrono::nanoseconds>;

/// What the file system knows of a file.
struct file_stat {
  file_type type = file_type::unknown;
  std::uint32_t permissions = 0;  ///< The lower twelve bits of st_mode.
  std::uint64_t size = 0;
  std::uint64_t allocated = 0;   ///< Bytes on disk; less than `size` if the file has holes.
  std::uint32_t block_size = 0;  ///< Preferred for transfers.
  std::uint32_t links = 0;
  std::uint32_t user = 0;
  std::uint32_t group = 0;
  std::uint64_t device = 0;  ///< With `inode`, unique to the file.
  std::uint64_t inode = 0;
  file_time modified;
  file_time accessed;
  file_time changed;  ///< The last change of what is in this struct.
  file_time created;  ///< The epoch if the file system does not keep it.

  [[nodiscard]] bool is_regular() const noexcept { return type == file_type::regular; }
  [[nodiscard]] bool is_directory() const noexcept { return type == file_type::directory; }
  [[nodiscard]] bool is_symlink() const noexcept { return type == file_type::symlink; }
};

namespace detail {

/// From the kernel's words.
[[nodiscard]] file_stat to_file_stat(const struct statx& from) noexcept;

/// The type in the upper bits of a st_mode.
[[nodiscard]] file_type type_of_mode(unsigned mode) noexcept;

}  // namespace detail
}  // namespace lariat::io
