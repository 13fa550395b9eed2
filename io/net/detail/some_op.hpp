#pragma once

#include <lariat/io/net/detail/socket_op.hpp>
#include <lariat/sched/task/result.hpp>

#include <algorithm>
#include <cstddef>

namespace lariat::io::detail {

/// Moves as many bytes as one completion says.
class some_op : public socket_op {
 public:
  result<std::size_t> await_result() noexcept {
    leave();
    return {take_error(), static_cast<std::size_t>(std::max(result_, 0))};
  }

 protected:
  some_op(socket& on, direction way, when_busy busy) noexcept : socket_op(on, way, busy) {
    set_enough(1);  // Nothing, or an error, may come of a close.
  }

  std::size_t take_count(const char* name) {
    finish(name);
    return static_cast<std::size_t>(result_);
  }
};

}  // namespace lariat::io::detail
