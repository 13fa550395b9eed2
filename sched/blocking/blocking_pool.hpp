#pragma once

#include <lariat/sched/blocking/lane.hpp>
#include <lariat/sched/thread/detail/fork_listener.hpp>

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace lariat {

class loop;

/// The threads for calls that block: a default lane, and named lanes for work that is to be kept
/// apart. A runtime owns one, which its loops share; a loop without a runtime uses the process's,
/// which is never destroyed.
///
/// \par Threads
/// Any thread.
class blocking_pool {
 public:
  /// Starts no thread.
  explicit blocking_pool(lane_options default_lane = {});
  blocking_pool(const blocking_pool&) = delete;
  blocking_pool& operator=(const blocking_pool&) = delete;

  /// Waits for the queued and running calls, and joins the threads.
  /// \pre No loop submits any more.
  ~blocking_pool();

  /// The pool of `where`; if it was given none the process's pool, which is made on first use.
  [[nodiscard]] static blocking_pool& of(const loop& where);

  /// The pool of the loop that runs on this thread, or, on a pool's worker, of its task's loop; the
  /// process's pool on other threads.
  [[nodiscard]] static blocking_pool& current();

  /// The lane for `to_thread` if none is named.
  [[nodiscard]] lane& default_lane() noexcept { return default_lane_; }

  /// The lane of that name, made with `options` if there is none yet. It lives as long as the pool.
  [[nodiscard]] lane& named_lane(std::string_view name, lane_options options = {});

  /// Calls `visit(const lane&)` for each lane, the default one first.
  template <class Visit>
  void for_each_lane(Visit visit) const {
    visit(default_lane_);
    const std::lock_guard lock(mutex_);
    for (const auto& each : named_) visit(static_cast<const lane&>(*each));
  }

 private:
  /// Never destroyed: a function of one of its threads may call exit.
  static blocking_pool& of_process();

  lane default_lane_;
  [[nodiscard]] lane* find(std::string_view name) const noexcept;

  mutable detail::fork_safe_mutex mutex_;
  std::vector<std::unique_ptr<lane>> named_;  // There are few, so they are searched linearly.
  bool for_ever_ = false;
};

}  // namespace lariat
