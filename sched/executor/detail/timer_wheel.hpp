#pragma once

#include <lariat/sched/executor/executor.hpp>
#include <lariat/sched/thread/clock.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace lariat::detail {

struct timer_link {
  timer_link* next = nullptr;
  timer_link* previous = nullptr;
};

/// A step with a deadline. Part of the object that waits; linked into the wheel by address.
class timer_entry : timer_link {
 public:
  /// \param deadline The value of `deadline()` until the entry is inserted.
  explicit timer_entry(runnable& step, clock_ns deadline = 0) noexcept
      : deadline_(deadline), step_(&step) {}

  [[nodiscard]] bool armed() const noexcept { return next != nullptr; }
  [[nodiscard]] clock_ns deadline() const noexcept { return deadline_; }

 private:
  friend class timer_wheel;
  clock_ns deadline_;
  runnable* step_;  // What to post when the time has come.
};

/// Pending timers: a hierarchical timing wheel (Varghese and Lauck, 1987; the levels as in Tokio's)
/// of 9 levels of 64 slots, the finest 1024 ns wide. Insert and cancel are O(1); a timer moves down
/// a level at most 8 times. Fires in order of deadline, equal deadlines in order of insertion,
/// never early and at most one slot late.
class timer_wheel {
 public:
  explicit timer_wheel(clock_ns now) noexcept;
  timer_wheel(const timer_wheel&) = delete;
  timer_wheel& operator=(const timer_wheel&) = delete;

  void insert(timer_entry& entry, clock_ns deadline) noexcept;
  void cancel(timer_entry& entry) noexcept;

  /// Hands the step of each timer whose time has come to `fire`, in order.
  template <class Fire>
  void advance(clock_ns now, Fire fire) {
    timer_link due;
    due.next = due.previous = &due;
    collect(now, due);
    while (due.next != &due) {
      auto& entry = static_cast<timer_entry&>(*due.next);
      cancel(entry);
      fire(*entry.step_);
    }
  }

  /// When `advance` should be called next: never later than the first deadline's slot.
  /// `no_deadline` if nothing is pending.
  [[nodiscard]] clock_ns next_deadline() noexcept;

  /// When to wake up for it: the same, or up to 16 us later if more timers follow within that time,
  /// because a wake-up costs as much as many timers.
  [[nodiscard]] clock_ns next_wake() noexcept;

  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  static constexpr unsigned levels = 9;  // 64^9 slots of 1024 ns: more than a clock_ns holds.
  static constexpr unsigned slot_bits = 6;
  static constexpr unsigned slots = 1U << slot_bits;
  static constexpr unsigned tick_bits = 10;
  static constexpr unsigned bunch_slots = 16;

  struct level {
    std::uint64_t occupied = 0;  // A bit may be set for a slot that cancels have emptied.
    std::array<timer_link, slots> slot;
  };

  // The first tick that is not before `deadline`: nothing fires early.
  static std::uint64_t tick_of(clock_ns deadline) noexcept {
    return (static_cast<std::uint64_t>(deadline) + ((1U << tick_bits) - 1)) >> tick_bits;
  }

  struct position {
    unsigned level;
    unsigned slot;
    std::uint64_t tick;  // The first tick of the slot.
  };
  [[nodiscard]] static clock_ns beginning_of(const position& slot) noexcept;
  [[nodiscard]] position place(std::uint64_t tick) const noexcept;
  [[nodiscard]] bool first_occupied(position& found) noexcept;
  void collect(clock_ns now, timer_link& due) noexcept;
  void deal(unsigned below, timer_link& timers) noexcept;
  void link(timer_entry& entry) noexcept;

  std::uint64_t elapsed_;  // Ticks before this one have been collected.
  std::size_t size_ = 0;
  std::array<level, levels> levels_;
};

}  // namespace lariat::detail
