#include <lariat/sched/scope/detail/shared_walk.hpp>

#include <stdexcept>

namespace lariat::detail {

void require_concurrency(std::size_t limit) {
  if (limit == 0) throw std::invalid_argument("lariat: for_each_concurrent: the limit is zero");
}

std::size_t require_walkers(std::size_t limit) {
  constexpr std::size_t most = 1'000'000;
  if (limit <= most) return limit;
  throw std::length_error(
      "lariat: for_each_concurrent: a limit of more than 1000000 is for ranges whose length is "
      "known; here so many coroutines would begin at once");
}

}  // namespace lariat::detail
