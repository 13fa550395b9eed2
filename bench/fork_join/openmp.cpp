// The workloads as OpenMP tasks, with the compiler's own run-time library: libgomp or libomp.

#include "workload.hpp"

namespace {

using namespace bench;

std::uint64_t fib(int n) {
  if (n < 2) return static_cast<std::uint64_t>(n);
  std::uint64_t left;
#pragma omp task shared(left)
  left = fib(n - 1);
  const std::uint64_t right = fib(n - 2);
#pragma omp taskwait
  return left + right;
}

std::uint64_t skynet(std::uint64_t first, std::uint64_t size) {
  if (size == 1) return first;
  const std::uint64_t part = size / 10;
  std::uint64_t sums[10];
  for (unsigned i = 0; i < 9; ++i) {
#pragma omp task shared(sums) firstprivate(first, part, i)
    sums[i] = skynet(first + i * part, part);
  }
  sums[9] = skynet(first + 9 * part, part);
#pragma omp taskwait
  std::uint64_t sum = 0;
  for (std::uint64_t each : sums) sum += each;
  return sum;
}

std::uint64_t nqueens(const queens& board) {
  if (board.complete()) return 1;
  if (board.places() == 0) return 0;
  std::uint64_t solutions[queens::columns_max];
  const unsigned last = board.places() - 1;
  for (unsigned i = 0; i < last; ++i) {
#pragma omp task shared(solutions, board) firstprivate(i)
    solutions[i] = nqueens(queens(board, i));
  }
  solutions[last] = nqueens(queens(board, last));
#pragma omp taskwait
  std::uint64_t sum = 0;
  for (unsigned i = 0; i <= last; ++i) sum += solutions[i];
  return sum;
}

void matmul(const block_product& block) {
  if (block.is_leaf()) return block.multiply();
  for (unsigned half = 0; half < 2; ++half) {
    for (unsigned quadrant = 0; quadrant < 3; ++quadrant) {
#pragma omp task shared(block) firstprivate(half, quadrant)
      matmul(block.part(half, quadrant));
    }
    matmul(block.part(half, 3));
#pragma omp taskwait
  }
}

std::uint64_t count(const uts_tree& tree, const uts_tree::node& node) {
  const unsigned children = tree.children_of(node);
  if (children == 0) return 1;
  uts_counts counts(children);
  for (unsigned i = 0; i + 1 < children; ++i) {
#pragma omp task shared(tree, node, counts) firstprivate(i)
    counts[i] = count(tree, tree.child(node, i));
  }
  counts[children - 1] = count(tree, tree.child(node, children - 1));
#pragma omp taskwait
  return 1 + counts.sum();
}

class openmp {
 public:
  explicit openmp(unsigned workers) : workers_(workers) {}

  std::uint64_t fib(int n) {
    return on_team([&] { return ::fib(n); });
  }
  std::uint64_t skynet(std::uint64_t first, std::uint64_t size) {
    return on_team([&] { return ::skynet(first, size); });
  }
  std::uint64_t nqueens(const queens& board) {
    return on_team([&] { return ::nqueens(board); });
  }
  void matmul(const block_product& block) {
    on_team([&] {
      ::matmul(block);
      return 0;
    });
  }
  std::uint64_t uts(const uts_tree& tree) {
    return on_team([&] { return count(tree, tree.root()); });
  }

 private:
  template <class Function>
  std::uint64_t on_team(Function function) {
    std::uint64_t result = 0;
#pragma omp parallel num_threads(workers_)
#pragma omp single
    result = static_cast<std::uint64_t>(function());
    return result;
  }

  unsigned workers_;
};

}  // namespace

int main(int argc, char** argv) { return fork_join_workload<openmp>(argc, argv, "openmp").run(); }
