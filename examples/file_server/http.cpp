#include "http.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/serializer.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace file_server {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;

// All of `text` as a number.
std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || text.empty()) return std::nullopt;
  return value;
}

std::string field(const http::fields& fields, http::field name) {
  return std::string(fields[name]);
}

}  // namespace

request parse_request(std::string_view head) {
  http::request_parser<http::empty_body> parser;
  error_code error;
  parser.header_limit(static_cast<std::uint32_t>(head.size()));
  parser.put(boost::asio::buffer(head.data(), head.size()), error);
  if (error == http::error::bad_version) throw refusal{505};
  if (error || !parser.is_header_done()) throw refusal{400};
  const auto& message = parser.get();
  const std::size_t hosts = message.count(http::field::host);
  if (hosts > 1 || (hosts == 0 && message.version() >= 11)) throw refusal{400};
  if (message.method() != http::verb::get && message.method() != http::verb::head) {
    throw refusal{405};
  }
  if (parser.chunked() || parser.content_length().value_or(0) > 0) throw refusal{413};
  request parsed;
  parsed.version = message.version();
  parsed.head_only = message.method() == http::verb::head;
  parsed.keep_alive = message.keep_alive();
  parsed.target = std::string(message.target());
  parsed.range = field(message, http::field::range);
  parsed.if_range = field(message, http::field::if_range);
  parsed.if_modified_since = field(message, http::field::if_modified_since);
  return parsed;
}

std::string format(const answer& what) {
  http::response<http::empty_body> message(static_cast<http::status>(what.status), what.version);
  message.set(http::field::date, format_date(std::time(nullptr)));
  for (const answer::field& each : what.fields) {
    message.set(boost::beast::string_view(each.name.data(), each.name.size()), each.value);
  }
  if (what.status != 304) message.content_length(what.content_length);
  message.keep_alive(what.keep_alive);
  http::response_serializer<http::empty_body> serializer(message);
  std::string text;
  error_code error;
  serializer.next(error, [&](error_code&, const auto& buffers) {
    for (const auto piece : boost::beast::buffers_range_ref(buffers)) {
      text.append(static_cast<const char*>(piece.data()), piece.size());
    }
  });
  return text;
}

std::string_view reason_of(unsigned status) {
  const auto reason = http::obsolete_reason(static_cast<http::status>(status));
  return {reason.data(), reason.size()};
}

byte_range parse_range(std::string_view field, std::uint64_t size) {
  using enum range_kind;
  constexpr std::string_view unit = "bytes=";
  if (!field.starts_with(unit)) return {};
  field.remove_prefix(unit.size());
  const std::size_t dash = field.find('-');
  if (dash == field.npos) return {};
  const std::optional<std::uint64_t> first = number(field.substr(0, dash));
  const std::optional<std::uint64_t> last = number(field.substr(dash + 1));
  if (!first) {  // "-N": the last N bytes.
    if (dash != 0 || !last) return {};
    if (*last == 0 || size == 0) return {unsatisfiable};
    const std::uint64_t length = std::min(*last, size);
    return {part, size - length, length};
  }
  if (!last && dash + 1 != field.size()) return {};
  if (last && *last < *first) return {};
  if (*first >= size) return {unsatisfiable};
  return {part, *first, std::min(last.value_or(size), size - 1) - *first + 1};
}

std::string format_date(std::time_t when) {
  std::tm parts;
  gmtime_r(&when, &parts);
  std::array<char, 64> text;
  const std::size_t size =
      std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return std::string(text.data(), size);
}

std::optional<std::time_t> parse_date(const std::string& text) {
  std::tm parts = {};
  const char* end = strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return timegm(&parts);
}

}  // namespace file_server
