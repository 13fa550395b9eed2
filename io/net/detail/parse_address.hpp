#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lariat::io::detail {

/// An address that was read from a text.
struct parsed_address {
  std::array<std::byte, 16> host{};  ///< In network order.
  std::size_t host_size = 4;         ///< 4 or 16.
  std::uint32_t scope_id = 0;
  std::uint32_t port = 0;
};

/// Reads a host without a port: "127.0.0.1", "::1", "fe80::1%eth0". Gives null if it went well,
/// otherwise what is wrong with the text, in static storage.
[[nodiscard]] const char* parse_host(std::string_view text, parsed_address& into) noexcept;

/// The same for "127.0.0.1:80" and "[::1]:80".
[[nodiscard]] const char* parse_address(std::string_view text, parsed_address& into) noexcept;

}  // namespace lariat::io::detail
