#pragma once

#include <atomic>

namespace lariat::detail {

/// Orders stores before later loads, for this thread. A locked operation on the own stack, for it
/// costs a quarter of the `mfence` that compilers make of a sequentially consistent fence.
/// ThreadSanitizer knows no fences: what is handed over must be published by its own order.
inline void full_fence() noexcept {
#if defined(__x86_64__)
  asm volatile("lock; orl $0, -8(%%rsp)" ::: "memory", "cc");
#else
  std::atomic_thread_fence(std::memory_order_seq_cst);
#endif
}

/// A fence whose cost is one side's only: `light_fence` on the frequent side and `heavy_fence` on
/// the rare one order as two full fences do. By membarrier(2); where the kernel has none, light is
/// full as well.
namespace asymmetric {

extern const bool kernel_has_barrier;

inline void light_fence() noexcept {
  if (kernel_has_barrier) [[likely]] {
    std::atomic_signal_fence(std::memory_order_seq_cst);
  } else {
    full_fence();
  }
}

/// Lets each running thread of the process execute a full fence: some 10 us if one runs elsewhere.
void heavy_fence() noexcept;

}  // namespace asymmetric
}  // namespace lariat::detail
