// The algorithms of oneTBB, with the partitioners that they have by default.

#include "workload.hpp"

#include <tbb/blocked_range.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_reduce.h>
#include <tbb/parallel_sort.h>
#include <tbb/task_arena.h>

namespace {

class one_tbb {
 public:
  explicit one_tbb(unsigned workers)
      : limit_(tbb::global_control::max_allowed_parallelism, workers),
        arena_(static_cast<int>(workers)) {}

  template <class Body>
  void for_each_index(std::size_t count, Body body) {
    arena_.execute([&] { tbb::parallel_for(std::size_t{0}, count, body); });
  }
  std::uint64_t sum(const std::vector<std::uint32_t>& numbers) {
    using range = tbb::blocked_range<const std::uint32_t*>;
    const auto sum_of = [](const range& part, std::uint64_t sum) {
      for (std::uint32_t each : part) sum += each;
      return sum;
    };
    const range all(numbers.data(), numbers.data() + numbers.size());
    return arena_.execute(
        [&] { return tbb::parallel_reduce(all, std::uint64_t{0}, sum_of, std::plus<>()); });
  }
  void sort(std::vector<int>& numbers) {
    arena_.execute([&] { tbb::parallel_sort(numbers.begin(), numbers.end()); });
  }

 private:
  tbb::global_control limit_;
  tbb::task_arena arena_;
};

}  // namespace

int main(int argc, char** argv) { return bench::measure_parallel<one_tbb>(argc, argv, "tbb"); }
