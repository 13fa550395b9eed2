#include <lariat/io/testing/detail/buffer_watch.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

namespace lariat::io::testing {
namespace {

constexpr std::size_t buffers_max = 4;
constexpr std::size_t bytes_max = 512;  // Of each: enough to notice, and quick.

}  // namespace

void buffer_watch::begin(std::span<const iovec> buffers) noexcept {
  buffers_ = buffers.first(std::min(buffers.size(), buffers_max));
  touched_ = false;
}

void buffer_watch::watch(std::span<const iovec> buffers) noexcept {
  begin(buffers);
  sum_ = sum();
}

void buffer_watch::scribble(std::span<const iovec> buffers, random_source& random) noexcept {
  begin(buffers);
  const auto garbage = static_cast<int>(0x80 | random.below(0x80));  // No text.
  for (const iovec& each : buffers_) {
    if (each.iov_len != 0) std::memset(each.iov_base, garbage, std::min(each.iov_len, bytes_max));
  }
  sum_ = sum();
}

bool buffer_watch::intact() noexcept {
  look();
  buffers_ = {};
  return !std::exchange(touched_, false);
}

// FNV-1a, a word at a time.
std::uint64_t buffer_watch::sum() const noexcept {
  std::uint64_t hash = 0xcbf29ce484222325;
  const auto add = [&hash](std::uint64_t word) {
    hash = (hash ^ word) * 0x100000001b3;
    hash ^= hash >> 29;
  };
  for (const iovec& each : buffers_) {
    const auto* bytes = static_cast<const unsigned char*>(each.iov_base);
    std::size_t left = std::min(each.iov_len, bytes_max);
    for (; left >= sizeof(std::uint64_t); left -= sizeof(std::uint64_t)) {
      std::uint64_t word;
      std::memcpy(&word, bytes, sizeof word);
      add(word);
      bytes += sizeof word;
    }
    for (; left > 0; --left) add(*bytes++);
  }
  return hash;
}

}  // namespace lariat::io::testing
