#include <lariat/sched/time/retry.hpp>

#include <lariat/sched/loop/loop.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <stdexcept>

namespace lariat::detail {
namespace {

// A random number from 0 to 1.
double random_share() noexcept { return static_cast<double>(loop::random() >> 11) * 0x1p-53; }

}  // namespace

backoff::backoff(const retry_options& options)
    : options_(options),
      attempts_left_(options.attempts),
      next_ns_(static_cast<double>(options.first_pause.count())) {
  const bool sensible = options.attempts >= 1 && options.first_pause.count() >= 0 &&
                        options.longest_pause.count() >= 0 && options.factor >= 1 &&
                        std::isfinite(options.factor) && options.jitter >= 0 && options.jitter <= 1;
  if (!sensible) {
    throw std::invalid_argument(
        "lariat: retry: it needs an attempt at least, pauses that are not negative, a factor of 1 "
        "or more and a jitter from 0 to 1");
  }
}

std::chrono::nanoseconds backoff::pause() noexcept {
  // In doubles, because they overflow to infinity, and not to a small number.
  const auto longest = static_cast<double>(options_.longest_pause.count());
  const double pause = std::min(next_ns_, longest);
  next_ns_ = pause * options_.factor;
  const double shortened = pause * (1 - options_.jitter * random_share());
  return std::chrono::nanoseconds(static_cast<std::int64_t>(std::min(shortened, 0x1p62)));
}

}  // namespace lariat::detail
