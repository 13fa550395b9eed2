#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

struct sockaddr;

namespace lariat::io {

/// An IPv4 or IPv6 address with a port: where a socket is bound, and whom it reaches.
///
/// A value of 28 bytes without a heap. It never looks up a name: `{"localhost", 80}` is refused.
class address {
 public:
  /// 0.0.0.0:0.
  address() noexcept;

  /// `host` is an IPv4 address in four decimal parts, or an IPv6 address, "fe80::1%eth0" with a
  /// scope (an interface's name or number); no brackets.
  /// \throws std::invalid_argument that says what is wrong with `host`.
  address(std::string_view host, std::uint16_t port);

  /// Reads "127.0.0.1:80" or "[::1]:80". Strict: no spaces, no leading zeros, no missing port.
  /// \throws std::invalid_argument that says what is wrong with `text`.
  [[nodiscard]] static address parse(std::string_view text);

  /// The same; nothing if `text` is no address.
  [[nodiscard]] static std::optional<address> try_parse(std::string_view text) noexcept;

  /// From 4 or 16 bytes in network order.
  /// \throws std::invalid_argument for any other number of bytes.
  [[nodiscard]] static address from_bytes(std::span<const std::byte> host, std::uint16_t port,
                                          std::uint32_t scope_id = 0);

  /// From what a system call filled in; nothing if it is not of AF_INET or AF_INET6.
  [[nodiscard]] static std::optional<address> from_sockaddr(const sockaddr* from,
                                                            std::size_t size) noexcept;

  /// Every interface of this machine, to bind to: 0.0.0.0 and [::].
  [[nodiscard]] static address any_v4(std::uint16_t port = 0) noexcept;
  [[nodiscard]] static address any_v6(std::uint16_t port = 0) noexcept;

  /// This machine, reached from itself only: 127.0.0.1 and [::1].
  [[nodiscard]] static address loopback_v4(std::uint16_t port = 0) noexcept;
  [[nodiscard]] static address loopback_v6(std::uint16_t port = 0) noexcept;

  /// Which of the two it is; an IPv4 address written as IPv6 is the latter.
  [[nodiscard]] bool is_v4() const noexcept;
  [[nodiscard]] bool is_v6() const noexcept { return !is_v4(); }

  /// Whether it is 0.0.0.0 or [::].
  [[nodiscard]] bool is_any() const noexcept;

  /// Whether it is in 127.0.0.0/8, is [::1], or is the IPv4 loopback as an IPv6 address.
  [[nodiscard]] bool is_loopback() const noexcept;
  [[nodiscard]] bool is_multicast() const noexcept;

  /// Whether it is [::ffff:a.b.c.d]: what an IPv6 socket sees of an IPv4 peer.
  [[nodiscard]] bool is_v4_mapped() const noexcept;

  /// 0 stands for a free port, where something is bound to it.
  [[nodiscard]] std::uint16_t port() const noexcept;

  /// The same host with another port.
  [[nodiscard]] address with_port(std::uint16_t port) const noexcept;

  /// The interface that a link-local IPv6 address belongs to; otherwise 0.
  [[nodiscard]] std::uint32_t scope_id() const noexcept;

  /// The host's 4 or 16 bytes, in network order; of this object.
  [[nodiscard]] std::span<const std::byte> host_bytes() const noexcept;

  /// The host alone: "127.0.0.1", "::1", "fe80::1%2".
  [[nodiscard]] std::string host() const;

  /// What `parse` reads: "127.0.0.1:80", "[::1]:80", "[fe80::1%2]:80".
  [[nodiscard]] std::string to_string() const;

  /// For system calls: a sockaddr_in or sockaddr_in6, of this object.
  [[nodiscard]] const sockaddr* data() const noexcept;
  [[nodiscard]] std::uint32_t size() const noexcept;

  friend bool operator==(const address& a, const address& b) noexcept;

  /// IPv4 before IPv6, then by host, port and scope.
  friend std::strong_ordering operator<=>(const address& a, const address& b) noexcept;

 private:
  // A sockaddr_in or a sockaddr_in6, as the kernel wants it, and zeros behind it; as bytes, so that
  // this header needs no <netinet/in.h>.
  alignas(std::uint32_t) std::array<std::byte, 28> bytes_{};
};

}  // namespace lariat::io

/// So that addresses can be keys of unordered containers.
template <>
struct std::hash<lariat::io::address> {
  std::size_t operator()(const lariat::io::address& key) const noexcept;
};
