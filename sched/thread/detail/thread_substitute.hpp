#pragma once

namespace lariat {
class runnable;
}

namespace lariat::detail {

class thread_operation;

/// Stands in for the threads of lanes and pools on a simulated loop: it runs their calls itself, on
/// the loop's thread, when a simulated thread would. Without it no simulation that awaits
/// `to_thread` or `to_pool` could be repeated.
class thread_substitute {
 public:
  /// Takes a call that was submitted to any lane. The call hands its result back itself.
  virtual void submit(thread_operation& call) noexcept = 0;

  /// Takes `call` back: true if it has not been started, and will not be.
  [[nodiscard]] virtual bool withdraw(thread_operation& call) noexcept = 0;

  /// Takes a step that was posted to a pool.
  virtual void post(runnable& step) noexcept = 0;

 protected:
  ~thread_substitute() = default;
};

}  // namespace lariat::detail
