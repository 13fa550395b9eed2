#pragma once

#include <lariat/sched/cancel/stop_token.hpp>

#include <atomic>
#include <forward_list>
#include <string>

namespace lariat::detail {

/// What a cancellation_source shares with its tokens: a stop state, the reason, and the states
/// that it follows. Any thread.
class cancellation_state {
 public:
  /// The first call requests stop, which runs the callbacks on this thread; false for later ones.
  /// The state may be gone when it returns.
  bool cancel(std::string reason) noexcept;

  [[nodiscard]] bool cancelled() const noexcept { return stop_.stop_requested(); }

  /// \pre cancelled()
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }

  [[nodiscard]] stop_token token() const noexcept { return stop_.get_token(); }

  /// From now on this is cancelled when stop is requested on `leader`, with the reason of `of` if
  /// that is not null. Not to be called by two threads at once.
  void follow(stop_token leader, const cancellation_state* of);

 private:
  // Called on the thread that cancels the leader, which is alive until that returns.
  struct pass_on {
    cancellation_state& self;
    const cancellation_state* of;
    void operator()() const noexcept;
  };

  stop_source stop_;
  std::atomic<bool> claimed_{false};
  std::string reason_;  // Written by who has claimed, before it requests stop.
  // Last, so that they are destroyed first, which waits for a callback that runs.
  std::forward_list<stop_callback<pass_on>> leaders_;
};

}  // namespace lariat::detail
