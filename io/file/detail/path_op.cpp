#include <lariat/io/file/detail/path_op.hpp>

#include <liburing.h>

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

namespace lariat::io::detail {
namespace {

bool has_nul(std::string_view path) noexcept { return path.find('\0') != path.npos; }

}  // namespace

void check_path(const char* operation, const std::string& path) {
  if (has_nul(path)) throw_error(EINVAL, operation, path);
}

path_op::path_op(const char* name, std::string_view path) : name_(name), path_(path) {
  if (has_nul(path)) preset_error(EINVAL);
}

path_op::path_op(const char* name, std::string_view path, std::string_view other)
    : name_(name), has_other_(true), path_(path), other_(other) {
  if (has_nul(path) || has_nul(other)) preset_error(EINVAL);
}

void path_op::throw_failure() const {
  throw_if_cancelled();
  throw_error(-result_, name_, has_other_ ? error_object(path_, other_) : error_object(path_));
}

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

}  // namespace lariat::io::detail
