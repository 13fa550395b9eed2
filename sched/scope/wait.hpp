#pragma once

#include <lariat/sched/scope/as_completed.hpp>
#include <lariat/sched/time/timeout.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <vector>

namespace lariat {

/// When `wait` ends.
enum class wait_until : unsigned char {
  first_completed,  ///< When a task has ended in any way.
  first_exception,  ///< When one has ended by an exception or a cancel, or all have ended.
  all_completed,    ///< When all have ended.
};

/// Which tasks had ended when `wait` ended, in order of their ends, and which had not, as far as
/// this loop had been told.
template <class T>
struct wait_result {
  std::vector<join_handle<T>*> done;
  std::vector<join_handle<T>*> pending;
};

namespace detail {

template <class T>
task<> collect_ended(completions<T>& ended, wait_until when, std::vector<join_handle<T>*>& done) {
  for (;;) {
    join_handle<T>* const next = co_await ended.next();
    if (next == nullptr) co_return;
    done.push_back(next);
    if (when == wait_until::first_completed) co_return;
    if (when == wait_until::first_exception && next->failed()) co_return;
  }
}

}  // namespace detail

/// Waits for spawned tasks and tells which have ended. It does not throw their exceptions, and
/// cancels nothing (asyncio.wait). With a time limit it ends after that, whichever have ended.
///
/// \throws std::invalid_argument if there are no handles; std::logic_error as `as_completed`.
///
/// \par Cancellation
/// Ends the wait; the tasks go on.
template <class T>
[[nodiscard]] task<wait_result<T>> wait(
    std::span<join_handle<T>> handles, wait_until when = wait_until::all_completed,
    std::chrono::nanoseconds limit = std::chrono::nanoseconds::max()) {
  if (handles.empty()) throw std::invalid_argument("lariat: wait: there is nothing to wait for");
  completions<T> ended(handles);
  wait_result<T> result;
  (void)co_await try_timeout(limit, detail::collect_ended(ended, when, result.done));
  std::vector<join_handle<T>*> sorted = result.done;
  std::sort(sorted.begin(), sorted.end());
  for (join_handle<T>& each : handles) {
    if (!std::binary_search(sorted.begin(), sorted.end(), &each)) result.pending.push_back(&each);
  }
  co_return result;
}

}  // namespace lariat
