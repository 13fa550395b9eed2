#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>

namespace lariat {
class context;
}

namespace lariat::detail {

class fork_group;

/// The state that all forks of one call to a pool share. Protocol: sched/README.md, "Stop".
class fork_scope {
 public:
  fork_scope() noexcept = default;
  fork_scope(const fork_scope&) = delete;
  fork_scope& operator=(const fork_scope&) = delete;
  ~fork_scope() {
    if (state_.load(std::memory_order_relaxed) != 0) note_calm();
  }

  /// Whether it was stopped, or a failure is on its way. This is the quick check, after which
  /// callers look closer.
  [[nodiscard]] bool disturbed() const noexcept {
    // Relaxed: a change is seen soon, and publishes nothing else. The process's count comes first
    // because it stays in every cache: each fork looks here.
    return disturbed_scopes_.load(std::memory_order_relaxed) != 0 &&
           state_.load(std::memory_order_relaxed) != 0;
  }
  [[nodiscard]] bool stopped() const noexcept {
    return (state_.load(std::memory_order_relaxed) & stopped_bit) != 0;
  }

  /// To be called in loops. \throws operation_cancelled if it was stopped.
  void check() const {
    if (disturbed()) [[unlikely]]
      check_stopped();
  }

  /// Makes forks and calls that begin from now on end by operation_cancelled, here and in the calls
  /// that its functions wait for. Any thread.
  void stop() noexcept;

  /// `failed`: a fork has failed, so its group starts no others. `recovered`: the failure has
  /// reached the parent.
  void failed() noexcept;
  void recovered() noexcept;

  /// From here until `leave_outer`, this call is stopped together with `outer`, whose function
  /// waits for it.
  void nest_in(fork_scope& outer) noexcept;
  void leave_outer() noexcept;
  [[nodiscard]] const fork_scope* outer() const noexcept { return outer_; }

  const context* task = nullptr;     ///< The task that they run for; null if it may end first.
  const fork_group* root = nullptr;  ///< The first coroutine's group, which has no parent group.
  bool stop_on_failure = false;  ///< True if no function catches a failure before the call's end.

 protected:
  using stop_hook = void (*)(fork_scope& self) noexcept;
  explicit fork_scope(stop_hook on_stop) noexcept : on_stop_(on_stop) {}

 private:
  static constexpr std::uint32_t stopped_bit = 1;
  static constexpr std::uint32_t one_failure = 2;
  void check_stopped() const;
  static void note_disturbed() noexcept;
  static void note_calm() noexcept;

  // How many scopes of the process have a state that is set.
  static std::atomic<std::uint32_t> disturbed_scopes_;
  std::atomic<std::uint32_t> state_{0};
  stop_hook on_stop_ = nullptr;
  fork_scope* outer_ = nullptr;

  std::mutex mutex_;  // Protects the list of nested scopes, and their `stoppers_`.
  fork_scope* nested_ = nullptr;
  fork_scope* next_ = nullptr;
  fork_scope* previous_ = nullptr;
  int stoppers_ = 0;  // Threads that are stopping this scope; it must not be destroyed meanwhile.
};

}  // namespace lariat::detail
