#pragma once

#include <lariat/io/op/detail/op.hpp>
#include <lariat/sched/task/result.hpp>

#include <string>
#include <string_view>

namespace lariat::io::detail {

/// Refuses a path with a NUL inside: the kernel would see another path.
/// \throws std::system_error EINVAL
void check_path(const char* operation, const std::string& path);

/// An operation on one or two paths, which it keeps until the kernel is done with them. A path with
/// a NUL inside fails with EINVAL: the kernel would see another path.
class path_op : public op {
 public:
  [[nodiscard]] operation_info info() const noexcept final { return {name_}; }

 protected:
  /// \param name The system call's, of static storage.
  path_op(const char* name, std::string_view path);
  path_op(const char* name, std::string_view path, std::string_view other);

  [[nodiscard]] const char* path() const noexcept { return path_.c_str(); }
  [[nodiscard]] const char* other() const noexcept { return other_.c_str(); }

  /// Throws what `await_resume` has to, as "rename a to b: Permission denied".
  void throw_if_failed() const {
    if (result_ < 0) [[unlikely]]
      throw_failure();
  }

 private:
  [[noreturn]] void throw_failure() const;

  const char* name_;
  bool has_other_ = false;  // It may be empty, which is an error of its user.
  std::string path_;
  std::string other_;
};

/// An operation on paths that gives nothing.
class [[nodiscard("it does nothing until it is awaited")]] path_status_op final : public path_op {
 public:
  /// Fills in the entry from the paths and the number (permissions, or flags).
  using prepare_function = void (*)(const path_status_op& self, io_uring_sqe& entry) noexcept;

  path_status_op(const char* name, prepare_function fill, std::string_view path, unsigned number)
      : path_op(name, path), prepare_(fill), number_(number) {}
  path_status_op(const char* name, prepare_function fill, std::string_view path,
                 std::string_view other)
      : path_op(name, path, other), prepare_(fill) {}

  void prepare_entry(io_uring_sqe& entry) noexcept override { prepare_(*this, entry); }

  /// \throws std::system_error naming the operation and the paths.
  void await_resume() const { throw_if_failed(); }
  result<void> await_result() const noexcept { return {take_error()}; }

  using path_op::other;
  using path_op::path;
  [[nodiscard]] unsigned number() const noexcept { return number_; }

 private:
  prepare_function prepare_;
  unsigned number_ = 0;
};

}  // namespace lariat::io::detail
