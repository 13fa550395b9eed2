#pragma once

#include <lariat/sched/coroutine/detail/call_check.hpp>
#include <lariat/sched/task/task.hpp>
#include <lariat/sched/time/timer.hpp>

#include <chrono>
#include <concepts>
#include <exception>
#include <type_traits>
#include <utility>

namespace lariat {

/// How often `retry` tries, and how long it pauses in between. Trivial, so that it may be written
/// inside an await expression (ARCHITECTURE.md, G2).
struct retry_options {
  int attempts = 5;  ///< The first one included.
  std::chrono::nanoseconds first_pause = std::chrono::milliseconds(100);
  std::chrono::nanoseconds longest_pause = std::chrono::seconds(30);
  double factor = 2;    ///< The ratio of each pause to the one before.
  double jitter = 0.5;  ///< Each is shortened by up to this share, at random, so that many clients
                        ///< of one server do not come back together.
};

namespace detail {

/// The pauses between attempts.
class backoff {
 public:
  /// \throws std::invalid_argument if the options make no sense.
  explicit backoff(const retry_options& options);

  /// Counts an attempt. Whether there is another one.
  [[nodiscard]] bool again() noexcept { return --attempts_left_ > 0; }

  /// How long to pause before it.
  [[nodiscard]] std::chrono::nanoseconds pause() noexcept;

 private:
  retry_options options_;
  int attempts_left_;
  double next_ns_;
};

template <class Function>
using task_value = typename std::invoke_result_t<Function&>::value_type;

}  // namespace detail

/// Awaits the task that `function()` gives until one ends without an exception, and gives its
/// value: `co_await retry({.attempts = 3}, fetch)`. It pauses in between, longer each time. If the
/// last attempt fails, its exception is thrown. The function is kept until the end.
///
/// Another attempt follows only a std::exception for which `worth_it(error)` is true.
/// \throws std::invalid_argument if the options make no sense.
///
/// \par Cancellation
/// The cancel is passed on to the attempt, or ends the pause; there is no other attempt then.
template <class Function, std::predicate<const std::exception&> Predicate>
  requires detail::gives_task<Function&>
task<detail::task_value<Function>> retry(retry_options options, Function function,
                                         Predicate worth_it) {
  detail::backoff pauses(options);
  for (;;) {
    try {
      co_return co_await function();
    } catch (const std::exception& error) {
      if (!pauses.again() || !worth_it(error)) throw;
    }
    co_await sleep_for(pauses.pause());  // Not in the handler, where nothing may be awaited.
  }
}

/// The same after every std::exception.
///
/// \par Cancellation
/// As above.
template <class Function>
  requires detail::gives_task<Function&>
task<detail::task_value<Function>> retry(retry_options options, Function function) {
  return retry(options, std::move(function), [](const std::exception&) { return true; });
}

/// Chosen for arguments that the other forms do not accept; its static_assert says what is wrong.
template <class Function, class... Predicate>
  requires(!detail::gives_task<Function&>)
auto retry(retry_options, Function&&, Predicate&&...) {
  static_assert(
      detail::never<Function>,
      "retry calls a function that gives a task, once for each attempt: give it the "
      "function, not its task, as in retry({.attempts = 3}, work); a lambda says -> task<>");
  return task<>();
}

}  // namespace lariat
