#pragma once

#include <cstdint>

namespace lariat {

/// A random number by a generator of this thread's, which the system has seeded. No secret: others
/// can be guessed from some.
[[nodiscard]] std::uint64_t system_random() noexcept;

}  // namespace lariat
