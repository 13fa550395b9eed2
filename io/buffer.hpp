#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace lariat::io {

/// A piece of memory to write from: one of several, for the vectored operations. It borrows.
struct const_buffer {
  const void* data = nullptr;
  std::size_t size = 0;

  const_buffer() noexcept = default;
  const_buffer(std::span<const std::byte> bytes) noexcept
      : data(bytes.data()), size(bytes.size()) {}
  const_buffer(std::string_view text) noexcept : data(text.data()), size(text.size()) {}
};

/// A piece of memory to read into. It borrows.
struct mutable_buffer {
  void* data = nullptr;
  std::size_t size = 0;

  mutable_buffer() noexcept = default;
  mutable_buffer(std::span<std::byte> bytes) noexcept : data(bytes.data()), size(bytes.size()) {}
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
