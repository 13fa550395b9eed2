// The workloads on oneTBB's task_group. The last child is called, not forked: TBB's programs do so,
// and it is what costs least.

#include "workload.hpp"

#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

namespace {

using namespace bench;

std::uint64_t fib(int n) {
  if (n < 2) return static_cast<std::uint64_t>(n);
  std::uint64_t left;
  tbb::task_group forks;
  forks.run([&] { left = fib(n - 1); });
  const std::uint64_t right = fib(n - 2);
  forks.wait();
  return left + right;
}

std::uint64_t skynet(std::uint64_t first, std::uint64_t size) {
  if (size == 1) return first;
  const std::uint64_t part = size / 10;
  std::uint64_t sums[10];
  tbb::task_group forks;
  for (unsigned i = 0; i < 9; ++i) {
    forks.run([&sums, first, part, i] { sums[i] = skynet(first + i * part, part); });
  }
  sums[9] = skynet(first + 9 * part, part);
  forks.wait();
  std::uint64_t sum = 0;
  for (std::uint64_t each : sums) sum += each;
  return sum;
}

std::uint64_t nqueens(const queens& board) {
  if (board.complete()) return 1;
  if (board.places() == 0) return 0;
  std::uint64_t solutions[queens::columns_max];
  const unsigned last = board.places() - 1;
  tbb::task_group forks;
  for (unsigned i = 0; i < last; ++i) {
    forks.run([&solutions, &board, i] { solutions[i] = nqueens(queens(board, i)); });
  }
  solutions[last] = nqueens(queens(board, last));
  forks.wait();
  std::uint64_t sum = 0;
  for (unsigned i = 0; i <= last; ++i) sum += solutions[i];
  return sum;
}

void matmul(const block_product& block) {
  if (block.is_leaf()) return block.multiply();
  for (unsigned half = 0; half < 2; ++half) {
    tbb::task_group forks;
    for (unsigned quadrant = 0; quadrant < 3; ++quadrant) {
      forks.run([&block, half, quadrant] { matmul(block.part(half, quadrant)); });
    }
    matmul(block.part(half, 3));
    forks.wait();
  }
}

std::uint64_t count(const uts_tree& tree, const uts_tree::node& node) {
  const unsigned children = tree.children_of(node);
  if (children == 0) return 1;
  uts_counts counts(children);
  tbb::task_group forks;
  for (unsigned i = 0; i + 1 < children; ++i) {
    forks.run([&, i] { counts[i] = count(tree, tree.child(node, i)); });
  }
  counts[children - 1] = count(tree, tree.child(node, children - 1));
  forks.wait();
  return 1 + counts.sum();
}

class one_tbb {
 public:
  explicit one_tbb(unsigned workers)
      : limit_(tbb::global_control::max_allowed_parallelism, workers),
        arena_(static_cast<int>(workers)) {}

  std::uint64_t fib(int n) {
    return arena_.execute([&] { return ::fib(n); });
  }
  std::uint64_t skynet(std::uint64_t first, std::uint64_t size) {
    return arena_.execute([&] { return ::skynet(first, size); });
  }
  std::uint64_t nqueens(const queens& board) {
    return arena_.execute([&] { return ::nqueens(board); });
  }
  void matmul(const block_product& block) {
    arena_.execute([&] { ::matmul(block); });
  }
  std::uint64_t uts(const uts_tree& tree) {
    return arena_.execute([&] { return count(tree, tree.root()); });
  }

 private:
  tbb::global_control limit_;
  tbb::task_arena arena_;
};

}  // namespace

int main(int argc, char** argv) { return fork_join_workload<one_tbb>(argc, argv, "tbb").run(); }
