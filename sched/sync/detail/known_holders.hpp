#pragma once

#include <lariat/sched/loop/operation.hpp>

#include <cstdint>
#include <memory>

namespace lariat::detail {

/// Which tasks hold something that several may hold at a time: kept only where deadlocks are looked
/// for, by guards that do not move. What is not known for certain is not known at all: then whoever
/// waits for it waits for somebody.
///
/// \par Threads
/// On the loop's thread, but for `lose`.
class known_holders {
 public:
  /// \param wanted False: it keeps nothing.
  explicit known_holders(bool wanted);
  known_holders(const known_holders&) = delete;
  known_holders& operator=(const known_holders&) = delete;
  ~known_holders();

  /// `count` units go to the task that waits, or was about to, in `granted`.
  void add(const operation& granted, std::uint64_t count) noexcept {
    if (list_ != nullptr) [[unlikely]]
      note(granted, count);
  }

  /// The running task gives `count` units up; `left` others are held.
  void remove(std::uint64_t count, std::uint64_t left) noexcept {
    if (list_ != nullptr) [[unlikely]]
      strike(count, left);
  }

  /// A guard went elsewhere: who holds what is not known until nobody holds anything. Any thread
  /// that holds some of it.
  void lose() noexcept {
    if (list_ != nullptr) [[unlikely]]
      mark_lost();
  }

  /// Names all that hold the `held` units; false if they are not known.
  [[nodiscard]] bool visit(dependency_visitor& each, std::uint64_t held) const;

 private:
  struct list;
  void note(const operation& granted, std::uint64_t count) noexcept;
  void strike(std::uint64_t count, std::uint64_t left) noexcept;
  void mark_lost() noexcept;

  std::unique_ptr<list> list_;
};

}  // namespace lariat::detail
