#pragma once

#include <lariat/io/net/detail/socket_op.hpp>
#include <lariat/sched/task/result.hpp>

#include <algorithm>
#include <cstddef>

namespace lariat::io::detail {

/// Moves a number of bytes that is known before: counts them over several completions.
class exact_op : public socket_op {
 public:
  /// The bytes count with any error.
  result<std::size_t> await_result() noexcept {
    leave();
    return {take_error(), transferred()};
  }

 protected:
  exact_op(socket& on, direction way, when_busy busy, std::size_t size) noexcept
      : socket_op(on, way, busy), size_(size) {
    if (size == 0) preset(0);
    set_enough(size);
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  /// The bytes of all completions but the last.
  [[nodiscard]] std::size_t done() const noexcept { return done_; }

  /// Those of all, once the operation is over.
  [[nodiscard]] std::size_t transferred() const noexcept {
    return done_ + static_cast<std::size_t>(std::max(result_, 0));
  }

  bool completed() noexcept override;

 private:
  std::size_t size_;
  std::size_t done_ = 0;
};

}  // namespace lariat::io::detail
