#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>

namespace lariat {
class context;
}

namespace lariat::detail {

class fork_group;

/// What all forks of one call to a pool have in common. Protocol: sched/README.md, "Stop".
class fork_scope {
 public:
  fork_scope() noexcept = default;
  fork_scope(const fork_scope&) = delete;
  fork_scope& operator=(const fork_scope&) = delete;
  ~fork_scope() {
    if (state_.load(std::memory_order_relaxed) != 0) note_calm();
  }

  /// Whether anything is the matter: it was stopped, or a failure is on its way. All that those
  /// look at who do not want to lose time.
  [[nodiscard]] bool disturbed() const noexcept {
    // Seen soon; it hands nothing over. First a word that is at hand always: each fork looks here.
    return disturbed_scopes_.load(std::memory_order_relaxed) != 0 &&
           state_.load(std::memory_order_relaxed) != 0;
  }
  [[nodiscard]] bool stopped() const noexcept {
    return (state_.load(std::memory_order_relaxed) & stopped_bit) != 0;
  }

  /// For loops. \throws operation_cancelled if it was stopped.
  void check() const {
    if (disturbed()) [[unlikely]]
      check_stopped();
  }

  /// Forks and calls that begin from now on end by operation_cancelled, and those of the calls that
  /// its functions wait for. Any thread.
  void stop() noexcept;

  /// A fork has failed, and its group does not begin others; the failure has come to the parent.
  void failed() noexcept;
  void recovered() noexcept;

  /// Until it has ended, the call of `outer`'s that waits for this one is stopped with it.
  void nest_in(fork_scope& outer) noexcept;
  void leave_outer() noexcept;
  [[nodiscard]] const fork_scope* outer() const noexcept { return outer_; }

  const context* task = nullptr;     ///< On whose behalf they run; null if it may end first.
  const fork_group* root = nullptr;  ///< That of the first coroutine: it has no parent that forks.
  bool stop_on_failure = false;      ///< Nobody catches a failure before the call's end.

 protected:
  using stop_hook = void (*)(fork_scope& self) noexcept;
  explicit fork_scope(stop_hook on_stop) noexcept : on_stop_(on_stop) {}

 private:
  static constexpr std::uint32_t stopped_bit = 1;
  static constexpr std::uint32_t one_failure = 2;
  void check_stopped() const;
  static void note_disturbed() noexcept;
  static void note_calm() noexcept;

  static std::atomic<std::uint32_t> disturbed_scopes_;  // Of the process: those whose state is set.
  std::atomic<std::uint32_t> state_{0};
  stop_hook on_stop_ = nullptr;
  fork_scope* outer_ = nullptr;

  std::mutex mutex_;  // Protects the list, which goes through the next three, and their stoppers.
  fork_scope* nested_ = nullptr;
  fork_scope* next_ = nullptr;
  fork_scope* previous_ = nullptr;
  int stoppers_ = 0;  // Those who stop this one, as part of the outer: it may not go meanwhile.
};

}  // namespace lariat::detail
