#pragma once  // lint: allow(pragma) lint: allow(listed): of the sources only, not installed.

#include <array>
#include <bit>
#include <cstdint>

namespace lariat::io::testing {

/// Random numbers that follow from a seed, the same everywhere (xoshiro256**).
class random_source {
 public:
  explicit random_source(std::uint64_t seed) noexcept {
    for (std::uint64_t& each : state_) {  // By splitmix64, as its authors advise.
      seed += 0x9e3779b97f4a7c15;
      std::uint64_t mixed = (seed ^ (seed >> 30)) * 0xbf58476d1ce4e5b9;
      mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
      each = mixed ^ (mixed >> 31);
    }
  }

  std::uint64_t next() noexcept {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  /// One of [0, limit). \pre limit > 0
  std::uint64_t below(std::uint64_t limit) noexcept { return next() % limit; }

  /// True so often. Takes no number for 0 and 1.
  bool chance(double probability) noexcept {
    if (probability <= 0) return false;
    if (probability >= 1) return true;
    return static_cast<double>(next() >> 11) * 0x1p-53 < probability;
  }

  /// One of [1, limit], small ones far more often than large ones. \pre limit > 0
  std::uint64_t mostly_small(std::uint64_t limit) noexcept { return 1 + below(1 + below(limit)); }

 private:
  std::array<std::uint64_t, 4> state_;
};

}  // namespace lariat::io::testing
