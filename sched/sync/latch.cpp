#include <lariat/sched/sync/latch.hpp>

#include <stdexcept>

namespace lariat {

void latch::throw_below_zero() {
  throw std::logic_error("lariat: latch::count_down: more than are left");
}

void latch::apply(std::uint64_t count) noexcept {
  if (count > left_) die_misused("latch::count_down, on another thread: more than are left.");
  count_here(count);
}

}  // namespace lariat
