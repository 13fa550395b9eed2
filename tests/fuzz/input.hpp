#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <source_location>
#include <span>

/// The bytes that a fuzzer made up, read as the choices of a scenario. Zeros behind the end.
class input {
 public:
  input(const std::uint8_t* data, std::size_t size) noexcept : rest_(data, size) {}

  [[nodiscard]] bool empty() const noexcept { return rest_.empty(); }

  [[nodiscard]] std::uint8_t byte() noexcept {
    if (rest_.empty()) return 0;
    const std::uint8_t first = rest_.front();
    rest_ = rest_.subspan(1);
    return first;
  }

  /// A number below `limit`, which is 256 at most and not 0.
  [[nodiscard]] std::size_t below(std::size_t limit) noexcept { return byte() % limit; }

  [[nodiscard]] std::uint64_t word() noexcept {
    std::uint64_t all = 0;
    for (int i = 0; i < 8; ++i) all = all << 8 | byte();
    return all;
  }

 private:
  std::span<const std::uint8_t> rest_;
};

/// Ends the program, as a find of the fuzzer, unless `holds`.
inline void require(bool holds, const char* sentence,
                    std::source_location where = std::source_location::current()) {
  if (holds) [[likely]]
    return;
  std::fprintf(stderr, "%s:%u: it does not hold that %s\n", where.file_name(),
               static_cast<unsigned>(where.line()), sentence);
  std::abort();
}
