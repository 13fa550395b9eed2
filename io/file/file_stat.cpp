#include <lariat/io/file/file_stat.hpp>

#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace lariat::io {
namespace {

file_time to_file_time(const statx_timestamp& from) noexcept {
  return file_time(std::chrono::seconds(from.tv_sec) + std::chrono::nanoseconds(from.tv_nsec));
}

}  // namespace

file_type detail::type_of_mode(unsigned mode) noexcept {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return file_type::regular;
    case S_IFDIR:
      return file_type::directory;
    case S_IFLNK:
      return file_type::symlink;
    case S_IFIFO:
      return file_type::fifo;
    case S_IFSOCK:
      return file_type::socket;
    case S_IFCHR:
      return file_type::character_device;
    case S_IFBLK:
      return file_type::block_device;
    default:
      return file_type::unknown;
  }
}

file_stat detail::to_file_stat(const struct statx& from) noexcept {
  file_stat to;
  to.type = type_of_mode(from.stx_mode);
  to.permissions = from.stx_mode & 07777;
  to.size = from.stx_size;
  to.allocated = from.stx_blocks * 512;  // The unit of st_blocks, whatever the block size.
  to.block_size = from.stx_blksize;
  to.links = from.stx_nlink;
  to.user = from.stx_uid;
  to.group = from.stx_gid;
  to.device = makedev(from.stx_dev_major, from.stx_dev_minor);
  to.inode = from.stx_ino;
  to.modified = to_file_time(from.stx_mtime);
  to.accessed = to_file_time(from.stx_atime);
  to.changed = to_file_time(from.stx_ctime);
  if ((from.stx_mask & STATX_BTIME) != 0) to.created = to_file_time(from.stx_btime);
  return to;
}

}  // namespace lariat::io
