#pragma once

#include <lariat/sched/context.hpp>
#include <lariat/sched/executor.hpp>

#include <signal.h>

namespace lariat::detail {

/// While it lives, the process's first SIGINT cancels `main` and the second ends the process. Does
/// nothing if the process handles or ignores SIGINT itself, or if another guard lives.
class sigint_guard {
 public:
  sigint_guard(loop& where, context& main, bool wanted);
  sigint_guard(const sigint_guard&) = delete;
  sigint_guard& operator=(const sigint_guard&) = delete;
  ~sigint_guard();

  [[nodiscard]] bool interrupted() const noexcept;

 private:
  bool installed_ = false;
  struct sigaction previous_ = {};
};

/// Ends the process as if nobody had handled SIGINT, so that its parent sees why it ended.
void die_by_sigint() noexcept;

}  // namespace lariat::detail
