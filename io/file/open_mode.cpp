#include <lariat/io/file/open_mode.hpp>

#include <fcntl.h>

namespace lariat::io {

int detail::open_flags(open_mode mode) noexcept {
  const auto has = [mode](open_mode all) { return (mode & all) == all; };
  int flags = O_CLOEXEC | O_NOCTTY;
  if (has(open_mode::read_write)) {
    flags |= O_RDWR;
  } else if (has(open_mode::write)) {
    flags |= O_WRONLY;
  } else {
    flags |= O_RDONLY;
  }
  if (has(open_mode::append)) flags |= O_APPEND;
  if (has(open_mode::create)) flags |= O_CREAT;
  if (has(open_mode::exclusive)) flags |= O_EXCL;
  if (has(open_mode::truncate)) flags |= O_TRUNC;
  if (has(open_mode::directory)) flags |= O_DIRECTORY;
  if (has(open_mode::no_follow)) flags |= O_NOFOLLOW;
  if (has(open_mode::direct)) flags |= O_DIRECT;
  if (has(open_mode::sync)) flags |= O_SYNC;
  if (has(open_mode::datasync)) flags |= O_DSYNC;
  return flags;
}

}  // namespace lariat::io
