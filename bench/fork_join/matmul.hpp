#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace bench {

/// A square block of three matrices: c = a * b, or c += a * b. Rows are `stride` floats apart.
struct block_product {
  static constexpr unsigned leaf_size = 32;

  const float* a;
  const float* b;
  float* c;
  unsigned size;
  unsigned stride;
  bool adds;

  [[nodiscard]] bool is_leaf() const { return size <= leaf_size; }

  /// One of the eight products of halves. The four of `half` 0 are independent of each other, and
  /// so are those of `half` 1, which add to what the first have left.
  [[nodiscard]] block_product part(unsigned half, unsigned quadrant) const {
    const unsigned middle = size / 2;
    const std::size_t down = std::size_t{middle} * stride;
    const std::size_t row = quadrant / 2 * down;
    const std::size_t column = quadrant % 2 * middle;
    return {a + row + half * middle, b + half * down + column, c + row + column, middle, stride,
            adds || half == 1};
  }

  void multiply() const {
    for (unsigned i = 0; i < size; ++i) {
      float sums[leaf_size];
      float* const out = c + std::size_t{i} * stride;
      for (unsigned j = 0; j < leaf_size; ++j) sums[j] = adds ? out[j] : 0;
      for (unsigned k = 0; k < size; ++k) {
        const float factor = a[std::size_t{i} * stride + k];
        const float* const row = b + std::size_t{k} * stride;
        for (unsigned j = 0; j < leaf_size; ++j) sums[j] += factor * row[j];
      }
      for (unsigned j = 0; j < leaf_size; ++j) out[j] = sums[j];
    }
  }
};

/// Matrices of small whole numbers, so that no sum is rounded and the result can be checked.
class matrices {
 public:
  /// `size` is a power of two, at least that of a leaf.
  explicit matrices(unsigned size) : size_(size), a_(count()), b_(count()), c_(count(), -1.0f) {
    for (std::size_t i = 0; i < count(); ++i) {
      a_[i] = static_cast<float>(i % 7);
      b_[i] = static_cast<float>(i % 5);
    }
  }

  [[nodiscard]] block_product product() {
    return {a_.data(), b_.data(), c_.data(), size_, size_, false};
  }

  /// The sum of all elements of c; its value, found another way, is `expected`.
  [[nodiscard]] std::uint64_t sum() const {
    std::uint64_t sum = 0;
    for (float each : c_) sum += static_cast<std::uint64_t>(each);
    return sum;
  }

  [[nodiscard]] std::uint64_t expected() const {
    std::uint64_t sum = 0;
    for (std::size_t k = 0; k < size_; ++k) {
      double column = 0;
      double row = 0;
      for (std::size_t i = 0; i < size_; ++i) {
        column += a_[i * size_ + k];
        row += b_[k * size_ + i];
      }
      sum += static_cast<std::uint64_t>(column * row);
    }
    return sum;
  }

 private:
  [[nodiscard]] std::size_t count() const { return std::size_t{size_} * size_; }

  unsigned size_;
  std::vector<float> a_;
  std::vector<float> b_;
  std::vector<float> c_;
};

}  // namespace bench
