// What io::address reads: the input is a text, and the bytes of a host.

#include "input.hpp"

#include <lariat/io/net/address.hpp>
#include <lariat/sched/text/detail/shown_name.hpp>

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

using lariat::io::address;

namespace {

// Nothing if `make` refuses, which is to be by a sentence about `text`.
template <class Make>
std::optional<address> made_by(Make make, std::string_view text) {
  try {
    return make();
  } catch (const std::invalid_argument& refusal) {
    const std::string_view what = refusal.what();
    const std::string begin = "address " + lariat::detail::quoted_name(text) + ": ";
    require(what.starts_with(begin), "a refusal says what was refused");
    require(what.size() > begin.size(), "a refusal says why");
  }
  return std::nullopt;
}

void check_round_trips(const address& value) {
  const std::string text = value.to_string();
  require(address::parse(text) == value, "what is printed is read as the same");
  require(address::parse(text).to_string() == text, "what is printed is printed alike again");
  require(address(value.host(), value.port()) == value, "host and port make the same address");
  require(address::from_bytes(value.host_bytes(), value.port(), value.scope_id()) == value,
          "the bytes make the same address");
  require(address::from_sockaddr(value.data(), value.size()) == value,
          "the socket address makes the same address");
  require(!address::from_sockaddr(value.data(), value.size() - 1), "a part of one makes none");
  const std::hash<address> hash;
  require(hash(address::parse(text)) == hash(value), "equal addresses have equal hashes");
  require((value <=> value) == std::strong_ordering::equal, "an address is equal to itself");
  const auto other_port = static_cast<std::uint16_t>(value.port() ^ 1);
  require(value.with_port(other_port) != value, "another port makes another address");
  require(value.with_port(other_port).with_port(value.port()) == value, "a port can be set back");
  require(value.is_v4() != value.is_v6(), "an address is of one family");
}

// The C library reads hosts of IPv4 as strictly.
void check_against_library(std::string_view host, const std::optional<address>& made) {
  if (host.find('\0') != host.npos || host.find(':') != host.npos) return;
  std::array<std::byte, 4> bytes{};
  const bool read = ::inet_pton(AF_INET, std::string(host).c_str(), bytes.data()) == 1;
  require(read == made.has_value(), "the C library takes the same hosts");
  if (read) require(std::ranges::equal(made->host_bytes(), bytes), "it reads the same bytes");
}

void check_text(std::string_view text) {
  const auto parsed = made_by([&] { return address::parse(text); }, text);
  require(address::try_parse(text) == parsed, "parse and try_parse agree");
  if (parsed) {
    check_round_trips(*parsed);
    require(text.find(' ') == text.npos, "spaces are refused");
    require(text.ends_with(':' + std::to_string(parsed->port())), "the port is the text's end");
  }
  const auto of_host = made_by([&] { return address(text, 80); }, text);
  if (of_host) check_round_trips(*of_host);
  check_against_library(text, of_host);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_text(text);
  input bytes(data, size);
  const auto port = static_cast<std::uint16_t>(bytes.byte() << 8 | bytes.byte());
  const auto scope = static_cast<std::uint32_t>(bytes.word());
  std::array<std::byte, 16> host;
  for (std::byte& each : host) each = std::byte{bytes.byte()};
  check_round_trips(address::from_bytes(host, port, scope));
  check_round_trips(address::from_bytes(std::span(host).first(4), port));
  return 0;
}
