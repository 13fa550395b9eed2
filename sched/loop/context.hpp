#pragma once

#include <lariat/sched/cancel/cancelled.hpp>
#include <lariat/sched/cancel/detail/stop_forward.hpp>
#include <lariat/sched/executor/executor.hpp>
#include <lariat/sched/thread/clock.hpp>

#include <atomic>
#include <cassert>
#include <cstdint>
#include <exception>
#include <memory>
#include <source_location>
#include <string>
#include <string_view>

namespace lariat {

class loop;
class operation;

namespace detail {
struct local_values;
}  // namespace detail

/// The identity and state of a spawned task, or of a combinator's child: its name, its parent,
/// where it was spawned, whether it is being cancelled, and the operation that it is suspended in.
///
/// A child that is awaited directly shares its awaiter's context. A context belongs to one loop;
/// all but `id`, `priority`, `name` and `spawn_site` may be used on that loop's thread only.
class context : public runnable {
 public:
  context() = default;
  context(const context&) = delete;  // Linked into its loop by address.
  context& operator=(const context&) = delete;

  /// Runs the task for the first time, and makes it the loop's running task. Later its operations
  /// resume it.
  void run() noexcept final;

  /// The loop that it belongs, or belonged, to.
  [[nodiscard]] lariat::loop* owner() const noexcept { return loop_; }

  /// Whether it has started, or is queued to start, and has not ended.
  [[nodiscard]] bool live() const noexcept { return live_; }

  /// The task in whose combinator or group it is a child; null if it was spawned by itself. A
  /// parent outlives its children.
  [[nodiscard]] virtual const context* parent() const noexcept { return nullptr; }

  /// The pool that its coroutines run on; null if they run on its loop. Its operations are carried
  /// out on the loop in both cases.
  [[nodiscard]] executor* computing_on() const noexcept { return on_pool_ ? find_pool() : nullptr; }

  /// Unique among the process's tasks, in order of their start.
  [[nodiscard]] std::uint64_t id() const noexcept {
    return id_and_priority_ & ~(~std::uint64_t{0} << priority_shift);
  }

  /// Given at its spawn, or inherited from the task that made it.
  [[nodiscard]] task_priority priority() const noexcept {
    return static_cast<task_priority>(id_and_priority_ >> priority_shift);
  }

  /// Empty if the task was given none.
  [[nodiscard]] std::string_view name() const noexcept;
  [[nodiscard]] std::source_location spawn_site() const noexcept { return spawn_site_; }

  /// The operation that the task is suspended in; null while it runs or waits for its turn.
  [[nodiscard]] operation* waiting_in() const noexcept { return waiting_in_; }

  /// How long the task has been suspended, to a millisecond or so, `now` being the loop's clock.
  [[nodiscard]] clock_ns waiting_for(clock_ns now) const noexcept {
    return static_cast<clock_ns>(coarse(now) - waiting_since_) << coarse_bits;
  }

  /// Asks the task to end: the await that it is suspended in, or its next one that suspends, throws
  /// operation_cancelled. Each call is delivered once, but calls that come before an earlier one is
  /// delivered are delivered together with it. If the await has its value already it gives the
  /// value, and the cancel stays pending.
  void cancel(std::string_view reason = {}) noexcept;

  /// Whether a cancel was asked for and has not been delivered yet.
  [[nodiscard]] bool cancel_pending() const noexcept { return cancel_pending_; }

  /// How many cancels were asked for so far (asyncio's Task.cancelling).
  [[nodiscard]] std::uint16_t cancel_count() const noexcept { return cancel_count_; }

  /// Whether an await that starts now has to end by operation_cancelled.
  [[nodiscard]] bool must_cancel() const noexcept { return cancel_pending_ && masks_ == 0; }

  /// Delivers the cancel. \throws operation_cancelled always.
  /// \param site The await that throws it.
  [[noreturn]] void throw_cancelled(std::source_location site = {});

  /// The same as an exception that is not thrown, which costs far more than making it.
  [[nodiscard]] std::exception_ptr take_cancelled() noexcept;

  /// The cancel that was delivered last has become what the task wants it to be, an outcome or an
  /// error code: it is not swallowed.
  void cancel_is_handled() noexcept { cancel_delivered_ = false; }

  /// Between these calls cancels stay pending and are not delivered. See `uncancellable`.
  void mask_cancel() noexcept {
    assert(masks_ < UINT8_MAX && "uncancellable is nested too deeply");
    ++masks_;
  }
  void unmask_cancel() noexcept { --masks_; }

