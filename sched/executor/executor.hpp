#pragma once

#include <lariat/sched/executor/priority.hpp>

namespace lariat {

namespace detail {
class ready_levels;
class run_queue;
template <class, class, class>
class basic_inbox;
}  // namespace detail

/// A step that an executor runs once for each time it is posted. Intrusive: posting allocates
/// nothing, so the object must live until it has run.
class runnable {
 public:
  runnable() = default;

  /// Runs the step on the executor's thread. It may destroy the object.
  virtual void run() noexcept = 0;

 protected:
  // Copying a step copies what it does, but not its place in a queue.
  runnable(const runnable&) noexcept {}
  runnable& operator=(const runnable&) noexcept { return *this; }
  // Virtual only because of -Wnon-virtual-dtor, which counts a destructor that a friend may call as
  // public.
  virtual ~runnable() = default;

 private:
  friend class detail::ready_levels;
  friend class detail::run_queue;

  /// The level at which a loop queues it. Asked only if the loop has tasks of several.
  [[nodiscard]] virtual task_priority ready_level() const noexcept { return task_priority::normal; }

  template <class, class, class>
  friend class detail::basic_inbox;
  runnable* next_ = nullptr;
};

/// A place where tasks run: a loop, or a pool's workers.
class executor {
 public:
  /// Queues `step` to run here, after everything that this thread posted before.
  ///
  /// \par Threads
  /// Any thread. `step` may have run, and be gone, before this returns.
  virtual void post(runnable& step) noexcept = 0;

 protected:
  ~executor() = default;
};

}  // namespace lariat
