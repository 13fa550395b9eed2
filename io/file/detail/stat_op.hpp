#pragma once

#include <lariat/io/file/detail/path_op.hpp>
#include <lariat/io/file/file_stat.hpp>
#include <lariat/io/op/detail/fd_op.hpp>

#include <array>
#include <cstddef>
#include <string_view>

namespace lariat::io::detail {

/// Room for what statx(2) says.
class stat_buffer {
 public:
  [[nodiscard]] struct statx* kernel_view() noexcept;
  [[nodiscard]] file_stat value() const noexcept;

 private:
  alignas(8) std::array<std::byte, 256> bytes_;  // A struct statx.
};

/// What an await of a statx(2) gives, whatever `Of` names: a path or a descriptor.
template <class Of>
class stat_op : public Of {
 public:
  /// \throws std::system_error naming the operation, and what it was made on.
  file_stat await_resume() const {
    this->throw_if_failed();
    return buffer_.value();
  }
  result<file_stat> await_result() const noexcept {
    if (!this->succeeded()) return {this->take_error(), {}};
    return {{}, buffer_.value()};
  }

 protected:
  using Of::Of;

  stat_buffer buffer_;
};

/// statx(2) of a path.
class [[nodiscard("it does nothing until it is awaited")]] path_stat_op final
    : public stat_op<path_op> {
 public:
  path_stat_op(const char* name, std::string_view path, int flags)
      : stat_op(name, path), flags_(flags) {}

  void prepare_entry(io_uring_sqe& entry) noexcept override;

 private:
  int flags_;
};

/// statx(2) of an open file.
class [[nodiscard("it does nothing until it is awaited")]] fd_stat_op final
    : public stat_op<fd_op> {
 public:
  explicit fd_stat_op(int fd) noexcept : stat_op("stat", fd) {}

  void prepare_entry(io_uring_sqe& entry) noexcept override;
};

}  // namespace lariat::io::detail
