#include <lariat/io/testing/detail/pipe.hpp>

#include <poll.h>

#include <algorithm>
#include <cerrno>

namespace lariat::io::testing {

pipe_end::both pipe_end::make(std::size_t capacity) {
  both made{std::make_shared<pipe_end>(), std::make_shared<pipe_end>()};
  made.reader->content_ = made.writer->content_ = std::make_shared<content>();
  made.reader->content_->capacity = std::max<std::size_t>(capacity, 1);
  made.reader->other_ = made.writer.get();
  made.writer->other_ = made.reader.get();
  made.reader->reader_ = true;
  return made;
}

pipe_end::~pipe_end() {
  if (other_ == nullptr) return;
  other_->other_ = nullptr;
  other_->changed();
}

int pipe_end::read(std::span<const iovec> into, std::uint64_t) noexcept {
  if (!reader_) return -EBADF;
  if (content_->bytes.empty()) return other_ == nullptr ? 0 : -EAGAIN;
  const std::size_t count = content_->bytes.take(into, size_of(into));
  tell_other();
  return static_cast<int>(count);
}

int pipe_end::write(std::span<const iovec> from, std::uint64_t) noexcept {
  if (reader_) return -EBADF;
  if (other_ == nullptr) return -EPIPE;
  const std::size_t size = size_of(from);
  const std::size_t room = content_->capacity - content_->bytes.size();
  if (size != 0 && room == 0) return -EAGAIN;
  const std::size_t count = std::min(size, room);
  content_->bytes.append(from, count);
  tell_other();
  return static_cast<int>(count);
}

unsigned pipe_end::events() const noexcept {
  if (reader_) {
    unsigned all = content_->bytes.empty() ? 0U : unsigned{POLLIN};
    if (other_ == nullptr) all |= POLLHUP;
    return all;
  }
  if (other_ == nullptr) return POLLOUT | POLLERR;
  return content_->bytes.size() < content_->capacity ? unsigned{POLLOUT} : 0U;
}

}  // namespace lariat::io::testing
