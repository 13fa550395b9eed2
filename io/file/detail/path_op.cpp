#include <lariat/io/file/detail/path_op.hpp>

#include <cerrno>

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

}  // namespace lariat::io::detail
