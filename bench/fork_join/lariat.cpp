// The workloads on lariat's fork_tasks.

#include "workload.hpp"

#include <lariat/sched/pool/fork_join.hpp>
#include <lariat/sched/pool/to_pool.hpp>

#include <cstddef>
#include <numeric>
#include <vector>

namespace {

using namespace bench;
using lariat::fork_join;
using lariat::fork_task;

fork_task<std::uint64_t> fib(int n) {
  if (n < 2) co_return static_cast<std::uint64_t>(n);
  auto [left, right] = co_await fork_join(fib(n - 1), fib(n - 2));
  co_return left + right;
}

fork_task<std::uint64_t> skynet(std::uint64_t first, std::uint64_t size) {
  if (size == 1) co_return first;
  const std::uint64_t part = size / 10;
  const std::uint64_t half = first + 5 * part;
  // fork_join gives at most six values.
  auto [a, b, c, d, e] = co_await fork_join(
      skynet(first, part), skynet(first + part, part), skynet(first + 2 * part, part),
      skynet(first + 3 * part, part), skynet(first + 4 * part, part));
  auto [f, g, h, i, j] = co_await fork_join(
      skynet(half, part), skynet(half + part, part), skynet(half + 2 * part, part),
      skynet(half + 3 * part, part), skynet(half + 4 * part, part));
  co_return a + b + c + d + e + f + g + h + i + j;
}

fork_task<> nqueens(const queens* before, unsigned place, std::uint64_t* solutions) {
  const queens board(*before, place);
  *solutions = board.complete() ? 1 : 0;
  if (board.places() == 0) co_return;
  std::uint64_t each[queens::columns_max];
  const auto child = [&board, &each](std::size_t i) {
    return nqueens(&board, static_cast<unsigned>(i), &each[i]);
  };
  co_await fork_join(board.places(), child);
  *solutions = std::accumulate(each, each + board.places(), std::uint64_t{0});
}

fork_task<std::uint64_t> nqueens_of(const queens* board) {
  std::uint64_t each[queens::columns_max];
  const auto child = [board, &each](std::size_t i) {
    return nqueens(board, static_cast<unsigned>(i), &each[i]);
  };
  co_await fork_join(board->places(), child);
  co_return std::accumulate(each, each + board->places(), std::uint64_t{0});
}

fork_task<> matmul(block_product block) {
  if (block.is_leaf()) {
    block.multiply();
    co_return;
  }
  for (unsigned half = 0; half < 2; ++half) {
    co_await fork_join(matmul(block.part(half, 0)), matmul(block.part(half, 1)),
                       matmul(block.part(half, 2)), matmul(block.part(half, 3)));
  }
}

fork_task<std::uint64_t> count(const uts_tree* tree, const uts_tree::node* parent,
                               std::size_t index) {
  const uts_tree::node node = tree->child(*parent, static_cast<unsigned>(index));
  const unsigned children = tree->children_of(node);
  if (children == 0) co_return 1;
  const auto child = [tree, &node](std::size_t i) { return count(tree, &node, i); };
  const std::vector<std::uint64_t> below = co_await fork_join(children, child);
  co_return std::accumulate(below.begin(), below.end(), std::uint64_t{1});
}

fork_task<std::uint64_t> count_all(const uts_tree* tree) {
  const uts_tree::node root = tree->root();
  const auto child = [tree, &root](std::size_t i) { return count(tree, &root, i); };
  const std::vector<std::uint64_t> below = co_await fork_join(tree->children_of(root), child);
  co_return std::accumulate(below.begin(), below.end(), std::uint64_t{1});
}

class lariat_pool {
 public:
  explicit lariat_pool(unsigned workers) : pool_({.workers = workers}) {}

  std::uint64_t fib(int n) { return to_pool(pool_, &::fib, n).get(); }
  std::uint64_t skynet(std::uint64_t first, std::uint64_t size) {
    return to_pool(pool_, &::skynet, first, size).get();
  }
  std::uint64_t nqueens(const queens& board) { return to_pool(pool_, &nqueens_of, &board).get(); }
  void matmul(const block_product& block) { to_pool(pool_, &::matmul, block).get(); }
  std::uint64_t uts(const uts_tree& tree) { return to_pool(pool_, &count_all, &tree).get(); }

 private:
  lariat::pool pool_;
};

}  // namespace

int main(int argc, char** argv) {
  return fork_join_workload<lariat_pool>(argc, argv, "lariat").run();
}
