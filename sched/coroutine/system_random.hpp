#pragma once

#include <cstdint>

namespace lariat {

/// A random number from this thread's generator, which the system has seeded. Not for secrets: some
/// numbers allow to guess the others.
[[nodiscard]] std::uint64_t system_random() noexcept;

}  // namespace lariat
