// The loops by OpenMP. Of a sort it knows nothing: --algorithm sort ends with an error.

#include "workload.hpp"

namespace {

class openmp {
 public:
  explicit openmp(unsigned workers) : workers_(workers) {}

  template <class Body>
  void for_each_index(std::size_t count, Body body) {
#pragma omp parallel for num_threads(workers_)
    for (std::size_t i = 0; i < count; ++i) body(i);
  }
  std::uint64_t sum(const std::vector<std::uint32_t>& numbers) {
    std::uint64_t sum = 0;
#pragma omp parallel for num_threads(workers_) reduction(+ : sum)
    for (std::size_t i = 0; i < numbers.size(); ++i) sum += numbers[i];
    return sum;
  }
  void sort(std::vector<int>&) { bench::fail("sort", ENOSYS); }

 private:
  unsigned workers_;
};

}  // namespace

int main(int argc, char** argv) { return bench::measure_parallel<openmp>(argc, argv, "openmp"); }
