#pragma once

namespace lariat::detail {

/// Tells the processor that this is a spin loop: it saves power, and yields to a sibling thread.
inline void pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace lariat::detail
