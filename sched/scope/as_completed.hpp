#pragma once

#include <lariat/sched/scope/detail/completion_queue.hpp>
#include <lariat/sched/task/join_handle.hpp>

#include <cstddef>
#include <span>
#include <vector>

namespace lariat {

/// Spawned tasks in the order in which they end; made by `as_completed`. Refers to the handles,
/// which must not be moved meanwhile, and must be destroyed before the tasks are awaited elsewhere.
template <class T>
class completions {
 public:
  /// \throws std::logic_error if a handle is empty, or its task belongs to a loop other than this
  /// thread's.
  explicit completions(std::span<join_handle<T>> handles)
      : handles_(handles), queue_(records_of(handles)) {}

  /// The awaitable of `next`.
  class [[nodiscard]] next_operation final : public detail::completion_operation {
   public:
    next_operation(detail::completion_queue& queue, std::span<join_handle<T>> handles) noexcept
        : completion_operation(queue), handles_(handles) {}
    join_handle<T>* await_resume() {
      const std::size_t index = take();
      return index == none ? nullptr : &handles_[index];
    }

   private:
    std::span<join_handle<T>> handles_;
  };

  /// The handle of the next task that has ended, which may be awaited at once; null when all were
  /// given. One task at a time may await it.
  /// \throws std::logic_error if all tasks that are left wait for this one: see `mutex::lock`.
  ///
  /// \par Cancellation
  /// Ends the wait; the tasks go on, and none is skipped.
  [[nodiscard]] next_operation next() noexcept { return next_operation(queue_, handles_); }

 private:
  static std::vector<detail::spawned*> records_of(std::span<join_handle<T>> handles) {
    std::vector<detail::spawned*> records;
    records.reserve(handles.size());
    for (const join_handle<T>& each : handles) records.push_back(&each.require("as_completed"));
    return records;
  }

  std::span<join_handle<T>> handles_;
  detail::completion_queue queue_;
};

/// Gives tasks as they end (asyncio's as_completed):
///
///     auto ended = as_completed(std::span(handles));
///     for (;;) {
///       join_handle<int>* next = co_await ended.next();
///       if (next == nullptr) break;
///       use(co_await *next);
///     }
///
/// \throws std::logic_error if a handle is empty, or its task belongs to a loop other than this
/// thread's.
///
/// \par Cancellation
/// Nothing happens to the tasks.
template <class T>
[[nodiscard]] completions<T> as_completed(std::span<join_handle<T>> handles) {
  return completions<T>(handles);
}

}  // namespace lariat
