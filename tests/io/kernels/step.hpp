#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

/// What a program asks of a kernel: one operation of a sequence, everything in it drawn from a
/// seed.
namespace kernels {

/// Those of the ring are entries as they are; those of files and fs go through the public API.
enum class operation : unsigned char {
  open,
  close,
  read,
  write,
  readv,
  writev,
  resize,
  allocate,
  sync,
  advise,
  poll,
  stat_slot,
  stat_name,
  unlink,
  rmdir,
  rename,
  link,
  symlink,
  mkdir,
  mkfifo,
  pipe,
  connect,
  send,
  receive,
  shutdown,
  file_read_some,
  file_read_exact,
  file_write_some,
  file_write_all,
  file_write_all_at,
  fs_read_file,
  fs_write_file,
  fs_write_durable,
  fs_append_file,
  fs_copy,
  fs_resize,
  fs_readlink,
  fs_chmod,
  look,  ///< What a name stands for, with its content: the final state of the files.
};

inline constexpr std::uint64_t at_cursor = ~std::uint64_t{0};
inline constexpr unsigned slots = 6;  ///< Where descriptors are kept.

struct step {
  operation what = operation::sync;
  unsigned slot = 0;
  unsigned other_slot = 0;
  const char* name = "";
  const char* other_name = "";
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  int flags = 0;
  unsigned fill = 0;  ///< What the bytes that are written begin with.
};

/// What the machine allows, which decides what is worth trying.
struct limits {
  std::uint64_t disk_bytes = std::uint64_t{1} << 30;  ///< How much fits.
  std::uint64_t file_bytes = INT64_MAX;               ///< RLIMIT_FSIZE.
  bool is_tmpfs = false;  ///< Sparse files of any size, and no zero ranges.
};

/// A sequence that follows from the seed, with a look at all names at its end.
std::vector<step> draw_steps(std::uint64_t seed, std::size_t count, const limits& allowed);

/// As a person reads it: "write(slot 2, 100 bytes at the cursor)".
std::string to_text(const step& each);

}  // namespace kernels
