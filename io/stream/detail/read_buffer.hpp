#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace lariat::io::detail {

/// The memory of a buffered_reader: bytes that were read and not been taken, in one piece. Has
/// none of it before the first byte, and grows when a record needs it.
class read_buffer {
 public:
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept {
    return {memory_.get() + begin_, end_ - begin_};
  }
  [[nodiscard]] std::size_t size() const noexcept { return end_ - begin_; }

  /// Room behind the bytes, for at least one more and if possible so many that they are `wanted`.
  [[nodiscard]] std::span<std::byte> room(std::size_t wanted);

  /// So many bytes of the room were filled.
  void commit(std::size_t count) noexcept { end_ += count; }

  /// Takes the first bytes out. They stay where they are until `room` is asked for.
  void consume(std::size_t count) noexcept;

  /// The size of the record that ends with `delimiter`, or `npos`. `searched` is how many bytes
  /// were searched before, and is brought up to date.
  [[nodiscard]] std::size_t find(std::string_view delimiter, std::size_t& searched) const noexcept;

  /// Copies as much as there is and fits, and takes it out.
  std::size_t take(std::span<std::byte> into) noexcept;

  static constexpr std::size_t npos = std::string_view::npos;

 private:
  std::unique_ptr<std::byte[]> memory_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace lariat::io::detail
