#include <lariat/io/testing/detail/pipe.hpp>

#include <fcntl.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace lariat::io::testing {
namespace {

constexpr std::size_t kernel_page_bytes = 4096;

}  // namespace

simulated_pipe::simulated_pipe(std::size_t capacity) noexcept
    : page_bytes_(std::clamp<std::size_t>(capacity, 1, kernel_page_bytes)),
      pages_max_(std::max<std::size_t>(capacity / page_bytes_, 1)) {}

std::size_t simulated_pipe::take(std::span<const iovec> into) noexcept {
  const std::size_t taken = bytes_.take(into, size_of(into));
  for (std::size_t left = taken; left != 0;) {
    const std::size_t count = std::min(left, pages_.front());
    left -= count;
    pages_.front() -= count;
    if (pages_.front() == 0) pages_.pop_front();
  }
  return taken;
}

std::size_t simulated_pipe::put(std::span<const iovec> from) {
  const std::size_t size = size_of(from);
  std::size_t done = 0;
  // What does not fill a page goes behind what is in the last one, if all of it fits.
  const std::size_t rest = size % page_bytes_;
  if (rest != 0 && !pages_.empty() && rest <= tail_room_) {
    pages_.back() += rest;
    tail_room_ -= rest;
    done = rest;
  }
  while (done < size && !full()) {
    const std::size_t count = std::min(size - done, page_bytes_);
    pages_.push_back(count);
    tail_room_ = page_bytes_ - count;
    done += count;
  }
  bytes_.append(from, done);
  return done;
}

void simulated_pipe::add(pipe_end& end) noexcept {
  ends_.push_back(&end);
  if (end.readable()) ++readers_;
  if (end.writable()) ++writers_;
  if (end.writable()) ++writers_ever_;
  changed();
}

void simulated_pipe::remove(pipe_end& end) noexcept {
  std::erase(ends_, &end);
  if (end.readable()) --readers_;
  if (end.writable()) --writers_;
  if (ends_.empty()) {  // Of a FIFO: what nobody has read goes.
    bytes_.clear();
    pages_.clear();
  }
  changed();
}

void simulated_pipe::changed() noexcept {
  for (pipe_end* each : ends_) each->notify();
}

pipe_end::both pipe_end::make(std::size_t capacity) {
  const auto made = std::make_shared<simulated_pipe>(capacity);
  return {std::make_shared<pipe_end>(made, O_RDONLY), std::make_shared<pipe_end>(made, O_WRONLY)};
}

pipe_end::pipe_end(std::shared_ptr<simulated_pipe> of, int flags, std::shared_ptr<file_node> fifo)
    : pipe_(std::move(of)), flags_(flags), fifo_(std::move(fifo)) {
  const bool had_writer = pipe_->has_writer();
  pipe_->add(*this);
  if (fifo_ != nullptr && !had_writer) writers_before_ = pipe_->writers_ever();
}

pipe_end::~pipe_end() { pipe_->remove(*this); }

bool pipe_end::is_polled_first() const noexcept {
  return fifo_ != nullptr && (flags_ & O_NONBLOCK) == 0;
}

bool pipe_end::readable() const noexcept { return (flags_ & O_ACCMODE) != O_WRONLY; }

bool pipe_end::writable() const noexcept { return (flags_ & O_ACCMODE) != O_RDONLY; }

int pipe_end::read(std::span<const iovec> into, std::uint64_t) noexcept {
  if (!readable()) return -EBADF;
  if (size_of(into) == 0) return 0;
  if (pipe_->empty()) return pipe_->has_writer() ? -EAGAIN : 0;
  const std::size_t count = pipe_->take(into);
  pipe_->changed();
  return static_cast<int>(count);
}

int pipe_end::write(std::span<const iovec> from, std::uint64_t) noexcept {
  if (!writable()) return -EBADF;
  if (size_of(from) == 0) return 0;
  if (!pipe_->has_reader()) return -EPIPE;
  const std::size_t count = pipe_->put(from);
  if (count == 0) return -EAGAIN;
  pipe_->changed();
  return static_cast<int>(count);
}

unsigned pipe_end::events() const noexcept {
  unsigned all = 0;
  if (readable()) {
    if (!pipe_->empty()) all |= POLLIN;
    if (!pipe_->has_writer() && pipe_->writers_ever() != writers_before_) all |= POLLHUP;
  }
  if (writable()) {
    if (!pipe_->full()) all |= POLLOUT;
    if (!pipe_->has_reader()) all |= POLLERR;
  }
  return all;
}

}  // namespace lariat::io::testing
