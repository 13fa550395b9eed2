#pragma once

#include <lariat/sched/pool/fork_join.hpp>
#include <lariat/sched/thread/clock.hpp>

#include <algorithm>
#include <cstddef>

namespace lariat::detail {

/// How many elements to run before checking again whether work is wanted: as many as take some
/// microseconds, found by trying, so that the check costs next to nothing.
class batch_size {
 public:
  /// Runs `body(n)` for the next n <= `left` elements, and gives n.
  template <class Body>
  std::size_t run(std::size_t left, Body body) {
    const std::size_t count = std::min(size_, left);
    const clock_ns begin = growing_ ? monotonic_now() : 0;
    body(count);
    if (growing_ && monotonic_now() - begin < enough_ns) {
      size_ *= 2;
    } else {
      growing_ = false;
    }
    return count;
  }

 private:
  static constexpr clock_ns enough_ns = 5'000;
  std::size_t size_ = 1;
  bool growing_ = true;
};

/// Elements between two checks whether to stop: enough that a check costs next to nothing even with
/// the shortest bodies, and that compilers still unroll and vectorise the loop over them. With 1024
/// a sum of integers takes 5 % longer, by clang.
inline constexpr std::size_t look_every = 4096;

/// Runs `body(from, to)` over all of [first, last), which is not empty, a piece at a time.
/// \throws operation_cancelled if the call was stopped: cancelled, or another body has failed.
template <class Body>
void run_until_stopped(const fork_scope& scope, std::size_t first, std::size_t last, Body body) {
  do {
    scope.check();
    const std::size_t end = first + std::min(last - first, look_every);
    body(first, end);
    first = end;
  } while (first != last);
}

/// The call that this thread works for, set to stop as a whole when any of its bodies fails,
/// because the failure is seen only by the task or thread that waits for the whole.
[[nodiscard]] inline fork_scope& stop_all_on_failure() noexcept {
  fork_scope& scope = *current_stacklet().scope;
  scope.stop_on_failure = true;
  return scope;
}

/// Whether another worker looks for work.
[[nodiscard]] inline bool work_is_wanted() noexcept { return current_worker()->forks().asked(); }

/// Runs `body(from, to)` over all of [first, last), in pieces. Gives half of the rest away whenever
/// another worker wants work, and only then (lazy splitting: Tzannes et al., 2010).
template <class Body>
fork_task<> split_on_demand(std::size_t first, std::size_t last, Body* body) {
  const fork_scope& scope = *current_stacklet().scope;
  batch_size batch;
  while (first != last) {
    if (last - first > 1 && work_is_wanted()) {
      const std::size_t middle = first + (last - first) / 2;
      co_await fork_join(split_on_demand(first, middle, body), split_on_demand(middle, last, body));
      co_return;
    }
    first += batch.run(last - first, [&](std::size_t count) {
      run_until_stopped(scope, first, first + count, *body);
    });
  }
}

/// The same in pieces of at most `grain`, by halves.
template <class Body>
fork_task<> split_by_grain(std::size_t first, std::size_t last, std::size_t grain, Body* body) {
  if (last - first <= grain) {
    run_until_stopped(*current_stacklet().scope, first, last, *body);
    co_return;
  }
  const std::size_t middle = first + (last - first) / 2;
  co_await fork_join(split_by_grain(first, middle, grain, body),
                     split_by_grain(middle, last, grain, body));
}

/// One of the two; a grain of 0 means on demand. Stops when the call is stopped.
template <class Body>
fork_task<> split(std::size_t count, std::size_t grain, Body* body) {
  return grain == 0 ? split_on_demand(std::size_t{0}, count, body)
                    : split_by_grain(std::size_t{0}, count, grain, body);
}

/// The grain of algorithms whose result depends on the pieces. It depends on the count alone, so
/// that the result is the same on every machine. Gives enough pieces for some dozens of workers.
[[nodiscard]] constexpr std::size_t fixed_grain(std::size_t count, std::size_t grain) noexcept {
  constexpr std::size_t pieces = 256;
  return grain != 0 ? grain : std::max<std::size_t>(count / pieces, 1);
}

}  // namespace lariat::detail
