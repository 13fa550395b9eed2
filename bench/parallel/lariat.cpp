// The algorithms on lariat's pool.

#include "workload.hpp"

#include <lariat/sched/parallel/parallel_for.hpp>
#include <lariat/sched/parallel/parallel_reduce.hpp>
#include <lariat/sched/parallel/parallel_sort.hpp>

namespace {

class lariat_pool {
 public:
  explicit lariat_pool(unsigned workers) : pool_({.workers = workers}) {}

  template <class Body>
  void for_each_index(std::size_t count, Body body) {
    lariat::parallel_for(std::size_t{0}, count, body, here_).get();
  }
  std::uint64_t sum(const std::vector<std::uint32_t>& numbers) {
    return lariat::parallel_reduce(numbers, std::uint64_t{0}, std::plus<>(), widen, here_).get();
  }
  void sort(std::vector<int>& numbers) {
    lariat::parallel_sort(numbers, std::less<>(), here_).get();
  }

 private:
  static constexpr auto widen = [](std::uint32_t number) { return std::uint64_t{number}; };

  lariat::pool pool_;
  lariat::parallel_options here_{.where = &pool_};
};

}  // namespace

int main(int argc, char** argv) {
  return bench::measure_parallel<lariat_pool>(argc, argv, "lariat");
}
