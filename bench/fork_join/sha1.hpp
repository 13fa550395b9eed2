#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace bench {

using sha1_digest = std::array<std::uint32_t, 5>;

namespace detail {

struct sha1_round {
  static constexpr sha1_digest start = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};

  std::uint32_t words[16] = {};  // The block, then the latest sixteen of its schedule.
  std::uint32_t a = start[0];
  std::uint32_t b = start[1];
  std::uint32_t c = start[2];
  std::uint32_t d = start[3];
  std::uint32_t e = start[4];

  template <std::size_t i>
  [[gnu::always_inline]] void run() {
    if constexpr (i >= 16) {
      words[i % 16] = std::rotl(
          words[(i - 3) % 16] ^ words[(i - 8) % 16] ^ words[(i - 14) % 16] ^ words[i % 16], 1);
    }
    const std::uint32_t next = std::rotl(a, 5) + mixed<i / 20>() + e + words[i % 16];
    e = d;
    d = c;
    c = std::rotl(b, 30);
    b = a;
    a = next;
  }

 private:
  template <std::size_t stage>
  [[gnu::always_inline]] std::uint32_t mixed() const {
    if constexpr (stage == 0) return (d ^ (b & (c ^ d))) + 0x5a827999;
    if constexpr (stage == 1) return (b ^ c ^ d) + 0x6ed9eba1;
    if constexpr (stage == 2) return ((b & c) | (d & (b | c))) + 0x8f1bbcdc;
    if constexpr (stage == 3) return (b ^ c ^ d) + 0xca62c1d6;
  }
};

}  // namespace detail

/// SHA-1 of a message of `count` < 14 whole words, which fits one block with its padding. Plain
/// code: instructions for it would make what is measured beside it look expensive.
inline sha1_digest sha1_of_words(const std::uint32_t* words, unsigned count) {
  detail::sha1_round round;
  for (unsigned i = 0; i < count; ++i) round.words[i] = words[i];
  round.words[count] = 0x80000000;
  round.words[15] = 32 * count;
  // Unrolled: no compiler does that by itself, and the rounds' moves cost as much as the hash.
  [&]<std::size_t... i>(std::index_sequence<i...>) {
    (round.run<i>(), ...);
  }(std::make_index_sequence<80>());
  const sha1_digest start = detail::sha1_round::start;
  return {start[0] + round.a, start[1] + round.b, start[2] + round.c, start[3] + round.d,
          start[4] + round.e};
}

}  // namespace bench
