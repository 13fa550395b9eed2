#pragma once

#include <signal.h>

namespace lariat {
class loop;
}

namespace lariat::detail {

class main_task_base;

/// While it lives, the process's first SIGINT cancels `main` and the second ends the process. Does
/// nothing if the process handles or ignores SIGINT itself, or if another guard lives.
class sigint_guard {
 public:
  sigint_guard(loop& where, main_task_base& main, bool wanted) noexcept;
  sigint_guard(const sigint_guard&) = delete;
  sigint_guard& operator=(const sigint_guard&) = delete;

  /// Ends the process if a SIGINT has come that `main` could not be told of: it had ended.
  ~sigint_guard();

  /// Whether a SIGINT has come.
  [[nodiscard]] bool interrupted() const noexcept;

 private:
  bool installed_ = false;
};

/// Ends the process as if nobody had handled SIGINT, so that its parent sees why it ended.
[[noreturn]] void die_by_sigint() noexcept;

}  // namespace lariat::detail
