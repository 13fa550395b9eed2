#include <lariat/io/stream/detail/read_buffer.hpp>

#include <algorithm>
#include <cassert>
#include <cstring>

namespace lariat::io::detail {

std::span<std::byte> read_buffer::room(std::size_t wanted) {
  constexpr std::size_t capacity_min = 4096;
  const std::size_t held = size();
  wanted = std::max(wanted, held + 1);
  if (wanted > capacity_) {
    const std::size_t capacity = std::max({wanted, 2 * capacity_, capacity_min});
    auto larger = std::make_unique_for_overwrite<std::byte[]>(capacity);
    if (held > 0) std::memcpy(larger.get(), memory_.get() + begin_, held);
    memory_ = std::move(larger);
    capacity_ = capacity;
    begin_ = 0;
    end_ = held;
  } else if (begin_ + wanted > capacity_) {
    std::memmove(memory_.get(), memory_.get() + begin_, held);
    begin_ = 0;
    end_ = held;
  }
  return {memory_.get() + end_, capacity_ - end_};
}

void read_buffer::consume(std::size_t count) noexcept {
  assert(count <= size() && "more bytes were consumed than are buffered");
  begin_ += count;
  // Empty: the next bytes go to the front, and nothing has to be moved.
  if (begin_ == end_) begin_ = end_ = 0;
}

std::size_t read_buffer::find(std::string_view delimiter, std::size_t& searched) const noexcept {
  const std::string_view text(reinterpret_cast<const char*>(memory_.get()) + begin_, size());
  // A delimiter may lie across what was searched and what is new.
  const std::size_t from = searched < delimiter.size() ? 0 : searched - (delimiter.size() - 1);
  searched = text.size();
  const std::size_t at = text.find(delimiter, from);
  return at == npos ? npos : at + delimiter.size();
}

std::size_t read_buffer::take(std::span<std::byte> into) noexcept {
  const std::size_t count = std::min(into.size(), size());
  if (count > 0) std::memcpy(into.data(), memory_.get() + begin_, count);
  consume(count);
  return count;
}

}  // namespace lariat::io::detail
