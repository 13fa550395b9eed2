#pragma once

#include <lariat/io/file/detail/control_op.hpp>
#include <lariat/io/file/detail/file_cursor.hpp>
#include <lariat/io/file/detail/path_op.hpp>
#include <lariat/io/file/detail/read_op.hpp>
#include <lariat/io/file/detail/stat_op.hpp>
#include <lariat/io/file/detail/vectored_op.hpp>
#include <lariat/io/file/detail/write_op.hpp>
#include <lariat/io/file/open_mode.hpp>
#include <lariat/io/op/descriptor.hpp>
#include <lariat/io/stream/buffer.hpp>

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace lariat::io {

/// How a range of a file will be used; see posix_fadvise(2).
enum class file_advice { normal, random, sequential, will_need, dont_need, no_reuse };

/// What `allocate` does; see fallocate(2).
enum class allocation {
  extend = 0,      ///< Reserves the space, and the file grows to hold it.
  keep_size = 1,   ///< Reserves the space only.
  punch_hole = 3,  ///< Gives the space back; the range reads as zeros.
  zero = 16,       ///< The range reads as zeros, and keeps its space.
};

/// An open file. Reads and writes go through io_uring: cached data is read during the submission,
/// anything else without blocking the loop.
///
/// Buffers are borrowed: each lives until the await that uses it has ended; then the kernel does
/// not touch it any more, whatever the outcome. Every failure is a std::system_error naming the
/// operation and the file; EBADF if the file is closed. A write raises no signal: EPIPE tells that
/// a pipe has no reader, EFBIG that the file would exceed RLIMIT_FSIZE. Offsets are for what has
/// them: ESPIPE for pipes, sockets and terminals.
///
/// Any number of operations may be under way at once; await those at the cursor before the file is
/// moved: one that was made before, and begins after, has the cursor of the old place. Those
/// without an offset begin at the cursor when they are awaited, each behind the one before; one
/// that moves less than it asked for sets the cursor back, unless another has begun behind it.
///
/// A file that was opened here has a cursor of its own, until `native_handle` or `release` shows
/// the descriptor to others; from then on, and with a descriptor that came from others, the cursor
/// is the kernel's, which all share that share the open file (at the cost of an lseek(2) each
/// time). So a child process whose stdout it is writes behind this one, and the other way round. A
/// process that forks, and uses the file on both sides, calls `native_handle` before.
///
/// \par Threads
/// Await its operations on any loop, one loop at a time.
class file {
 public:
  class open_op;
  using close_op = descriptor::close_op;

  /// A closed file.
  file() noexcept = default;

  /// A file that was opened by other means: any descriptor that can be read or written.
  explicit file(descriptor&& from) noexcept : descriptor_(std::move(from)) {}

  /// Opens the file at `path`, relative to the working directory. About a microsecond if the path
  /// is cached; opening to create or truncate takes a worker thread of the kernel (35 us).
  ///
  /// For writing, a FIFO is open when somebody has it open for reading: until then the await waits,
  /// and a worker thread of the kernel with it. For reading it is open at once, and the first read
  /// waits for a writer; but if its name is not cached the open waits for one, as open(2) does.
  /// With open_mode::create or truncate the open waits in one of the worker threads of the loop
  /// that its other operations may need.
  ///
  /// \param permissions Of a file that is created, less the umask.
  /// \throws std::system_error with the errno of open(2), naming the path.
  ///
  /// \par Cancellation
  /// No file is left open; one that was to be created may have been.
  [[nodiscard]] static open_op open(std::string_view path, open_mode mode = open_mode::read,
                                    unsigned permissions = 0666);

  /// Reads up to `into.size()` bytes at the cursor and moves it; zero means end of file.
  ///
  /// \throws std::system_error with the errno of read(2).
  ///
  /// \par Cancellation
  /// Nothing has been read and the cursor has not moved; a regular file's read is seldom caught.
  [[nodiscard]] detail::read_next_op read_some(std::span<std::byte> into) const noexcept {
    return {fd(), at_cursor(use::read), into};
  }

  /// Reads up to `into.size()` bytes at `offset`; zero means end of file.
  ///
  /// \throws std::system_error with the errno of pread(2).
  ///
  /// \par Cancellation
  /// Nothing is reported as read; `into` may have been written to.
  [[nodiscard]] detail::read_op read_at(std::uint64_t offset,
                                        std::span<std::byte> into) const noexcept {
    return {fd_for_offset(), detail::position(offset), into};
  }

  /// Reads exactly `into.size()` bytes at the cursor, and gives that number.
  ///
  /// \throws end_of_stream if the file ends first, or std::system_error. `as_result` tells how much
  /// was read (`value` counts the bytes with any error).
  ///
  /// \par Cancellation
  /// The cursor is behind what was read into `into`; `as_result` tells how much.
  [[nodiscard]] detail::read_exact_op read_exact(std::span<std::byte> into) const noexcept {
    return {fd(), at_cursor(use::read), into};
  }

  /// Reads exactly `into.size()` bytes at `offset`, and gives that number.
  ///
  /// \throws end_of_stream if the file ends first, or std::system_error.
  ///
  /// \par Cancellation
  /// `into` may have been written to; `as_result` tells how much.
  [[nodiscard]] detail::read_exact_op read_exact_at(std::uint64_t offset,
                                                    std::span<std::byte> into) const noexcept {
    return {fd_for_offset(), at(offset), into};
  }

  /// Writes at the cursor and moves it; the count may be short, on a full disk for instance.
  ///
  /// \throws std::system_error with the errno of write(2).
  ///
  /// \par Cancellation
  /// Nothing has been written.
  [[nodiscard]] detail::write_op write_some(const_buffer from) const noexcept {
    return {fd(), at_cursor(use::write), from};
  }

  /// Writes at `offset`; the count may be short. With open_mode::append the offset is ignored.
  ///
  /// \throws std::system_error with the errno of pwrite(2).
  ///
  /// \par Cancellation
  /// Nothing has been written.
  [[nodiscard]] detail::write_op write_at(std::uint64_t offset, const_buffer from) const noexcept {
    return {fd_for_offset(), at(offset), from};
  }

  /// Writes everything at the cursor, in as many steps as it takes, and gives its size.
  ///
  /// \throws std::system_error with the errno of write(2): incomplete_write if part was written.
  /// The cursor is behind that part. `as_result` tells how much it is (`value` counts the bytes
  /// with any error).
  ///
  /// \par Cancellation
  /// Part may have been written; the cursor is behind it, and `as_result` tells how much.
  [[nodiscard]] detail::write_all_op write_all(const_buffer from) const noexcept {
    return {fd(), at_cursor(use::write), from};
  }

  /// Writes everything at `offset`, in as many steps as it takes, and gives its size.
  ///
  /// \throws std::system_error with the errno of pwrite(2), as `write_all`.
  ///
  /// \par Cancellation
  /// Part may have been written, from the front: `as_result` tells how much.
  [[nodiscard]] detail::write_all_op write_all_at(std::uint64_t offset,
                                                  const_buffer from) const noexcept {
    return {fd_for_offset(), at(offset), from};
  }

  /// Reads into several buffers, in their order; the count may be short, zero means end of file.
  ///
  /// \param into The list lives as long as the buffers. The first 1024 are used.
  /// \throws std::system_error with the errno of preadv(2).
  ///
  /// \par Cancellation
  /// As for `read_at`.
  [[nodiscard]] detail::vectored_op readv_at(std::uint64_t offset,
                                             std::span<const mutable_buffer> into) const noexcept {
    return {fd_for_offset(), at(offset), into};
  }

  /// Writes several buffers, in their order; the count may be short.
  ///
  /// \param from The list lives as long as the buffers. The first 1024 are used.
  /// \throws std::system_error with the errno of pwritev(2).
  ///
  /// \par Cancellation
  /// As for `write_at`.
  [[nodiscard]] detail::vectored_op writev_at(std::uint64_t offset,
                                              std::span<const const_buffer> from) const noexcept {
    return {fd_for_offset(), at(offset), from};
  }

  /// Writes several buffers at the cursor, one behind the other and all of them, and gives their
  /// size: no copy into one buffer.
  ///
  /// \param from The list lives as long as the buffers.
  /// \throws std::system_error as `write_all`.
  ///
  /// \par Cancellation
  /// As for `write_all`.
  [[nodiscard]] detail::writev_all_op writev_all(
      std::span<const const_buffer> from) const noexcept {
    return {fd(), at_cursor(use::write), from};
  }

  /// The same at `offset`.
  ///
  /// \par Cancellation
  /// As for `write_all_at`.
  [[nodiscard]] detail::writev_all_op writev_all_at(
      std::uint64_t offset, std::span<const const_buffer> from) const noexcept {
    return {fd_for_offset(), at(offset), from};
  }

  /// The cursor. \throws std::system_error ESPIPE for a pipe.
  [[nodiscard]] std::uint64_t position() const;

  /// Moves the cursor; behind the end of the file too. What is under way is not affected.
  /// \throws std::system_error ESPIPE for a pipe, EINVAL for 2^63 and more.
  void seek(std::uint64_t offset);

  /// Waits until everything written has reached the disk: fsync(2). Costs a disk flush.
  ///
  /// \throws std::system_error; what was written before may be lost, and a second try proves
  /// nothing.
  ///
  /// \par Cancellation
  /// Nothing is known of what has reached the disk.
  [[nodiscard]] detail::control_op sync() const noexcept;

  /// The same, but for metadata that reading does not need, such as times: fdatasync(2).
  ///
  /// \throws std::system_error as `sync`.
  ///
  /// \par Cancellation
  /// As for `sync`.
  [[nodiscard]] detail::control_op datasync() const noexcept;

  /// Cuts the file, or extends it by zeros: ftruncate(2). Before Linux 6.9 a plain system call.
  ///
  /// \throws std::system_error
  ///
  /// \par Cancellation
  /// The file has its old size.
  [[nodiscard]] detail::control_op resize(std::uint64_t size) const noexcept;

  /// Reserves or gives back space: fallocate(2).
  ///
  /// \throws std::system_error EOPNOTSUPP where the file system cannot.
  ///
  /// \par Cancellation
  /// Part may have been done.
  [[nodiscard]] detail::control_op allocate(std::uint64_t offset, std::uint64_t length,
                                            allocation how = allocation::extend) const noexcept;

  /// Tells the kernel how a range will be used. A length of zero reaches to the end of the file,
  /// and so does one of 4 GiB and more.
  ///
  /// \throws std::system_error ESPIPE for a pipe.
  ///
  /// \par Cancellation
  /// Harmless.
  [[nodiscard]] detail::control_op advise(std::uint64_t offset, std::uint64_t length,
                                          file_advice advice) const noexcept;

  /// What the file system knows of it: statx(2), by a worker thread of the kernel (35 us).
  ///
  /// \throws std::system_error
  ///
  /// \par Cancellation
  /// Harmless.
  [[nodiscard]] detail::fd_stat_op stat() const noexcept { return detail::fd_stat_op(fd()); }

  /// The size in bytes, from the inode in memory: a plain fstat(2), well under a microsecond.
  /// \throws std::system_error
  [[nodiscard]] std::uint64_t size() const;

  /// Closes it and reports errors: see descriptor::close.
  ///
  /// \throws std::system_error; the file is closed nevertheless.
  ///
  /// \par Cancellation
  /// A cancel that came before leaves it open.
  [[nodiscard]] close_op close() noexcept { return descriptor_.close(); }

  [[nodiscard]] bool is_open() const noexcept { return descriptor_.is_open(); }
  [[nodiscard]] explicit operator bool() const noexcept { return is_open(); }

  /// The descriptor, still owned; -1 if closed. The kernel's cursor is where this file's is, and
  /// counts from now on.
  [[nodiscard]] int native_handle() const noexcept {
    cursor_.share(fd());
    return fd();
  }

  /// Gives the descriptor up. The kernel's cursor is where this file's is.
  [[nodiscard]] descriptor release() noexcept {
    cursor_.share(fd());
    return std::move(descriptor_);
  }

 private:
  using use = detail::cursor_claim::use;

  file(descriptor&& from, detail::file_cursor&& cursor) noexcept
      : descriptor_(std::move(from)), cursor_(std::move(cursor)) {}

  [[nodiscard]] int fd() const noexcept { return descriptor_.native_handle(); }
  [[nodiscard]] int fd_for_offset() const noexcept { return cursor_.fd_for_offset(fd()); }
  [[nodiscard]] detail::cursor_claim at_cursor(use how) const noexcept {
    return detail::cursor_claim(cursor_, how);
  }
  [[nodiscard]] detail::cursor_claim at(std::uint64_t offset) const noexcept {
    return detail::cursor_claim(detail::position(offset), cursor_.writes_in_worker());
  }

  descriptor descriptor_;
  mutable detail::file_cursor cursor_;
};

/// See file::open.
class [[nodiscard("it does nothing until it is awaited")]] file::open_op final
    : public detail::path_op {
 public:
  open_op(std::string_view path, open_mode mode, unsigned permissions)
      : path_op("open", path), flags_(detail::open_flags(mode)), permissions_(permissions) {}

  void prepare_entry(io_uring_sqe& entry) noexcept override;

  /// \throws std::system_error naming the path.
  file await_resume() {
    throw_if_failed();
    return file(descriptor(result_), std::move(cursor_));
  }
  result<file> await_result() noexcept {
    if (result_ < 0) return {take_error(), {}};
    return {{}, file(descriptor(result_), std::move(cursor_))};
  }

 private:
  bool completed() noexcept override;

  int flags_;
  unsigned permissions_;
  detail::file_cursor cursor_;
  bool is_waiting_ = false;        // For a FIFO's reader.
  bool has_more_workers_ = false;  // One more, while it does.
};

inline file::open_op file::open(std::string_view path, open_mode mode, unsigned permissions) {
  return open_op(path, mode, permissions);
}

}  // namespace lariat::io