  /// The task's values of `local` variables; null if it has none. See local.hpp.
  [[nodiscard]] const detail::local_values* locals() const noexcept;
  [[nodiscard]] std::shared_ptr<const detail::local_values> shared_locals() const noexcept;
  void set_locals(std::shared_ptr<const detail::local_values> values);

  /// Takes over the values of a child that has ended and that is the same task to who wrote it, as
  /// the body of a timeout.
  void keep_locals_of(const context& ended) {
    if (ended.extras_.load(std::memory_order_relaxed) != nullptr) [[unlikely]]
      keep_extras_of(ended);
  }

  /// A token on which stop is requested when the task is cancelled. See stop.hpp.
  [[nodiscard]] lariat::stop_token stop_token();

 protected:
  ~context();

  /// Starts the task's first coroutine, or ends the task.
  virtual void first_run() noexcept = 0;

  /// Sets the loop that it will belong to. Any thread.
  void place(lariat::loop& loop, std::source_location site) noexcept {
    loop_ = &loop;
    id_and_priority_ = next_id();  // Of normal priority.
    spawn_site_ = site;
  }

  /// Adds it to that loop's live tasks. On the loop's thread, as all that follow.
  void attach() noexcept;

  /// Removes it from the loop's live tasks; the other members stay readable.
  /// \param by_value How the task has ended.
  void detach(bool by_value) noexcept {
    if (cancel_delivered_ && by_value) [[unlikely]]
      note_swallowed();
    detach();
  }
  void detach() noexcept;

  void set_name(std::string_view name);

  /// Takes over the local values and the priority of the task `maker`. Called after `place` and
  /// before `attach`.
  void inherit_from(const context& maker) {
    const bool has_priority = (maker.id_and_priority_ >> priority_shift) != 0;
    if (has_priority || maker.extras_.load(std::memory_order_relaxed) != nullptr) [[unlikely]]
      inherit_more(maker);
  }

  /// Called after `place` and before `attach`.
  void set_priority(task_priority priority) noexcept;

  /// Has the loop look at priorities, if the task has one that is not normal. Called after `attach`
  /// where another thread has set it.
  void use_priority() noexcept;

  /// Its coroutines run on a pool. Called before `attach`.
  void mark_on_pool() noexcept { on_pool_ = true; }

  /// Keeps the loop's sink alive, so that `report_to_sink` works when the loop is gone. On the
  /// loop's thread.
  void keep_failure_sink() noexcept;

  /// Reports the failure that the task ended by, which nobody awaited. Any thread.
  void report_to_sink(const std::exception_ptr& error) const noexcept;

 private:
  friend class lariat::loop;
  friend class operation;
  static std::uint64_t next_id() noexcept;

  /// Called only if it is on a pool.
  [[nodiscard]] virtual executor* find_pool() const noexcept { return nullptr; }

  static constexpr unsigned priority_shift = 62;

  // Times in 32 bits: units of 1.05 ms, which wrap after 52 days.
  static constexpr unsigned coarse_bits = 20;
  static std::uint32_t coarse(clock_ns time) noexcept {
    return static_cast<std::uint32_t>(time >> coarse_bits);
  }
  // Members that few tasks need: a name, a cancel's reason, a stop source, the failure sink, local
  // values.
  struct extras;
  [[nodiscard]] task_priority ready_level() const noexcept final { return priority(); }
  void pass_cancel_on() noexcept;
  [[nodiscard]] operation_cancelled deliver_cancel() noexcept;
  void note_swallowed() const noexcept;
  void inherit_more(const context& maker);
  void keep_extras_of(const context& ended);
  extras& more();
  [[nodiscard]] const extras* seen_extras() const noexcept;

  lariat::loop* loop_ = nullptr;
  context* previous_ = nullptr;  // In the loop's list of live contexts.
  context* next_ = nullptr;
  operation* waiting_in_ = nullptr;
  // One word, as neither changes once the task has started: threads that work for it read both.
  std::uint64_t id_and_priority_ = 0;
  std::source_location spawn_site_;
  std::atomic<extras*> extras_ = nullptr;  // Threads that work for the task may read it, too.
  // Small types, because there may be a million sleeping tasks: the class takes 80 bytes.
  std::uint32_t waiting_since_ = 0;
  std::uint16_t cancel_count_ = 0;
  std::uint8_t masks_ = 0;
  bool cancel_pending_ : 1 = false;
  bool cancel_put_aside_ : 1 = false;
  bool cancel_delivered_ : 1 = false;  // Under LARIAT_DEBUG=1 only.
  bool live_ : 1 = false;
  bool on_pool_ : 1 = false;
};

}  // namespace lariat
