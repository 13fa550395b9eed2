#pragma once

#include <lariat/io/net/tcp.hpp>
#include <lariat/sched/task/task.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

using bytes = std::vector<std::byte>;

/// Bytes whose order is seen: no piece of it can be missing, doubled or moved.
inline bytes pattern(std::size_t size) {
  bytes made(size);
  std::uint32_t state = 1;
  for (std::byte& each : made) {
    state = state * 1664525 + 1013904223;
    each = static_cast<std::byte>(state >> 24);
  }
  return made;
}

/// Everything up to the end of the stream.
inline lariat::task<bytes> read_to_end(lariat::io::tcp_stream& from) {
  bytes all;
  std::array<std::byte, 4096> piece;
  for (;;) {
    const std::size_t count = co_await from.read_some(piece);
    if (count == 0) co_return all;
    all.insert(all.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(count));
  }
}
