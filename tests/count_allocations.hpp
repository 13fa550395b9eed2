#pragma once

#include "sanitizer.hpp"

#include <lariat/sched/task/task.hpp>

#include <cstdint>

// The sanitizers have allocation functions of their own, and under AddressSanitizer frames are not
// pooled.
#if UNDER_ADDRESS_SANITIZER || UNDER_THREAD_SANITIZER
#define COUNT_ALLOCATIONS 0
#else
#define COUNT_ALLOCATIONS 1
#endif

/// How often this program has asked for memory so far, on whatever thread: by malloc and its
/// relatives, so by operator new too, and by mmap, from which the frame pool has its slabs.
/// Counted by count_allocations.cpp, and only where COUNT_ALLOCATIONS says so.
[[nodiscard]] std::uint64_t allocations() noexcept;

/// Awaits the task that `step` gives until every list and pool has what it needs, and then often:
/// a pool has a slab of 2 MiB at most to give before a frame that is lost each time shows. Gives
/// the allocations of the latter.
template <class Step>
lariat::task<std::uint64_t> allocations_once_warm(Step step) {
  for (int i = 0; i < 100; ++i) co_await step();
  const std::uint64_t before = allocations();
  for (int i = 0; i < 10'000; ++i) co_await step();
  co_return allocations() - before;
}
