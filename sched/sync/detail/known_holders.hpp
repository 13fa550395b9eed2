#pragma once

#include <lariat/sched/loop/operation.hpp>

#include <cstdint>
#include <memory>

namespace lariat::detail {

/// Which tasks hold a semaphore or shared_mutex, which several tasks may hold at a time. Kept only
/// while deadlock checks are on, and only as long as no guard is moved. If any holder is uncertain,
/// none is reported, and a task that waits counts as `woken_by::somebody`.
///
/// \par Threads
/// All but `lose` on the loop's thread.
class known_holders {
 public:
  /// \param wanted If false, nothing is recorded.
  explicit known_holders(bool wanted);
  known_holders(const known_holders&) = delete;
  known_holders& operator=(const known_holders&) = delete;
  ~known_holders();

  /// `count` units go to the task that waits in `granted`, or was about to.
  void add(const operation& granted, std::uint64_t count) noexcept {
    if (list_ != nullptr) [[unlikely]]
      note(granted, count);
  }

  /// The running task gives up `count` units; `left` units are still held.
  void remove(std::uint64_t count, std::uint64_t left) noexcept {
    if (list_ != nullptr) [[unlikely]]
      strike(count, left);
  }

  /// A guard was moved: the holders are unknown until nothing is held any more. On any thread that
  /// holds a unit.
  void lose() noexcept {
    if (list_ != nullptr) [[unlikely]]
      mark_lost();
  }

  /// Names all tasks that hold the `held` units; false if they are not known.
  [[nodiscard]] bool visit(dependency_visitor& each, std::uint64_t held) const;

 private:
  struct list;
  void note(const operation& granted, std::uint64_t count) noexcept;
  void strike(std::uint64_t count, std::uint64_t left) noexcept;
  void mark_lost() noexcept;

  std::unique_ptr<list> list_;
};

}  // namespace lariat::detail
