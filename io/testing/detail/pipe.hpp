#pragma once  // lint: allow(pragma) lint: allow(listed): of the sources only, not installed.

#include <lariat/io/testing/detail/byte_queue.hpp>
#include <lariat/io/testing/detail/open_description.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace lariat::io::testing {

class pipe_end;

/// What is in a pipe or a FIFO, and who has it open. As the kernel's it is a ring of pages, each of
/// which a write fills or begins: many small writes that cannot share a page fill it, too.
class simulated_pipe {
 public:
  /// \param capacity In bytes.
  explicit simulated_pipe(std::size_t capacity) noexcept;
  simulated_pipe(const simulated_pipe&) = delete;
  simulated_pipe& operator=(const simulated_pipe&) = delete;

  [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }
  [[nodiscard]] bool full() const noexcept { return pages_.size() == pages_max_; }
  [[nodiscard]] bool has_reader() const noexcept { return readers_ != 0; }
  [[nodiscard]] bool has_writer() const noexcept { return writers_ != 0; }
  /// How many there have been.
  [[nodiscard]] std::uint64_t writers_ever() const noexcept { return writers_ever_; }

  /// Gives how many bytes there were.
  std::size_t take(std::span<const iovec> into) noexcept;

  /// Gives how many bytes there was room for.
  std::size_t put(std::span<const iovec> from);

  void add(pipe_end& end) noexcept;
  void remove(pipe_end& end) noexcept;

  /// Lets the operations of all ends try again.
  void changed() noexcept;

 private:
  byte_queue bytes_;
  std::deque<std::size_t> pages_;  // How many bytes each has that have not been read.
  std::size_t tail_room_ = 0;      // In the last one.
  std::size_t page_bytes_;
  std::size_t pages_max_;
  std::vector<pipe_end*> ends_;
  int readers_ = 0;
  int writers_ = 0;
  std::uint64_t writers_ever_ = 0;
};

/// An end of a simulated pipe: one that reads, writes, or, of a FIFO, both.
class pipe_end final : public open_description {
 public:
  struct both {
    std::shared_ptr<pipe_end> reader;
    std::shared_ptr<pipe_end> writer;
  };
  /// Makes a pipe that holds so many bytes.
  [[nodiscard]] static both make(std::size_t capacity);

  /// \param flags As of open(2).
  /// \param fifo What has the pipe's name; null if it has none.
  pipe_end(std::shared_ptr<simulated_pipe> of, int flags,
           std::shared_ptr<file_node> fifo = nullptr);
  ~pipe_end() override;

  [[nodiscard]] bool readable() const noexcept override;
  [[nodiscard]] bool writable() const noexcept override;

  int read(std::span<const iovec> into, std::uint64_t offset) noexcept override;
  int write(std::span<const iovec> from, std::uint64_t offset) noexcept override;
  [[nodiscard]] bool is_polled_first() const noexcept override;
  [[nodiscard]] unsigned events() const noexcept override;
  [[nodiscard]] std::string describe() const override { return "pipe"; }

  [[nodiscard]] const file_node* node_in_tree() const noexcept override { return fifo_.get(); }

  /// The pipe's: something came, or went.
  void notify() noexcept { changed(); }

 private:
  std::shared_ptr<simulated_pipe> pipe_;
  int flags_;
  std::shared_ptr<file_node> fifo_;
  std::uint64_t writers_before_ = ~std::uint64_t{0};  // Of a FIFO that had none: no news to it.
};

}  // namespace lariat::io::testing
