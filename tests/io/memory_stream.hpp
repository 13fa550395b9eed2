#pragma once

#include <lariat/io/stream/buffer.hpp>
#include <lariat/sched/task/task.hpp>
#include <lariat/sched/task/yield.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

/// A stream that gives out its pieces one read at a time, then ends, and that keeps what is
/// written to it. Counts the operations.
class memory_stream {
 public:
  explicit memory_stream(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}

  lariat::task<std::size_t> read_some(std::span<std::byte> into) {
    ++reads;
    co_await lariat::yield();
    if (next_ == pieces_.size() || into.empty()) co_return 0;
    std::string& piece = pieces_[next_];
    const std::size_t count = std::min(into.size(), piece.size());
    std::memcpy(into.data(), piece.data(), count);
    piece.erase(0, count);
    if (piece.empty()) ++next_;
    co_return count;
  }

  lariat::task<std::size_t> write_some(std::span<const std::byte> from) {
    ++writes;
    co_await lariat::yield();
    const std::size_t count = std::min(from.size(), write_max);
    written += lariat::io::text_of(from.first(count));
    co_return count;
  }

  std::string written;
  std::size_t write_max = std::numeric_limits<std::size_t>::max();
  int reads = 0;
  int writes = 0;

 private:
  std::vector<std::string> pieces_;
  std::size_t next_ = 0;
};
