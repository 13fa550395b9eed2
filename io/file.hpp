#pragma once

#include <lariat/io/descriptor.hpp>
#include <lariat/io/detail/file_op.hpp>
#include <lariat/io/open_mode.hpp>

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
/// not touch it any more, whatever the outcome. Any number of operations with offsets may be under
/// way at once; those at the cursor one at a time. Every failure is a std::system_error naming the
/// operation and the file; EBADF if the file is closed.
///
/// \par Threads
/// Await its operations on any loop, one loop at a time.
class file {
 public:
  class open_operation;
  using close_operation = descriptor::close_operation;

  /// A closed file.
  file() noexcept = default;

  /// A file that was opened by other means.
  explicit file(descriptor&& from) noexcept : descriptor_(std::move(from)) {}

  /// Opens the file at `path`, relative to the working directory. About a microsecond if the path
  /// is cached; opening to create or truncate takes a worker thread of the kernel (35 us).
  ///
  /// \param permissions Of a file that is created, less the umask.
  /// \throws std::system_error with the errno of open(2), naming the path.
  ///
  /// \par Cancellation
  /// No file is left open; one that was to be created may have been.
  [[nodiscard]] static open_operation open(std::string_view path, open_mode mode = open_mode::read,
                                           unsigned permissions = 0666);

  /// Reads up to `into.size()` bytes at the cursor and moves it; zero means end of file.
  ///
  /// \throws std::system_error with the errno of read(2).
  ///
  /// \par Cancellation
  /// Nothing has been read and the cursor has not moved; a regular file's read is seldom caught.
  [[nodiscard]] detail::read_op read_some(std::span<std::byte> into) const noexcept {
    return {native_handle(), detail::at_cursor, into};
  }

  /// Reads up to `into.size()` bytes at `offset`; zero means end of file.
  ///
  /// \throws std::system_error with the errno of pread(2).
  ///
  /// \par Cancellation
  /// Nothing is reported as read; `into` may have been written to.
  [[nodiscard]] detail::read_op read_at(std::uint64_t offset,
                                        std::span<std::byte> into) const noexcept {
    return {native_handle(), detail::position(offset), into};
  }

  /// Reads exactly `into.size()` bytes at the cursor.
  ///
  /// \throws end_of_stream if the file ends first, or std::system_error.
  ///
  /// \par Cancellation
  /// The cursor may have moved, and `into` been written to.
  [[nodiscard]] detail::read_exact_op read_exact(std::span<std::byte> into) const noexcept {
    return {native_handle(), detail::at_cursor, into};
  }

  /// Reads exactly `into.size()` bytes at `offset`.
  ///
  /// \throws end_of_stream if the file ends first, or std::system_error.
  ///
  /// \par Cancellation
  /// `into` may have been written to.
  [[nodiscard]] detail::read_exact_op read_exact_at(std::uint64_t offset,
                                                    std::span<std::byte> into) const noexcept {
    return {native_handle(), detail::position(offset), into};
  }

  /// Writes at the cursor and moves it; the count may be short, on a full disk for instance.
  ///
  /// \throws std::system_error with the errno of write(2).
  ///
  /// \par Cancellation
  /// Nothing has been written.
  [[nodiscard]] detail::write_op write_some(std::span<const std::byte> from) const noexcept {
    return {native_handle(), detail::at_cursor, from};
  }

  /// Writes at `offset`; the count may be short. With open_mode::append the offset is ignored.
  ///
  /// \throws std::system_error with the errno of pwrite(2).
  ///
  /// \par Cancellation
  /// Nothing has been written.
  [[nodiscard]] detail::write_op write_at(std::uint64_t offset,
                                          std::span<const std::byte> from) const noexcept {
    return {native_handle(), detail::position(offset), from};
  }

  /// Writes everything at the cursor, in as many steps as it takes.
  ///
  /// \throws std::system_error with the errno of write(2); part may have been written.
  ///
  /// \par Cancellation
  /// Part may have been written; the cursor tells.
  [[nodiscard]] detail::write_all_op write_all(std::span<const std::byte> from) const noexcept {
    return {native_handle(), detail::at_cursor, from};
  }

  /// Writes everything at `offset`, in as many steps as it takes.
  ///
  /// \throws std::system_error with the errno of pwrite(2); part may have been written.
  ///
  /// \par Cancellation
  /// Part may have been written, from the front.
  [[nodiscard]] detail::write_all_op write_all_at(std::uint64_t offset,
                                                  std::span<const std::byte> from) const noexcept {
    return {native_handle(), detail::position(offset), from};
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
    return {native_handle(), detail::position(offset), into};
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
    return {native_handle(), detail::position(offset), from};
  }

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
  [[nodiscard]] detail::fd_stat_op stat() const noexcept {
    return detail::fd_stat_op(native_handle());
  }

  /// The size in bytes, from the inode in memory: a plain fstat(2), well under a microsecond.
  /// \throws std::system_error
  [[nodiscard]] std::uint64_t size() const;

  /// Closes it and reports errors: see descriptor::close.
  ///
  /// \throws std::system_error; the file is closed nevertheless.
  ///
  /// \par Cancellation
  /// A cancel that came before leaves it open.
  [[nodiscard]] close_operation close() noexcept { return descriptor_.close(); }

  [[nodiscard]] bool is_open() const noexcept { return descriptor_.is_open(); }
  [[nodiscard]] explicit operator bool() const noexcept { return is_open(); }

  /// The descriptor, still owned; -1 if closed.
  [[nodiscard]] int native_handle() const noexcept { return descriptor_.native_handle(); }

  /// Gives the descriptor up.
  [[nodiscard]] descriptor release() noexcept { return std::move(descriptor_); }

 private:
  descriptor descriptor_;
};

/// See file::open.
class [[nodiscard("it does nothing until it is awaited")]] file::open_operation final
    : public detail::path_op {
 public:
  open_operation(std::string_view path, open_mode mode, unsigned permissions)
      : path_op("open", path), flags_(detail::open_flags(mode)), permissions_(permissions) {}

  void prepare_entry(io_uring_sqe& entry) noexcept override;

  /// \throws std::system_error naming the path.
  file await_resume() const {
    throw_if_failed();
    return file(descriptor(result_));
  }
  result<file> await_result() const noexcept {
    if (result_ < 0) return {take_error(), {}};
    return {{}, file(descriptor(result_))};
  }

 private:
  int flags_;
  unsigned permissions_;
};

inline file::open_operation file::open(std::string_view path, open_mode mode,
                                       unsigned permissions) {
  return open_operation(path, mode, permissions);
}

}  // namespace lariat::io
