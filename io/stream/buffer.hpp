#pragma once

#include <concepts>
#include <cstddef>
#include <iterator>
#include <span>
#include <string_view>

namespace lariat::io {

namespace detail {

template <class Range, class Byte>
concept range_of = std::convertible_to<Range, std::span<Byte>>;

/// A range of bytes: an array, a vector or a span of std::byte, char or unsigned char.
template <class Range>
concept byte_range = range_of<Range, const std::byte> || range_of<Range, const char> ||
                     range_of<Range, const unsigned char>;

template <class Range>
concept writable_byte_range =
    range_of<Range, std::byte> || range_of<Range, char> || range_of<Range, unsigned char>;

}  // namespace detail

/// A piece of memory to write from: a text, or any range of bytes. It borrows.
struct const_buffer {
  const void* data = nullptr;
  std::size_t size = 0;

  const_buffer() noexcept = default;
  /// A text; one without a length ends at its NUL.
  template <std::convertible_to<std::string_view> Text>
  const_buffer(const Text& text) noexcept {
    const std::string_view view = text;
    data = view.data();
    size = view.size();
  }
  /// Is it a text up to its NUL, or all of it? A std::string_view or a std::span says which.
  template <std::size_t size_of_array>
  const_buffer(char (&)[size_of_array]) = delete;
  template <detail::byte_range Range>
    requires(!std::convertible_to<const Range&, std::string_view>)
  const_buffer(const Range& bytes) noexcept : data(std::data(bytes)), size(std::size(bytes)) {}

  [[nodiscard]] std::span<const std::byte> bytes() const noexcept {
    return {static_cast<const std::byte*>(data), size};
  }
};

/// A piece of memory to read into: any range of bytes. It borrows.
struct mutable_buffer {
  void* data = nullptr;
  std::size_t size = 0;

  mutable_buffer() noexcept = default;
  template <detail::writable_byte_range Range>
  mutable_buffer(Range&& bytes) noexcept : data(std::data(bytes)), size(std::size(bytes)) {}
};

/// The bytes of a text, to be written: `co_await stream.write_all(io::bytes_of("hello\n"))`.
[[nodiscard]] inline std::span<const std::byte> bytes_of(std::string_view text) noexcept {
  return std::as_bytes(std::span(text));
}

/// Bytes that were read, as a text.
[[nodiscard]] inline std::string_view text_of(std::span<const std::byte> bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace lariat::io
