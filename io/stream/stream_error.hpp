#pragma once

#include <cstddef>
#include <string_view>
#include <system_error>

namespace lariat::io {

/// How a stream fails other than by an errno.
enum class stream_errc {
  end_of_stream = 1,  ///< The peer ended the stream before everything that was wanted had come.
  limit_exceeded,     ///< A delimiter did not come within the limit.
};

/// The category of `stream_errc`: "lariat.stream".
[[nodiscard]] const std::error_category& stream_category() noexcept;

/// Lets `error.code() == io::stream_errc::end_of_stream` work.
[[nodiscard]] std::error_code make_error_code(stream_errc code) noexcept;

/// The stream ended too early (asyncio's IncompleteReadError).
class end_of_stream : public std::system_error {
 public:
  /// \param object What ended: a peer, for the message.
  end_of_stream(std::size_t received, std::size_t expected, std::string_view object);

  /// The same where a delimiter was expected, not a number of bytes.
  explicit end_of_stream(std::size_t received);

  /// How many bytes came; they are in the reader's buffer.
  [[nodiscard]] std::size_t received() const noexcept { return received_; }

 private:
  std::size_t received_;
};

/// A write of everything failed after a part was written, with the errno of what failed.
class incomplete_write : public std::system_error {
 public:
  /// \param object What was written to, for the message.
  incomplete_write(std::error_code error, std::size_t written, std::size_t wanted,
                   std::string_view object);

  /// How many bytes are written: those in front.
  [[nodiscard]] std::size_t written() const noexcept { return written_; }

 private:
  std::size_t written_;
};

/// A line or record is longer than its limit (asyncio's LimitOverrunError). What was read stays in
/// the reader.
class limit_exceeded : public std::system_error {
 public:
  /// \param limit In bytes, for the message.
  explicit limit_exceeded(std::size_t limit);
};

}  // namespace lariat::io

template <>
struct std::is_error_code_enum<lariat::io::stream_errc> : std::true_type {};
