#pragma once

#include "sha1.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace bench {

/// A tree whose shape nobody knows beforehand: what becomes of a node follows from a hash of its
/// parent's. Unbalanced Tree Search (Olivier et al., 2006) with that paper's generator, so that
/// the numbers of nodes are those of its sample trees.
class uts_tree {
 public:
  struct node {
    sha1_digest state;
    unsigned depth;
  };

  /// No node but a root has more children.
  static constexpr unsigned children_max = 100;

  /// Geometric, of fixed shape: `branching` children on average, down to `depth_max`.
  static uts_tree geometric(std::uint32_t seed, double branching, unsigned depth_max) {
    uts_tree made;
    made.seed_ = seed;
    made.depth_max_ = depth_max;
    made.log_of_miss_ = std::log(1 - 1 / (1 + branching));
    return made;
  }

  /// Binomial: the root has `root_children`, any other node `children` with probability `q`.
  static uts_tree binomial(std::uint32_t seed, unsigned root_children, double q,
                           unsigned children) {
    uts_tree made;
    made.seed_ = seed;
    made.root_children_ = root_children;
    made.q_ = q;
    made.children_ = children;
    return made;
  }

  [[nodiscard]] node root() const {
    const std::uint32_t words[5] = {0, 0, 0, 0, seed_};
    return {sha1_of_words(words, 5), 0};
  }

  [[nodiscard]] node child(const node& parent, unsigned index) const {
    std::uint32_t words[6];
    std::copy(parent.state.begin(), parent.state.end(), words);
    words[5] = index;
    return {sha1_of_words(words, 6), parent.depth + 1};
  }

  [[nodiscard]] unsigned children_of(const node& parent) const {
    const double draw = (parent.state[4] & 0x7fffffff) / 2147483648.0;
    if (root_children_ != 0) {
      if (parent.depth == 0) return root_children_;
      return draw < q_ ? children_ : 0;
    }
    if (parent.depth >= depth_max_) return 0;
    return std::min(static_cast<unsigned>(std::log(1 - draw) / log_of_miss_), children_max);
  }

 private:
  uts_tree() = default;

  std::uint32_t seed_ = 0;
  unsigned depth_max_ = 0;
  double log_of_miss_ = 0;
  unsigned root_children_ = 0;  // 0: geometric.
  double q_ = 0;
  unsigned children_ = 0;
};

/// Where the children of a node put their counts: on the stack, but for a root with thousands.
class uts_counts {
 public:
  explicit uts_counts(unsigned count)
      : many_(count > uts_tree::children_max ? count : 0),
        first_(many_.empty() ? few_ : many_.data()),
        count_(count) {}

  std::uint64_t& operator[](unsigned index) { return first_[index]; }

  [[nodiscard]] std::uint64_t sum() const {
    std::uint64_t sum = 0;
    for (unsigned i = 0; i < count_; ++i) sum += first_[i];
    return sum;
  }

 private:
  std::uint64_t few_[uts_tree::children_max];  // Only what is used is touched.
  std::vector<std::uint64_t> many_;
  std::uint64_t* first_;
  unsigned count_;
};

}  // namespace bench
