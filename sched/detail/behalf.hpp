#pragma once

#include <lariat/sched/detail/thread_state.hpp>

namespace lariat::detail {

/// Says for whom this thread, a pool's or what stands in for a lane's, runs until the scope ends:
/// `pool::current_task`. On a loop `loop::set_running` says it.
class behalf {
 public:
  explicit behalf(const context* task) noexcept {
    scope_.task = task;
    current_strand().scope = &scope_;
  }
  behalf(const behalf&) = delete;
  behalf& operator=(const behalf&) = delete;
  ~behalf() { current_strand().scope = nullptr; }

 private:
  fork_scope scope_;
};

}  // namespace lariat::detail
