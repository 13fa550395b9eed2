#include <lariat/sched/thread/detail/fence.hpp>

#include <sys/syscall.h>
#include <unistd.h>

namespace lariat::detail::asymmetric {
namespace {

// linux/membarrier.h, Linux 4.14.
constexpr int private_expedited = 1 << 3;
constexpr int register_private_expedited = 1 << 4;

bool barrier(int command) noexcept { return ::syscall(SYS_membarrier, command, 0, 0) == 0; }

}  // namespace

const bool kernel_has_barrier = barrier(register_private_expedited);

void heavy_fence() noexcept {
  if (kernel_has_barrier) {
    (void)barrier(private_expedited);
  } else {
    full_fence();
  }
}

}  // namespace lariat::detail::asymmetric
