#include <lariat/io/testing/detail/open_file.hpp>

#include <lariat/sched/text/detail/shown_name.hpp>

#include <dirent.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

namespace lariat::io::testing {
namespace {

constexpr std::uint64_t at_cursor = ~std::uint64_t{0};

constexpr int punches = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
constexpr int zeroes = FALLOC_FL_ZERO_RANGE;
constexpr int keeps = FALLOC_FL_KEEP_SIZE;

}  // namespace

bool open_file::is_only_path() const noexcept { return (flags_ & O_PATH) != 0; }

bool open_file::readable() const noexcept {
  return (flags_ & O_ACCMODE) != O_WRONLY && (flags_ & O_ACCMODE) != O_ACCMODE;
}

bool open_file::writable() const noexcept {
  return (flags_ & O_ACCMODE) != O_RDONLY && (flags_ & O_ACCMODE) != O_ACCMODE;
}

std::string open_file::describe() const { return lariat::detail::shown_name(path_); }

std::int64_t open_file::seek(std::int64_t offset, int whence) noexcept {
  const auto size = static_cast<std::int64_t>(node_->content.size());
  std::int64_t base = 0;
  switch (whence) {
    case SEEK_SET:
      break;
    case SEEK_CUR:
      base = static_cast<std::int64_t>(cursor_);
      break;
    case SEEK_END:
      base = size;
      break;
    case SEEK_DATA:
    case SEEK_HOLE:
      if (offset < 0 || offset >= size) return -ENXIO;
      offset = static_cast<std::int64_t>(
          whence == SEEK_HOLE ? node_->content.next_hole(static_cast<std::uint64_t>(offset))
                              : node_->content.next_page(static_cast<std::uint64_t>(offset)));
      if (whence == SEEK_DATA && offset == size) return -ENXIO;
      break;
    default:
      return -EINVAL;
  }
  std::int64_t at = 0;
  if (__builtin_add_overflow(base, offset, &at) || at < 0) return -EINVAL;
  cursor_ = static_cast<std::uint64_t>(at);
  return at;
}

int open_file::read(std::span<const iovec> into, std::uint64_t offset) noexcept {
  if (!readable()) return -EBADF;
  if (node_->is_directory()) return -EISDIR;
  std::uint64_t at = offset == at_cursor ? cursor_ : offset;
  std::size_t moved = 0;
  for (const iovec& each : into) {
    const std::size_t count =
        node_->content.read(at, {static_cast<std::byte*>(each.iov_base), each.iov_len});
    at += count;
    moved += count;
    if (count < each.iov_len) break;
  }
  if (offset == at_cursor) cursor_ = at;
  return static_cast<int>(moved);
}

int open_file::write(std::span<const iovec> from, std::uint64_t offset) noexcept {
  if (!writable()) return -EBADF;
  std::uint64_t at = offset == at_cursor ? cursor_ : offset;
  const std::size_t size = size_of(from);
  if (size == 0) return 0;
  if ((flags_ & O_APPEND) != 0) at = node_->content.size();
  if (at >= files_.file_max()) return -EFBIG;
  std::size_t left = std::min<std::uint64_t>(size, files_.file_max() - at);
  std::size_t moved = 0;
  for (const iovec& each : from) {
    const std::size_t wanted = std::min(each.iov_len, left);
    const std::size_t count =
        node_->content.write(at, {static_cast<const std::byte*>(each.iov_base), wanted});
    at += count;
    moved += count;
    left -= count;
    if (count < wanted) break;
  }
  if (moved == 0) return -ENOSPC;
  files_.touch(*node_);
  if (offset == at_cursor) cursor_ = at;
  return static_cast<int>(moved);
}

// Whatever it is open for.
unsigned open_file::events() const noexcept { return POLLIN | POLLOUT; }

int open_file::check_allocation(open_description& of, int mode, std::uint64_t offset,
                                std::uint64_t length) noexcept {
  if (static_cast<std::int64_t>(offset) < 0 || static_cast<std::int64_t>(length) <= 0) {
    return -EINVAL;
  }
  if (mode != punches && (mode & ~(zeroes | keeps)) != 0) return -EOPNOTSUPP;
  if (!of.writable()) return -EBADF;
  open_file* const file = of.as_file();
  if (file == nullptr) return of.as_socket() == nullptr ? -ESPIPE : -ENODEV;
  return offset + length > std::uint64_t{INT64_MAX} ? -EFBIG : 0;
}

int open_file::allocate(int mode, std::uint64_t offset, std::uint64_t length) {
  const std::uint64_t end = offset + length;
  file_content& content = node_->content;
  if (mode == punches) {
    content.punch(offset, end);
  } else {
    const bool longer = end > content.size();
    if (longer && end > files_.file_max()) return -EFBIG;
    if (!content.reserve(offset, end)) return -ENOSPC;
    if ((mode & zeroes) != 0) content.punch(offset, end);
    if ((mode & zeroes) != 0 && !content.reserve(offset, end)) return -ENOSPC;
    if (longer && (mode & keeps) == 0) content.resize(end);
  }
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
