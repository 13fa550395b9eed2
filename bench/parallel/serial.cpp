// The algorithms as plain loops, and std::sort.

#include "workload.hpp"

#include <numeric>

namespace {

class serial {
 public:
  explicit serial(unsigned) {}

  template <class Body>
  void for_each_index(std::size_t count, Body body) {
    for (std::size_t i = 0; i < count; ++i) body(i);
  }
  std::uint64_t sum(const std::vector<std::uint32_t>& numbers) {
    return std::accumulate(numbers.begin(), numbers.end(), std::uint64_t{0});
  }
  void sort(std::vector<int>& numbers) { std::sort(numbers.begin(), numbers.end()); }
};

}  // namespace

int main(int argc, char** argv) { return bench::measure_parallel<serial>(argc, argv, "serial"); }
