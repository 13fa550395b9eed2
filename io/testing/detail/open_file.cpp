#include <lariat/io/testing/detail/open_file.hpp>

#include <lariat/sched/detail/shown_name.hpp>

#include <dirent.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <poll.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

namespace lariat::io::testing {
namespace {

constexpr std::uint64_t at_cursor = ~std::uint64_t{0};
constexpr std::uint64_t offset_max = std::uint64_t{1} << 40;

}  // namespace

bool open_file::writable() const noexcept { return (flags_ & O_ACCMODE) != O_RDONLY; }

std::string open_file::describe() const { return lariat::detail::shown_name(path_); }

int open_file::read(std::span<const iovec> into, std::uint64_t offset) noexcept {
  if ((flags_ & O_ACCMODE) == O_WRONLY) return -EBADF;
  if (node_->is_directory()) return -EISDIR;
  const std::vector<std::byte>& content = node_->content;
  std::uint64_t at = offset == at_cursor ? cursor_ : offset;
  if (static_cast<std::int64_t>(at) < 0) return -EINVAL;
  std::size_t moved = 0;
  for (const iovec& each : into) {
    if (at >= content.size()) break;
    const std::size_t count = std::min<std::size_t>(each.iov_len, content.size() - at);
    if (count != 0) std::memcpy(each.iov_base, content.data() + at, count);
    at += count;
    moved += count;
  }
  if (offset == at_cursor) cursor_ = at;
  return static_cast<int>(moved);
}

int open_file::write(std::span<const iovec> from, std::uint64_t offset) noexcept {
  if (!writable()) return -EBADF;
  std::uint64_t at = offset == at_cursor ? cursor_ : offset;
  if (static_cast<std::int64_t>(at) < 0) return -EINVAL;
  if ((flags_ & O_APPEND) != 0) at = node_->content.size();
  const std::size_t size = size_of(from);
  if (at > offset_max - size) return -EFBIG;
  if (at + size > node_->content.size()) {
    if (const int error = files_.resize(*node_, at + size); error != 0) return error;
  }
  for (const iovec& each : from) {
    if (each.iov_len != 0) std::memcpy(node_->content.data() + at, each.iov_base, each.iov_len);
    at += each.iov_len;
  }
  files_.touch(*node_);
  if (offset == at_cursor) cursor_ = at;
  return static_cast<int>(size);
}

unsigned open_file::events() const noexcept {
  return POLLIN | (writable() ? unsigned{POLLOUT} : 0U);
}

int open_file::allocate(int mode, std::uint64_t offset, std::uint64_t length) {
  if (!writable()) return -EBADF;
  if (node_->is_directory()) return -EISDIR;
  if (length == 0 || static_cast<std::int64_t>(offset) < 0) return -EINVAL;
  if (offset > offset_max || length > offset_max) return -EFBIG;
  constexpr int known = FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE;
  if ((mode & ~known) != 0) return -EOPNOTSUPP;
  if ((mode & FALLOC_FL_KEEP_SIZE) == 0 && offset + length > node_->content.size()) {
    if (const int error = files_.resize(*node_, offset + length); error != 0) return error;
  }
  if ((mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) == 0) return 0;
  const std::uint64_t size = node_->content.size();
  const std::uint64_t begin = std::min(offset, size);
  const std::uint64_t end = std::min(offset + length, size);
  std::fill_n(node_->content.begin() + static_cast<std::ptrdiff_t>(begin), end - begin,
              std::byte{});
  files_.touch(*node_);
  return 0;
}

int open_file::read_names(std::span<std::byte> into) {
  if (!node_->is_directory()) return -ENOTDIR;
  std::size_t filled = 0;
  const auto add = [&](std::string_view name, const file_node& node) {
    const std::size_t size = (offsetof(dirent64, d_name) + name.size() + 1 + 7) / 8 * 8;
    if (into.size() - filled < size) return false;
    dirent64 entry{};
    entry.d_ino = node.number;
    entry.d_reclen = static_cast<unsigned short>(size);
    entry.d_type = IFTODT(node.mode);
    std::byte* const at = into.data() + filled;
    std::memset(at, 0, size);
    std::memcpy(at, &entry, offsetof(dirent64, d_name));
    std::memcpy(at + offsetof(dirent64, d_name), name.data(), name.size());
    filled += size;
    return true;
  };
  const node_ptr parent = node_->parent.lock();
  if (cursor_ == 0 && add(".", *node_)) ++cursor_;
  if (cursor_ == 1 && add("..", parent == nullptr ? *node_ : *parent)) ++cursor_;
  bool full = cursor_ < 2;
  for (auto each = node_->names.upper_bound(last_name_); each != node_->names.end(); ++each) {
    full = full || !add(each->first, *each->second);
    if (full) break;
    last_name_ = each->first;
  }
  return full && filled == 0 ? -EINVAL : static_cast<int>(filled);
}

}  // namespace lariat::io::testing
