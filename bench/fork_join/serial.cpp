// The workloads as plain recursion: what they cost without any fork.

#include "workload.hpp"

namespace {

using namespace bench;

std::uint64_t count(const uts_tree& tree, const uts_tree::node& node) {
  std::uint64_t nodes = 1;
  const unsigned children = tree.children_of(node);
  for (unsigned i = 0; i < children; ++i) nodes += count(tree, tree.child(node, i));
  return nodes;
}

class serial {
 public:
  explicit serial(unsigned) {}

  std::uint64_t fib(int n) {
    if (n < 2) return static_cast<std::uint64_t>(n);
    return fib(n - 1) + fib(n - 2);
  }

  std::uint64_t skynet(std::uint64_t first, std::uint64_t size) {
    if (size == 1) return first;
    std::uint64_t sum = 0;
    for (unsigned i = 0; i < 10; ++i) sum += skynet(first + i * (size / 10), size / 10);
    return sum;
  }

  std::uint64_t nqueens(const queens& board) {
    if (board.complete()) return 1;
    std::uint64_t solutions = 0;
    for (unsigned i = 0; i < board.places(); ++i) solutions += nqueens(queens(board, i));
    return solutions;
  }

  void matmul(const block_product& block) {
    if (block.is_leaf()) return block.multiply();
    for (unsigned half = 0; half < 2; ++half) {
      for (unsigned quadrant = 0; quadrant < 4; ++quadrant) matmul(block.part(half, quadrant));
    }
  }

  std::uint64_t uts(const uts_tree& tree) { return count(tree, tree.root()); }
};

}  // namespace

int main(int argc, char** argv) { return fork_join_workload<serial>(argc, argv, "serial").run(); }
