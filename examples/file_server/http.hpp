#pragma once

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The part of HTTP/1.1 that a server of files needs. Messages are parsed and formatted by
// Boost.Beast.

namespace file_server {

/// A request that is answered by an error status.
struct refusal {
  unsigned status;
};

/// What the server wants to know of a request for a file.
struct request {
  unsigned version = 11;
  bool head_only = false;
  bool keep_alive = true;
  std::string target;
  std::string range;
  std::string if_range;
  std::string if_modified_since;
};

/// Reads a message head, up to and including its empty line.
/// \throws refusal 400 if it is not HTTP; 405 if it is no GET or HEAD; 413 if a body follows; 505.
[[nodiscard]] request parse_request(std::string_view head);

/// The head of an answer. The date is added.
struct answer {
  unsigned status = 200;
  unsigned version = 11;
  bool keep_alive = true;
  std::uint64_t content_length = 0;

  struct field {
    std::string_view name;
    std::string value;
  };
  std::vector<field> fields = {};
};
[[nodiscard]] std::string format(const answer& what);

/// "Not Found", for the bodies of errors.
[[nodiscard]] std::string_view reason_of(unsigned status);

enum class range_kind { whole, part, unsatisfiable };

/// What a Range field asks for.
struct byte_range {
  range_kind kind = range_kind::whole;
  std::uint64_t first = 0;
  std::uint64_t length = 0;
};

/// Reads a Range field, for a file of `size` bytes. What is not one range of bytes is ignored, as
/// RFC 9110 allows: the whole file is the answer then.
[[nodiscard]] byte_range parse_range(std::string_view field, std::uint64_t size);

/// A time as "Sun, 06 Nov 1994 08:49:37 GMT", and back; nothing if it is not of that form.
[[nodiscard]] std::string format_date(std::time_t when);
[[nodiscard]] std::optional<std::time_t> parse_date(const std::string& text);

}  // namespace file_server
