#pragma once

#include <lariat/io/net/socket.hpp>
#include <lariat/io/stream/buffer.hpp>
#include <lariat/io/stream/stream_error.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace lariat::io {

namespace detail {
class receive_op;
class receive_exactly_op;
class receive_vector_op;
class send_op;
class send_all_op;
class send_vector_op;
class readable_op;
}  // namespace detail

/// A connected stream of bytes between two IP addresses: the base of tcp_stream.
///
/// One task reads at a time: a second read while one waits throws std::logic_error, as in asyncio,
/// for each would get some of the bytes. Writes queue up, first come first served, and never mix;
/// reading and writing at the same time is what streams are for. Every operation is one kernel
/// operation, kept in the awaiting frame: nothing is allocated. It refers to the stream and to the
/// caller's buffers, which must stay where they are until the await ends, and no longer than that.
///
/// Failures throw std::system_error that names the operation and the peer ("read 10.0.0.7:80:
/// Connection reset by peer"). SIGPIPE is never raised: EPIPE is thrown. An operation that ends
/// because another task closes the stream fails with ECANCELED, one on a closed stream with EBADF.
class stream_socket : public socket {
 public:
  using socket::socket;

  /// Reads what there is, at least one byte, as soon as there is any. Zero: the peer has ended the
  /// stream, or `into` is empty.
  ///
  /// \par Cancellation
  /// No byte is lost: what had come was given out, and the rest stays in the stream.
  [[nodiscard]] detail::receive_op read_some(std::span<std::byte> into) noexcept;

  /// Fills `into`, and gives its size.
  /// \throws end_of_stream if the stream ends before, with what has come in `into`.
  ///
  /// \par Cancellation
  /// Bytes that had come are in `into`, and no longer in the stream. `as_result` tells how many
  /// (`value` counts them with any error); a buffered_reader keeps them.
  [[nodiscard]] detail::receive_exactly_op read_exact(std::span<std::byte> into) noexcept;

  /// As `read_some`, into several buffers, the first ones first. At most 1024 are used.
  ///
  /// \par Cancellation
  /// As for `read_some`.
  [[nodiscard]] detail::receive_vector_op readv_some(std::span<const mutable_buffer> into) noexcept;

  /// Writes as much as the kernel takes at once, after the writes before it, and says how much.
  ///
  /// \par Cancellation
  /// Nothing was written.
  [[nodiscard]] detail::send_op write_some(const_buffer from) noexcept;

  /// Writes all of it, after the writes before it, and gives its size. Ends when the kernel has it,
  /// which may be long before the peer has.
  ///
  /// \par Cancellation
  /// Some of it may have been written, and the stream is then of little use. `as_result` tells how
  /// much (`value` counts the bytes with any error).
  [[nodiscard]] detail::send_all_op write_all(const_buffer from) noexcept;

  /// As `write_all`, from several buffers one after the other: no copy into one buffer.
  ///
  /// \par Cancellation
  /// As for `write_all`.
  [[nodiscard]] detail::send_vector_op writev_all(std::span<const const_buffer> from) noexcept;

  /// Waits until a read would not wait: there are bytes, or an end or an error to be read. For
  /// connections that are idle most of the time: they need no buffer until then.
  ///
  /// \par Cancellation
  /// Nothing was read.
  [[nodiscard]] detail::readable_op readable() noexcept;

  /// Ends the stream in this direction: the peer reads what was written, then end of stream, and
  /// may go on writing. Await the writes before it first.
  /// \throws std::system_error, ENOTCONN if the connection is gone.
  void shutdown_write();

  /// How many bytes could be read now. \throws std::system_error
  [[nodiscard]] std::size_t available() const;

 protected:
  stream_socket(int fd, const address& peer) noexcept : socket(fd, peer) {}

 private:
  friend class detail::receive_op;

  // The last receive took all there was: the next one had better wait before it tries, which
  // would cost it 3 % (bench/echo).
  bool drained_ = false;
};

}  // namespace lariat::io

#include <lariat/io/net/detail/readable_op.hpp>
#include <lariat/io/net/detail/receive_op.hpp>
#include <lariat/io/net/detail/send_op.hpp>
