#pragma once

#include <atomic>

namespace lariat::detail {

/// Orders stores before later loads, for this thread. A locked operation on the thread's own stack,
/// because that costs a quarter of the `mfence` that compilers emit for a sequentially consistent
/// fence. ThreadSanitizer does not model fences: data that is handed over must also be published by
/// an acquire-release pair.
inline void full_fence() noexcept {
#if defined(__x86_64__)
  asm volatile("lock; orl $0, -8(%%rsp)" ::: "memory", "cc");
#else
  std::atomic_thread_fence(std::memory_order_seq_cst);
#endif
}

/// A fence whose cost is on one side only: `light_fence` on the frequent side and `heavy_fence` on
/// the rare side order as two full fences do. Uses membarrier(2); on a kernel without it both are
/// full fences.
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
