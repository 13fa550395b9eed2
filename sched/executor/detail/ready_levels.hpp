#pragma once

#include <lariat/sched/executor/detail/run_queue.hpp>
#include <lariat/sched/executor/priority.hpp>

#include <cstdint>

namespace lariat::detail {

/// A ready queue for each priority, of a loop that has tasks of more than one. Steps come out by
/// priority, those of one priority in the order in which they came, and a level that waits gets a
/// step after `patience` of others. Rule: sched/README.md, "Priorities".
class ready_levels {
 public:
  static constexpr std::uint32_t patience = 16;

  [[nodiscard]] bool empty() const noexcept;

  /// Takes all that has become ready since, in that order.
  void sort(run_queue& arrived) noexcept;

  /// Null when empty.
  [[nodiscard]] runnable* pop() noexcept;

  /// Whether the step that was popped last is of low priority.
  [[nodiscard]] bool took_low() const noexcept { return taken_ == low; }

 private:
  static constexpr unsigned levels = 3;
  static constexpr unsigned low = levels - 1;
  static unsigned level_of(const runnable& step) noexcept;

  run_queue queues_[levels];  // The most urgent first.
  std::uint32_t passed_over_[levels] = {};
  unsigned taken_ = 0;
  bool aged_ = false;  // The last step came before more urgent ones.
};

}  // namespace lariat::detail
