#pragma once

#include <cstdint>

namespace bench {

/// Queens in the first rows of a board, and in which columns of the next one another may stand.
class queens {
 public:
  static constexpr unsigned columns_max = 16;

  explicit queens(unsigned columns) : columns_(columns) { find_places(); }

  /// Those of `before` and another, at its i-th place.
  queens(const queens& before, unsigned i) : columns_(before.columns_), rows_(before.rows_ + 1) {
    for (unsigned row = 0; row < before.rows_; ++row) column_of_[row] = before.column_of_[row];
    column_of_[before.rows_] = before.places_[i];
    if (!complete()) find_places();
  }

  [[nodiscard]] bool complete() const { return rows_ == columns_; }

  /// How many columns of the next row are free.
  [[nodiscard]] unsigned places() const { return places_count_; }

 private:
  void find_places() {
    for (unsigned column = 0; column < columns_; ++column) {
      if (is_free(static_cast<int>(column))) {
        places_[places_count_++] = static_cast<std::int8_t>(column);
      }
    }
  }

  [[nodiscard]] bool is_free(int column) const {
    for (unsigned row = 0; row < rows_; ++row) {
      const int down = static_cast<int>(rows_ - row);
      const int aside = column - column_of_[row];
      if (aside == 0 || aside == down || aside == -down) return false;
    }
    return true;
  }

  unsigned columns_;
  unsigned rows_ = 0;
  unsigned places_count_ = 0;
  std::int8_t column_of_[columns_max];  // By row.
  std::int8_t places_[columns_max];
};

}  // namespace bench
