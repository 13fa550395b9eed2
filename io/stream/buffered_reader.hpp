#pragma once

#include <lariat/io/stream/buffer.hpp>
#include <lariat/io/stream/detail/read_buffer.hpp>
#include <lariat/io/stream/stream.hpp>
#include <lariat/sched/task/generator.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace lariat::io {

/// Reads records, lines and exact numbers of bytes from a stream, in few operations: it reads
/// ahead.
///
/// Views that it gives lie in its buffer, and are good until the next call on it. The buffer comes
/// with the first read, and grows to the limit at most. Read from the stream through this only:
/// what was read ahead is here. One task at a time; the stream outlives it.
///
/// \par Cancellation
/// No byte is lost, by no function of this class but a `read_exact` of more than the limit: what
/// has come stays in the buffer, and the next call goes on with it.
template <stream_reader Stream>
class buffered_reader {
 public:
  /// The limit of a record unless told otherwise; that of asyncio.
  static constexpr std::size_t limit_default = 64 * 1024;

  /// \param limit Of records and of the buffer, in bytes.
  explicit buffered_reader(Stream& from, std::size_t limit = limit_default) noexcept
      : stream_(&from), limit_(std::max<std::size_t>(limit, 1)) {}

  [[nodiscard]] Stream& stream() const noexcept { return *stream_; }

  /// What was read ahead.
  [[nodiscard]] std::span<const std::byte> buffered() const noexcept { return buffer_.bytes(); }

  /// Takes bytes out of what was read ahead. \pre There are as many.
  void consume(std::size_t count) noexcept { buffer_.consume(count); }

  /// Reads what there is, as the stream's own `read_some`, but from the buffer first.
  ///
  /// \par Cancellation
  /// No byte is lost.
  [[nodiscard]] task<std::size_t> read_some(std::span<std::byte> into);

  /// Fills `into`.
  /// \throws end_of_stream if the stream ends before; what came can still be read.
  ///
  /// \par Cancellation
  /// No byte is lost, unless `into` is larger than the limit.
  [[nodiscard]] task<> read_exact(std::span<std::byte> into);

  /// The next bytes, which stay in the buffer: at least `count` of them, fewer at the end of the
  /// stream.
  /// \throws limit_exceeded if `count` is more than the limit.
  ///
  /// \par Cancellation
  /// No byte is lost.
  [[nodiscard]] task<std::span<const std::byte>> peek(std::size_t count = 1);

  /// The next bytes up to the delimiter, which is included.
  ///
  /// \param delimiter Not empty; must stay alive.
  /// \throws end_of_stream if the stream ends before it; what came can still be read.
  /// \throws limit_exceeded if it does not come within `limit` bytes, which can still be read.
  ///
  /// \par Cancellation
  /// No byte is lost.
  [[nodiscard]] task<std::string_view> read_until(std::string_view delimiter, std::size_t limit);
  [[nodiscard]] task<std::string_view> read_until(std::string_view delimiter) {
    return read_until(delimiter, limit_);
  }

  /// The next line, without its "\n" or "\r\n"; nothing at the end of the stream. What comes before
  /// the end without a "\n" is a line too.
  /// \throws limit_exceeded if it is longer than the limit.
  ///
  /// \par Cancellation
  /// No byte is lost.
  [[nodiscard]] task<std::optional<std::string_view>> read_line();

 private:
  task<std::size_t> find(std::string_view delimiter, std::size_t limit);

  [[nodiscard]] std::string_view take(std::size_t size) noexcept {
    const std::string_view taken = text_of(buffer_.bytes().first(size));
    buffer_.consume(size);
    return taken;
  }

  Stream* stream_;
  std::size_t limit_;
  detail::read_buffer buffer_;
};

template <stream_reader Stream>
task<std::size_t> buffered_reader<Stream>::read_some(std::span<std::byte> into) {
  if (buffer_.size() == 0 && !into.empty()) {
    if (into.size() >= limit_) {
      const std::size_t count = co_await stream_->read_some(into);
      co_return count;
    }
    const std::size_t count = co_await stream_->read_some(buffer_.room(1));
    buffer_.commit(count);
  }
  co_return buffer_.take(into);
}

template <stream_reader Stream>
task<> buffered_reader<Stream>::read_exact(std::span<std::byte> into) {
  if (into.size() > limit_) {
    std::size_t done = buffer_.take(into);
    while (done < into.size()) {
      const std::size_t count = co_await stream_->read_some(into.subspan(done));
      if (count == 0) throw end_of_stream(done, into.size(), "stream");
      done += count;
    }
    co_return;
  }
  while (buffer_.size() < into.size()) {
    const std::size_t count = co_await stream_->read_some(buffer_.room(into.size()));
    if (count == 0) throw end_of_stream(buffer_.size(), into.size(), "stream");
    buffer_.commit(count);
  }
  buffer_.take(into);
}

template <stream_reader Stream>
task<std::span<const std::byte>> buffered_reader<Stream>::peek(std::size_t count) {
  if (count > limit_) throw limit_exceeded(limit_);
  while (buffer_.size() < count) {
    const std::size_t got = co_await stream_->read_some(buffer_.room(count));
    if (got == 0) break;
    buffer_.commit(got);
  }
  co_return buffer_.bytes();
}

// The size of the record with its delimiter, or npos if the stream ends before it.
template <stream_reader Stream>
task<std::size_t> buffered_reader<Stream>::find(std::string_view delimiter, std::size_t limit) {
  for (std::size_t searched = 0;;) {
    const std::size_t size = buffer_.find(delimiter, searched);
    if (size != buffer_.npos && size <= limit) co_return size;
    if (buffer_.size() >= limit) throw limit_exceeded(limit);
    const std::size_t count = co_await stream_->read_some(buffer_.room(1));
    if (count == 0) co_return buffer_.npos;
    buffer_.commit(count);
  }
}

template <stream_reader Stream>
task<std::string_view> buffered_reader<Stream>::read_until(std::string_view delimiter,
                                                           std::size_t limit) {
  const std::size_t size = co_await find(delimiter, limit);
  if (size == buffer_.npos) throw end_of_stream(buffer_.size());
  co_return take(size);
}

template <stream_reader Stream>
task<std::optional<std::string_view>> buffered_reader<Stream>::read_line() {
  const std::size_t size = co_await find("\n", limit_);
  if (size == buffer_.npos) {
    if (buffer_.size() == 0) co_return std::nullopt;
    co_return take(buffer_.size());
  }
  std::string_view line = take(size);
  line.remove_suffix(line.ends_with("\r\n") ? 2 : 1);
  co_return line;
}

/// The lines of a stream, one after the other. See buffered_reader::read_line, of which it has the
/// errors; each line is good until the next one is asked for. The reader outlives it.
///
/// \par Cancellation
/// No byte is lost: another `lines` goes on.
template <stream_reader Stream>
async_generator<std::string_view> lines(buffered_reader<Stream>& from) {
  for (;;) {
    const std::optional<std::string_view> line = co_await from.read_line();
    if (!line.has_value()) co_return;
    co_yield *line;
  }
}

}  // namespace lariat::io
