#pragma once

#include <lariat/io/stream/buffer.hpp>
#include <lariat/io/stream/stream.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace lariat::io {

/// Collects small writes to a stream, and writes them in few operations.
///
/// What it holds is written when it is full and by `flush`; what was not flushed when it is
/// destroyed is dropped, for a destructor cannot wait. One task at a time; the stream outlives it.
template <stream_writer Stream>
class buffered_writer {
 public:
  /// \param capacity Of the buffer, in bytes; it is allocated with the first write.
  explicit buffered_writer(Stream& to, std::size_t capacity = 16 * 1024) noexcept
      : stream_(&to), capacity_(std::max<std::size_t>(capacity, 1)) {}

  [[nodiscard]] Stream& stream() const noexcept { return *stream_; }

  /// How many bytes have not been handed to the stream.
  [[nodiscard]] std::size_t buffered() const noexcept { return end_ - begin_; }

  /// Copies `from` into the buffer if there is room for all of it, and says whether there was.
  /// Never waits: for loops that write many small things.
  [[nodiscard]] bool try_write(std::span<const std::byte> from);
  [[nodiscard]] bool try_write(std::string_view from) { return try_write(bytes_of(from)); }

  /// Copies `from` into the buffer, which is flushed before if there is no room. What is as large
  /// as the buffer goes to the stream directly.
  ///
  /// \par Cancellation
  /// What was written before stays in the buffer. `from` is not in it, unless it is as large as the
  /// buffer: then some of it may have been written.
  [[nodiscard]] task<> write(std::span<const std::byte> from);
  [[nodiscard]] task<> write(std::string_view from) { return write(bytes_of(from)); }

  /// Hands everything to the stream.
  ///
  /// \par Cancellation
  /// The rest stays in the buffer: flushing again goes on where it ended.
  [[nodiscard]] task<> flush();

 private:
  Stream* stream_;
  std::size_t capacity_;
  std::unique_ptr<std::byte[]> memory_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

template <stream_writer Stream>
bool buffered_writer<Stream>::try_write(std::span<const std::byte> from) {
  if (from.size() > capacity_ - end_) return false;
  if (from.empty()) return true;
  if (memory_ == nullptr) memory_ = std::make_unique_for_overwrite<std::byte[]>(capacity_);
  std::memcpy(memory_.get() + end_, from.data(), from.size());
  end_ += from.size();
  return true;
}

template <stream_writer Stream>
task<> buffered_writer<Stream>::write(std::span<const std::byte> from) {
  if (try_write(from)) co_return;
  co_await flush();
  if (try_write(from)) co_return;
  co_await io::write_all(*stream_, from);
}

template <stream_writer Stream>
task<> buffered_writer<Stream>::flush() {
  // Not by one `write_all`: cancelled, it would not tell how much it wrote.
  while (begin_ < end_) {
    const std::span<const std::byte> rest(memory_.get() + begin_, end_ - begin_);
    const std::size_t count = co_await stream_->write_some(rest);
    begin_ += count;
  }
  begin_ = end_ = 0;
}

}  // namespace lariat::io
