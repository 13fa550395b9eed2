#include <lariat/io/net/address.hpp>

#include "coroutine_test.hpp"

#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>
#include <unordered_set>
#include <vector>

using lariat::io::address;

namespace {

std::string complaint_of(std::string_view text) {
  try {
    (void)address::parse(text);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

std::string host_complaint_of(std::string_view host) {
  try {
    (void)address(host, 1);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

bool says(const std::string& text, const char* part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("an address is written as it is read", "[io][address]") {
  for (const char* text :
       {"0.0.0.0:0", "127.0.0.1:80", "255.255.255.255:65535", "[::]:0", "[::1]:80",
        "[2001:db8::8:800:200c:417a]:7000", "[::ffff:1.2.3.4]:5", "[fe80::1%4294967295]:80"}) {
    CHECK(address::parse(text).to_string() == text);
    const std::optional<address> read = address::try_parse(text);
    REQUIRE(read.has_value());
    CHECK(read->to_string() == text);
  }
}

TEST_CASE("an address can be put together from host and port", "[io][address]") {
  const address v4 = {"127.0.0.1", 7000};
  CHECK(v4.is_v4());
  CHECK(v4.port() == 7000);
  CHECK(v4.host() == "127.0.0.1");
  CHECK(v4 == address::parse("127.0.0.1:7000"));

  const address v6 = {"::1", 7000};
  CHECK(v6.is_v6());
  CHECK(v6.to_string() == "[::1]:7000");
  CHECK(v6.host() == "::1");

  CHECK(address() == address("0.0.0.0", 0));
}

TEST_CASE("an IPv4 host is four decimal numbers and nothing else", "[io][address]") {
  for (const char* host :
       {"",         "1",        "1.2.3",     "1.2.3.4.5",  "1.2.3.256",
        "1.2.3.-4", "1.2.3.+4", "01.2.3.4",  "1.2.3.010",  "0x7f.0.0.1",
        " 1.2.3.4", "1.2.3.4 ", "1.2.3.",    ".1.2.3",     "1..2.3",
        "1.2.3.4x", "1,2,3,4",  "localhost", "2130706433", "1.2.3.99999999999999999999"}) {
    CAPTURE(host);
    CHECK_THROWS_AS(address(host, 1), std::invalid_argument);
    CHECK_FALSE(address::try_parse(std::string(host) + ":1").has_value());
  }
}

TEST_CASE("an IPv6 host is eight groups, with one gap at most", "[io][address]") {
  for (const char* host :
       {"1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", ":::", "12345::", "g::", "::1 ", " ::1",
        "[::1]", "::1.2.3", "::1.2.3.04", "fe80::1%", "fe80::1%no-such-if0", "fe80::1%99999999999",
        "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd"}) {
    CAPTURE(host);
    CHECK_THROWS_AS(address(host, 1), std::invalid_argument);
    CHECK_FALSE(address::try_parse('[' + std::string(host) + "]:1").has_value());
  }
}

TEST_CASE("a port is a decimal number up to 65535", "[io][address]") {
  for (const char* port :
       {"", "65536", "-1", "+1", " 1", "1 ", "0x50", "080", "00", "http", "99999999999999999999"}) {
    CAPTURE(port);
    CHECK_FALSE(address::try_parse(std::string("127.0.0.1:") + port).has_value());
    CHECK_FALSE(address::try_parse(std::string("[::1]:") + port).has_value());
  }
}

TEST_CASE("a character behind the end of the text is not read", "[io][address]") {
  const std::string_view text = "127.0.0.1:8012345";
  CHECK(address::parse(text.substr(0, 12)).to_string() == "127.0.0.1:80");
  using namespace std::string_view_literals;
  CHECK_FALSE(address::try_parse("127.0.0.1:80\0"sv).has_value());
  CHECK_FALSE(address::try_parse("127.0.0.1\0:80"sv).has_value());
  CHECK_FALSE(address::try_parse("[::1\0]:80"sv).has_value());
  CHECK_FALSE(address::try_parse("[fe80::1%lo\0]:80"sv).has_value());
}

TEST_CASE("a refused address says what is wrong with it", "[io][address]") {
  CHECK(says(complaint_of("127.0.0.1"), "\"127.0.0.1\": the port is missing"));
  CHECK(says(complaint_of("127.0.0.1:"), "port is missing"));
  CHECK(says(complaint_of("127.0.0.1:70000"), "0 to 65535"));
  CHECK(says(complaint_of("127.0.0.256:1"), "0 to 255"));
  CHECK(says(complaint_of("127.0.0.01:1"), "leading zero"));
  CHECK(says(complaint_of("127.0.1:1"), "four parts"));
  CHECK(says(complaint_of("::1"), "[host]:port"));
  CHECK(says(complaint_of("[::1"), "not closed"));
  CHECK(says(complaint_of("[::1]"), "after ']' comes :port"));
  CHECK(says(complaint_of("[::1]80"), "after ']' comes :port"));
  CHECK(says(complaint_of("[127.0.0.1]:80"), "brackets are for IPv6"));
  CHECK(says(complaint_of("[::g]:80"), "not an IPv6 address"));
  CHECK(says(complaint_of("localhost:80"), "names are not looked up"));
  CHECK(says(complaint_of(":80"), "host is empty"));
  CHECK(says(host_complaint_of("[::1]"), "brackets"));
  CHECK(says(host_complaint_of("fe80::1%no-such-if0"), "no interface"));
}

TEST_CASE("the scope of a link-local address is an interface's name or number", "[io][address]") {
  CHECK(address("fe80::1%7", 1).scope_id() == 7);
  CHECK(address("fe80::1%7", 1).host() == "fe80::1%7");
  CHECK(address("fe80::1", 1).scope_id() == 0);
  CHECK(address("127.0.0.1", 1).scope_id() == 0);
  const unsigned loopback = ::if_nametoindex("lo");
  if (loopback != 0) CHECK(address("fe80::1%lo", 1).scope_id() == loopback);
  // if_nametoindex takes these for "lo".
  CHECK_FALSE(address::try_parse("[fe80::1%lo:]:80").has_value());
  CHECK_FALSE(address::try_parse("[fe80::1%lo: x]:80").has_value());
}

TEST_CASE("addresses are told apart by host, port and scope", "[io][address]") {
  const std::vector<address> ascending = {
      {"0.0.0.0", 0}, {"1.2.3.4", 80},  {"1.2.3.4", 443}, {"1.2.3.5", 1},
      {"9.0.0.0", 1}, {"10.0.0.0", 1},  {"::", 0},        {"::1", 0},
      {"::1", 1},     {"fe80::1%1", 1}, {"fe80::1%2", 1},
  };
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    for (std::size_t j = 0; j < ascending.size(); ++j) {
      CHECK((ascending[i] == ascending[j]) == (i == j));
      CHECK((ascending[i] < ascending[j]) == (i < j));
    }
  }
  const std::unordered_set<address> set(ascending.begin(), ascending.end());
  CHECK(set.size() == ascending.size());
  CHECK(set.contains(address("1.2.3.4", 443)));
  CHECK_FALSE(set.contains(address("1.2.3.4", 444)));
}

TEST_CASE("special addresses are recognised", "[io][address]") {
  CHECK(address::any_v4(5) == address("0.0.0.0", 5));
  CHECK(address::any_v6(5) == address("::", 5));
  CHECK(address::loopback_v4(5) == address("127.0.0.1", 5));
  CHECK(address::loopback_v6(5) == address("::1", 5));

  CHECK(address("0.0.0.0", 1).is_any());
  CHECK(address("::", 1).is_any());
  CHECK_FALSE(address("::1", 1).is_any());

  for (const char* host : {"127.0.0.1", "127.255.255.255", "::1", "::ffff:127.0.0.1"}) {
    CHECK(address(host, 1).is_loopback());
  }
  for (const char* host : {"128.0.0.1", "::", "::2", "::ffff:128.0.0.1", "0.0.0.0"}) {
    CHECK_FALSE(address(host, 1).is_loopback());
  }

  CHECK(address("224.0.0.1", 1).is_multicast());
  CHECK(address("239.255.255.255", 1).is_multicast());
  CHECK_FALSE(address("240.0.0.1", 1).is_multicast());
  CHECK(address("ff02::1", 1).is_multicast());
  CHECK_FALSE(address("fe80::1", 1).is_multicast());

  CHECK(address("::ffff:1.2.3.4", 1).is_v4_mapped());
  CHECK_FALSE(address("::1.2.3.4", 1).is_v4_mapped());
  CHECK_FALSE(address("1.2.3.4", 1).is_v4_mapped());
}

TEST_CASE("with_port changes the port alone", "[io][address]") {
  CHECK(address("1.2.3.4", 80).with_port(81) == address("1.2.3.4", 81));
  CHECK(address("fe80::1%3", 80).with_port(81) == address("fe80::1%3", 81));
}

TEST_CASE("an address survives the way through a sockaddr", "[io][address]") {
  for (const address& each :
       {address("1.2.3.4", 80), address("2001:db8::1", 443), address("fe80::1%3", 1)}) {
    CHECK(address::from_sockaddr(each.data(), each.size()) == each);
    CHECK(address::from_bytes(each.host_bytes(), each.port(), each.scope_id()) == each);
  }
  sockaddr_in v4{};
  std::memset(v4.sin_zero, 0xff, sizeof v4.sin_zero);
  v4.sin_family = AF_INET;
  v4.sin_port = htons(80);
  CHECK(address::from_sockaddr(reinterpret_cast<sockaddr*>(&v4), sizeof v4) ==
        address("0.0.0.0", 80));
  CHECK_FALSE(address::from_sockaddr(reinterpret_cast<sockaddr*>(&v4), 4).has_value());
  CHECK_FALSE(address::from_sockaddr(reinterpret_cast<sockaddr*>(&v4), 1).has_value());
  CHECK_FALSE(address::from_sockaddr(nullptr, 0).has_value());
  v4.sin_family = AF_UNSPEC;
  CHECK_FALSE(address::from_sockaddr(reinterpret_cast<sockaddr*>(&v4), sizeof v4).has_value());
  CHECK_THROWS_AS(address::from_bytes({}, 1), std::invalid_argument);
}
