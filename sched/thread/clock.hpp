#pragma once

#include <cstdint>

namespace lariat {

/// A point on the monotonic clock, in nanoseconds; what timers and drivers count in.
using clock_ns = std::int64_t;

/// The deadline that never comes.
inline constexpr clock_ns no_deadline = INT64_MAX;

/// Reads CLOCK_MONOTONIC; about 22 ns.
[[nodiscard]] clock_ns monotonic_now() noexcept;

}  // namespace lariat
