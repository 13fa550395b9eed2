#pragma once

#include <cstddef>
#include <cstdint>

struct io_uring_sqe;

namespace lariat::io::detail {

class cursor_claim;
class io_driver;

/// The offset that stands for the kernel's cursor.
inline constexpr std::uint64_t at_cursor = ~std::uint64_t{0};

/// A caller's offset, which never stands for the cursor: the kernel refuses those over 2^63.
[[nodiscard]] constexpr std::uint64_t position(std::uint64_t offset) noexcept {
  return offset == at_cursor ? at_cursor - 1 : offset;
}

/// Where an open file's next operation without an offset takes place, and what kind of file it is.
///
/// A write of a ring that comes back short may not move the kernel's cursor, and does not guard it
/// against others. So what has offsets is read and written at offsets that are claimed before; the
/// rest of a claim is given back (io/README.md, "Cursor").
class file_cursor {
 public:
  /// Of a descriptor that others may know: they share the kernel's cursor.
  file_cursor() noexcept = default;
  file_cursor(file_cursor&& other) noexcept { take(other); }
  file_cursor& operator=(file_cursor&& other) noexcept;
  ~file_cursor() { give_claims_to(nullptr); }

  /// Of a file that has just been opened, which nobody else knows.
  void opened(int fd, int open_flags) noexcept;

  /// The descriptor for an operation at an offset; or what makes an `fd_op` fail with ESPIPE, as
  /// pread(2) does on pipes and sockets.
  [[nodiscard]] int fd_for_offset(int fd) noexcept {
    return kind_ <= kind::device ? fd : look_for_offset(fd);
  }

  /// Whether writes have to be made by a worker thread of the kernel: see cursor_claim::mark.
  [[nodiscard]] bool writes_in_worker() const noexcept { return writes_in_worker_; }

  /// From here on the kernel's cursor counts: others may know the descriptor.
  void share(int fd) noexcept {
    if (kind_ == kind::own) publish(fd);
  }

  /// The cursor, or a negative errno. `seek` moves it.
  [[nodiscard]] std::int64_t tell(int fd) noexcept;
  std::int64_t seek(int fd, std::uint64_t offset) noexcept;

 private:
  friend class cursor_claim;

  enum class kind : unsigned char {
    own,      // `position_` is the cursor.
    kernel,   // A file or a disk with the kernel's cursor, which lseek(2) moves.
    append,   // The same; but writes go to the end, and the kernel moves its cursor there.
    device,   // Makes of offsets what it likes: only the kernel moves its cursor.
    unknown,  // To be looked at.
    stream,   // Has no offsets: pipes, sockets, terminals.
  };

  void take(file_cursor& other) noexcept;
  void give_claims_to(file_cursor* other) noexcept;
  void look(int fd) noexcept;
  void publish(int fd) noexcept;
  [[nodiscard]] int look_for_offset(int fd) noexcept;

  std::uint64_t position_ = 0;
  cursor_claim* claims_ = nullptr;  // Of operations under way.
  kind kind_ = kind::unknown;
  bool writes_in_worker_ = false;
  bool awaits_writer_ = false;  // A FIFO that was opened before there was one.
};

/// What an operation reads or writes: from its offset, or, if it has none, a range that begins at
/// the cursor, which is behind it at once.
///
/// A description until it is taken, and may be copied. Then its cursor may move, or go.
class cursor_claim {
 public:
  enum class use : unsigned char { read, write };

  cursor_claim(file_cursor& of, use how) noexcept : of_(&of), writes_(how == use::write) {}
  /// \param in_worker file_cursor::writes_in_worker.
  explicit cursor_claim(std::uint64_t offset, bool in_worker = false) noexcept
      : begin_(offset), in_worker_(in_worker) {}
  cursor_claim(const cursor_claim&) noexcept = default;
  cursor_claim& operator=(const cursor_claim&) = delete;
  ~cursor_claim() { settle(0); }

  /// Takes a range of so many bytes, unless it has been. When the operation is submitted.
  void take(int fd, std::size_t size) noexcept {
    if (of_ != nullptr && !taken_) take_from_cursor(fd, size);
  }

  /// The offset for the submission entry, once so many bytes have been moved.
  [[nodiscard]] std::uint64_t offset(std::size_t moved = 0) const noexcept {
    return begin_ == at_kernels_cursor ? at_kernels_cursor : begin_ + moved;
  }

  /// Whether a read has to wait for the first writer of a FIFO before: then fills in the entry.
  [[nodiscard]] bool prepare_poll(io_uring_sqe& entry) const noexcept;
  [[nodiscard]] bool polls() const noexcept { return polls_; }
  void polled() noexcept;

  /// Completes a write's entry, so that it raises neither SIGPIPE nor SIGXFSZ: the errno tells it.
  /// True if each of its completions has to be told to `completed`.
  [[nodiscard]] bool mark(io_uring_sqe& entry, io_driver& driver) noexcept;
  void completed(io_driver& driver) noexcept;

  /// Leaves the cursor behind what was moved. The first call counts.
  void settle(std::size_t moved) noexcept {
    if (taken_ && of_ != nullptr) [[likely]]
      settle_cursor(moved);
  }

 private:
  friend class file_cursor;

  static constexpr std::uint64_t at_kernels_cursor = ~std::uint64_t{0};

  void take_from_cursor(int fd, std::size_t size) noexcept;
  void settle_cursor(std::size_t moved) noexcept;

  file_cursor* of_ = nullptr;     // Null too when all is over, or the file is gone.
  cursor_claim* next_ = nullptr;  // Of the same cursor.
  std::uint64_t begin_ = 0;
  std::size_t size_ = 0;
  int fd_ = -1;
  bool taken_ = false;
  bool writes_ = false;
  bool in_worker_ = false;
  bool signals_ = false;
  bool marked_ = false;
  bool polls_ = false;
};

}  // namespace lariat::io::detail
