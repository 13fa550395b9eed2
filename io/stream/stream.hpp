#pragma once

#include <lariat/io/stream/buffer.hpp>
#include <lariat/io/stream/stream_error.hpp>
#include <lariat/sched/coroutine/detail/awaiter.hpp>
#include <lariat/sched/task/task.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace lariat::io {

/// What bytes can be read from: `co_await s.read_some(into)` waits for at least one byte, reads
/// what there is and says how many; zero is the end.
template <class Stream>
concept stream_reader = requires(Stream& s, std::span<std::byte> into) {
  s.read_some(into);
  requires std::convertible_to<lariat::detail::await_result_t<decltype(s.read_some(into))>,
                               std::size_t>;
};

/// What bytes can be written to: `co_await s.write_some(from)` writes at least one byte and says
/// how many.
template <class Stream>
concept stream_writer = requires(Stream& s, std::span<const std::byte> from) {
  s.write_some(from);
  requires std::convertible_to<lariat::detail::await_result_t<decltype(s.write_some(from))>,
                               std::size_t>;
};

/// Fills `into` from any stream. Streams that have a `read_exact` of their own do it better.
///
/// \throws end_of_stream if the stream ends before; what came is in `into`.
///
/// \par Cancellation
/// Bytes that had come are in `into` and no longer in the stream, and are not counted.
template <stream_reader Stream>
task<> read_exact(Stream& from, std::span<std::byte> into) {
  for (std::size_t done = 0; done < into.size();) {
    const std::size_t count = co_await from.read_some(into.subspan(done));
    if (count == 0) throw end_of_stream(done, into.size(), "stream");
    done += count;
  }
}

/// Writes all of `from` to any stream. Streams that have a `write_all` of their own do it better.
///
/// \par Cancellation
/// Some of it may have been written; it is not known how much.
template <stream_writer Stream>
task<> write_all(Stream& to, const_buffer from) {
  std::span<const std::byte> rest = from.bytes();
  while (!rest.empty()) {
    const std::size_t count = co_await to.write_some(rest);
    rest = rest.subspan(count);
  }
}

/// Copies from one stream to another until the first ends, and gives the number of bytes. Through
/// a buffer on the heap: what is fast does not pile up in memory when what is slow lags behind.
///
/// \param buffer_size How much is read at once.
///
/// \par Cancellation
/// What was copied was copied; at most one buffer has been read and not been written.
template <stream_reader From, stream_writer To>
task<std::uint64_t> copy(From& from, To& to, std::size_t buffer_size = 64 * 1024) {
  const auto memory = std::make_unique_for_overwrite<std::byte[]>(buffer_size);
  const std::span<std::byte> buffer(memory.get(), buffer_size);
  std::uint64_t copied = 0;
  for (;;) {
    const std::size_t count = co_await from.read_some(buffer);
    if (count == 0) break;
    if constexpr (requires { to.write_all(buffer); }) {
      co_await to.write_all(buffer.first(count));
    } else {
      co_await write_all(to, buffer.first(count));
    }
    copied += count;
  }
  co_return copied;
}

}  // namespace lariat::io
