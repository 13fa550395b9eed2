#include <lariat/io/file/detail/stat_op.hpp>

#include <liburing.h>

#include <fcntl.h>
#include <sys/stat.h>

#include <cstring>

namespace lariat::io::detail {

struct statx* stat_buffer::kernel_view() noexcept {
  static_assert(sizeof(struct statx) == sizeof bytes_);
  return reinterpret_cast<struct statx*>(bytes_.data());
}

file_stat stat_buffer::value() const noexcept {
  struct statx from;
  std::memcpy(&from, bytes_.data(), sizeof from);
  return to_file_stat(from);
}

void path_stat_op::prepare_entry(io_uring_sqe& entry) noexcept {
  ::io_uring_prep_statx(&entry, AT_FDCWD, path(), flags_, STATX_BASIC_STATS | STATX_BTIME,
                        buffer_.kernel_view());
}

void fd_stat_op::prepare_entry(io_uring_sqe& entry) noexcept {
  ::io_uring_prep_statx(&entry, fd(), "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME,
                        buffer_.kernel_view());
}

}  // namespace lariat::io::detail
