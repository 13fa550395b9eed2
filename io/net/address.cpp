#include <lariat/io/net/address.hpp>

#include <lariat/io/net/detail/parse_address.hpp>
#include <lariat/sched/text/detail/shown_name.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <stdexcept>

namespace lariat::io {
namespace {

using v4_socket = sockaddr_in;
using v6_socket = sockaddr_in6;
static_assert(sizeof(v4_socket) == 16 && sizeof(v6_socket) == 28);
// Where both keep their family and their port.
static_assert(offsetof(v4_socket, sin_family) == offsetof(v6_socket, sin6_family));
static_assert(offsetof(v4_socket, sin_port) == offsetof(v6_socket, sin6_port));

constexpr std::size_t v4_host_at = offsetof(v4_socket, sin_addr);
constexpr std::size_t v6_host_at = offsetof(v6_socket, sin6_addr);

constexpr std::array<std::byte, 12> v4_mapped_prefix{
    {{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, std::byte{0xff}, std::byte{0xff}}};

[[noreturn]] void refuse(std::string_view text, const char* why) {
  throw std::invalid_argument("address " + lariat::detail::quoted_name(text) + ": " + why);
}

address made_of(const detail::parsed_address& read) {
  return address::from_bytes(std::span(read.host).first(read.host_size),
                             static_cast<std::uint16_t>(read.port), read.scope_id);
}

}  // namespace

address::address() noexcept {
  const sa_family_t family = AF_INET;
  std::memcpy(bytes_.data(), &family, sizeof family);
}

address::address(std::string_view host, std::uint16_t port) {
  detail::parsed_address read;
  const char* const wrong = detail::parse_host(host, read);
  if (wrong != nullptr) refuse(host, wrong);
  read.port = port;
  *this = made_of(read);
}

address address::parse(std::string_view text) {
  detail::parsed_address read;
  const char* const wrong = detail::parse_address(text, read);
  if (wrong != nullptr) refuse(text, wrong);
  return made_of(read);
}

std::optional<address> address::try_parse(std::string_view text) noexcept {
  detail::parsed_address read;
  if (detail::parse_address(text, read) != nullptr) return std::nullopt;
  return made_of(read);
}

address address::from_bytes(std::span<const std::byte> host, std::uint16_t port,
                            std::uint32_t scope_id) {
  address made;
  if (host.size() == 4) {
    v4_socket v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, host.data(), 4);
    std::memcpy(made.bytes_.data(), &v4, sizeof v4);
  } else if (host.size() == 16) {
    v6_socket v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    v6.sin6_scope_id = scope_id;
    std::memcpy(&v6.sin6_addr, host.data(), 16);
    std::memcpy(made.bytes_.data(), &v6, sizeof v6);
  } else {
    throw std::invalid_argument("address: a host has 4 or 16 bytes, not " +
                                std::to_string(host.size()));
  }
  return made;
}

std::optional<address> address::from_sockaddr(const sockaddr* from, std::size_t size) noexcept {
  sa_family_t family = AF_UNSPEC;
  if (from == nullptr || size < sizeof family) return std::nullopt;
  std::memcpy(&family, from, sizeof family);
  const auto* bytes = reinterpret_cast<const std::byte*>(from);
  address made;
  if (family == AF_INET && size >= sizeof(v4_socket)) {
    // Without the padding, which is compared like the rest.
    std::copy_n(bytes, v4_host_at + 4, made.bytes_.begin());
  } else if (family == AF_INET6 && size >= sizeof(v6_socket)) {
    std::copy_n(bytes, sizeof(v6_socket), made.bytes_.begin());
    std::fill_n(made.bytes_.begin() + offsetof(v6_socket, sin6_flowinfo), 4, std::byte{});
  } else {
    return std::nullopt;
  }
  return made;
}

address address::any_v4(std::uint16_t port) noexcept {
  return from_bytes(std::array<std::byte, 4>{}, port);
}

address address::any_v6(std::uint16_t port) noexcept {
  return from_bytes(std::array<std::byte, 16>{}, port);
}

address address::loopback_v4(std::uint16_t port) noexcept {
  return from_bytes(std::array{std::byte{127}, std::byte{}, std::byte{}, std::byte{1}}, port);
}

address address::loopback_v6(std::uint16_t port) noexcept {
  std::array<std::byte, 16> host{};
  host.back() = std::byte{1};
  return from_bytes(host, port);
}

bool address::is_v4() const noexcept {
  sa_family_t family = AF_UNSPEC;
  std::memcpy(&family, bytes_.data(), sizeof family);
  return family == AF_INET;
}

bool address::is_any() const noexcept {
  return std::ranges::all_of(host_bytes(), [](std::byte b) { return b == std::byte{}; });
}

bool address::is_v4_mapped() const noexcept {
  return is_v6() && std::ranges::equal(host_bytes().first(12), v4_mapped_prefix);
}

bool address::is_loopback() const noexcept {
  const std::span<const std::byte> bytes = host_bytes();
  if (is_v4()) return bytes[0] == std::byte{127};
  if (is_v4_mapped()) return bytes[12] == std::byte{127};
  return std::ranges::equal(bytes, loopback_v6().host_bytes());
}

bool address::is_multicast() const noexcept {
  const auto first = std::to_integer<unsigned>(host_bytes()[0]);
  return is_v4() ? first >= 224 && first <= 239 : first == 0xff;
}

std::uint16_t address::port() const noexcept {
  in_port_t port = 0;
  std::memcpy(&port, bytes_.data() + offsetof(v4_socket, sin_port), sizeof port);
  return ntohs(port);
}

address address::with_port(std::uint16_t port) const noexcept {
  address changed = *this;
  const in_port_t wire = htons(port);
  std::memcpy(changed.bytes_.data() + offsetof(v4_socket, sin_port), &wire, sizeof wire);
  return changed;
}

std::uint32_t address::scope_id() const noexcept {
  if (is_v4()) return 0;
  std::uint32_t id = 0;
  std::memcpy(&id, bytes_.data() + offsetof(v6_socket, sin6_scope_id), sizeof id);
  return id;
}

std::span<const std::byte> address::host_bytes() const noexcept {
  const std::span all(bytes_);
  return is_v4() ? all.subspan(v4_host_at, 4) : all.subspan(v6_host_at, 16);
}

std::string address::host() const {
  char text[INET6_ADDRSTRLEN];
  ::inet_ntop(is_v4() ? AF_INET : AF_INET6, host_bytes().data(), text, sizeof text);
  std::string host = text;
  // The number, not the interface's name: it can be read back after the name has changed.
  if (scope_id() != 0) host += '%' + std::to_string(scope_id());
  return host;
}

std::string address::to_string() const {
  const std::string port_text = ':' + std::to_string(port());
  return is_v4() ? host() + port_text : '[' + host() + ']' + port_text;
}

const sockaddr* address::data() const noexcept {
  return reinterpret_cast<const sockaddr*>(bytes_.data());
}

std::uint32_t address::size() const noexcept {
  return is_v4() ? sizeof(v4_socket) : sizeof(v6_socket);
}

bool operator==(const address& a, const address& b) noexcept { return a.bytes_ == b.bytes_; }

std::strong_ordering operator<=>(const address& a, const address& b) noexcept {
  if (a.is_v4() != b.is_v4()) {
    return a.is_v4() ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  const std::span<const std::byte> left = a.host_bytes();
  const std::span<const std::byte> right = b.host_bytes();
  const int hosts = std::memcmp(left.data(), right.data(), left.size());
  if (hosts != 0) return hosts <=> 0;
  if (a.port() != b.port()) return a.port() <=> b.port();
  return a.scope_id() <=> b.scope_id();
}

}  // namespace lariat::io

std::size_t std::hash<lariat::io::address>::operator()(
    const lariat::io::address& key) const noexcept {
  const std::span<const std::byte> host = key.host_bytes();
  const std::string_view bytes(reinterpret_cast<const char*>(host.data()), host.size());
  const std::uint64_t rest = std::uint64_t{key.scope_id()} << 16 | key.port();
  // Multiplied by the golden ratio, so that neighbouring ports land far apart.
  return std::hash<std::string_view>()(bytes) ^ (rest * 0x9e3779b97f4a7c15u);
}
