#include <lariat/io/net/detail/parse_address.hpp>

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>

namespace lariat::io::detail {
namespace {

// Null if it went well, otherwise what is wrong with the text.
using complaint = const char*;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// Digits only, at most `max`, and no leading zero: other programs take 010 for eight.
bool read_number(std::string_view text, std::uint32_t max, std::uint32_t& number) noexcept {
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return false;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  return is_digit(text.front()) && read.ec == std::errc() && read.ptr == end && number <= max;
}

complaint read_v4(std::string_view host, std::byte* bytes) noexcept {
  for (int part = 0; part < 4; ++part) {
    const std::size_t dot = part < 3 ? host.find('.') : host.size();
    if (dot == host.npos) return "an IPv4 address has four parts";
    const std::string_view digits = host.substr(0, dot);
    std::uint32_t number = 0;
    if (!read_number(digits, 255, number)) {
      if (digits.size() > 1 && digits.front() == '0') return "a part has a leading zero";
      return "each part of an IPv4 address is a number from 0 to 255";
    }
    bytes[part] = static_cast<std::byte>(number);
    host.remove_prefix(std::min(dot + 1, host.size()));
  }
  return nullptr;
}

complaint read_scope(std::string_view scope, std::uint32_t& id) noexcept {
  if (scope.empty()) return "the scope after '%' is empty";
  if (std::all_of(scope.begin(), scope.end(), is_digit)) {
    return read_number(scope, UINT32_MAX, id) ? nullptr : "the scope after '%' is no number";
  }
  char name[IF_NAMESIZE] = {};
  // The kernel looks for the part before a colon, which is how aliases were once named.
  if (scope.size() < sizeof name && scope.find_first_of(std::string_view("\0:", 2)) == scope.npos) {
    scope.copy(name, scope.size());
    id = ::if_nametoindex(name);
  }
  return id != 0 ? nullptr : "the scope after '%' is no interface of this machine";
}

complaint read_v6(std::string_view host, std::byte* bytes, std::uint32_t& scope_id) noexcept {
  if (const std::size_t percent = host.find('%'); percent != host.npos) {
    if (complaint wrong = read_scope(host.substr(percent + 1), scope_id)) return wrong;
    host = host.substr(0, percent);
  }
  char text[INET6_ADDRSTRLEN] = {};
  if (host.size() >= sizeof text || host.find('\0') != host.npos) return "not an IPv6 address";
  host.copy(text, host.size());
  // It is strict already: no leading zeros in a dotted end, nothing after the address.
  return ::inet_pton(AF_INET6, text, bytes) == 1 ? nullptr : "not an IPv6 address";
}

complaint read_port(std::string_view text, parsed_address& into) noexcept {
  if (text.empty()) return "the port is missing";
  return read_number(text, 65535, into.port) ? nullptr : "the port is no number from 0 to 65535";
}

}  // namespace

const char* parse_host(std::string_view text, parsed_address& into) noexcept {
  if (text.empty()) return "the host is empty";
  if (text.front() == '[') return "brackets belong to the form with a port, [host]:port";
  if (text.find(':') != text.npos) {
    into.host_size = 16;
    return read_v6(text, into.host.data(), into.scope_id);
  }
  if (!is_digit(text.front())) return "not an address (names are not looked up here)";
  return read_v4(text, into.host.data());
}

const char* parse_address(std::string_view text, parsed_address& into) noexcept {
  if (text.starts_with('[')) {
    const std::size_t bracket = text.find(']');
    if (bracket == text.npos) return "the bracket is not closed";
    if (!text.substr(bracket + 1).starts_with(':')) return "after ']' comes :port";
    const std::string_view host = text.substr(1, bracket - 1);
    if (host.find(':') == host.npos) return "brackets are for IPv6 addresses";
    if (complaint wrong = parse_host(host, into)) return wrong;
    return read_port(text.substr(bracket + 2), into);
  }
  const std::size_t colon = text.rfind(':');
  if (colon == text.npos) return "the port is missing";
  if (text.find(':') != colon) return "an IPv6 address with a port is written [host]:port";
  if (complaint wrong = parse_host(text.substr(0, colon), into)) return wrong;
  return read_port(text.substr(colon + 1), into);
}

}  // namespace lariat::io::detail
