#pragma once

#include <lariat/sched/cancelled.hpp>
#include <lariat/sched/driver.hpp>
#include <lariat/sched/executor.hpp>

#include <cstdint>
#include <source_location>
#include <string>
#include <string_view>

namespace std {
class stop_token;
}

namespace lariat {

class loop;
class operation;

/// What a spawned task, and each child of a combinator, is known by: its name, its parent, where
/// it was spawned, whether it is being cancelled and the operation that it is suspended in.
///
/// A child that is awaited directly shares its awaiter's context. A context belongs to one loop;
/// all but `id`, `name` and `spawn_site` may be used on that loop's thread only.
class context : public runnable {
 public:
  context() = default;
  context(const context&) = delete;  // Linked into its loop by address.
  context& operator=(const context&) = delete;

  /// The loop it belongs, or belonged, to.
  [[nodiscard]] lariat::loop* owner() const noexcept { return loop_; }

  /// Whether it has started, or is queued to start, and has not ended.
  [[nodiscard]] bool live() const noexcept { return live_; }

  [[nodiscard]] const context* parent() const noexcept { return parent_; }

  /// Unique among the process's tasks, in order of their start.
  [[nodiscard]] std::uint64_t id() const noexcept { return id_; }

  /// Empty if the task was given none.
  [[nodiscard]] std::string_view name() const noexcept;
  [[nodiscard]] std::source_location spawn_site() const noexcept { return spawn_site_; }

  /// The operation that the task is suspended in; null while it runs or waits for its turn.
  [[nodiscard]] operation* waiting_in() const noexcept { return waiting_in_; }

  /// When the task was suspended; the loop's clock, as of the turn it happened in.
  [[nodiscard]] clock_ns waiting_since() const noexcept { return waiting_since_; }

  /// Asks the task to end: the await that it is suspended in, or its next one that suspends,
  /// throws operation_cancelled. Each call is delivered once; a value that arrived wins.
  void cancel(std::string_view reason = {}) noexcept;

  /// Whether a cancel has been asked for and not been delivered yet.
  [[nodiscard]] bool cancel_pending() const noexcept { return cancel_pending_; }

  /// How many cancels were asked for so far (asyncio's Task.cancelling).
  [[nodiscard]] std::uint32_t cancel_count() const noexcept { return cancel_count_; }

  /// Whether an await that starts now has to end by operation_cancelled.
  [[nodiscard]] bool must_cancel() const noexcept { return cancel_pending_ && masks_ == 0; }

  /// Delivers the cancel. \throws operation_cancelled always.
  [[noreturn]] void throw_cancelled();

  /// Between these calls cancels are kept, not delivered. See `uncancellable`.
  void mask_cancel() noexcept { ++masks_; }
  void unmask_cancel() noexcept { --masks_; }

  /// A token on which stop is requested when the task is cancelled. See stop.hpp.
  [[nodiscard]] std::stop_token stop_token();

 protected:
  ~context();

  /// Says where it will belong, and as whose child (null: a task of its own). Any thread.
  void place(lariat::loop& loop, const context* parent, std::source_location site) noexcept {
    loop_ = &loop;
    parent_ = parent;
    spawn_site_ = site;
  }

  /// Makes it part of that loop. On the loop's thread, as the rest.
  void attach() noexcept;

  /// Ends its part in the loop; the other members stay readable.
  void detach() noexcept;

  void set_name(std::string_view name);

 private:
  friend class lariat::loop;
  friend class operation;
  struct extras;  // What few tasks have: a name, a reason, a stop source.
  extras& more();

  lariat::loop* loop_ = nullptr;
  const context* parent_ = nullptr;
  context* previous_ = nullptr;  // In the loop's list of live contexts.
  context* next_ = nullptr;
  operation* waiting_in_ = nullptr;
  clock_ns waiting_since_ = 0;
  std::uint64_t id_ = 0;
  std::source_location spawn_site_;
  extras* extras_ = nullptr;
  std::uint32_t cancel_count_ = 0;
  std::uint16_t masks_ = 0;
  bool cancel_pending_ = false;
  bool live_ = false;
};

}  // namespace lariat
