#include <lariat/io/testing/detail/file_content.hpp>

#include <lariat/io/testing/detail/environment.hpp>

#include <algorithm>
#include <cstring>

namespace lariat::io::testing {
namespace {

constexpr std::uint64_t page_bytes = file_content::page_bytes;

}  // namespace

bool disk_space::take(std::uint64_t pages) noexcept {
  const std::uint64_t all = world_.plan().disk_bytes / page_bytes;
  if (used_pages_ > all || pages > all - used_pages_) return false;
  used_pages_ += pages;
  return true;
}

std::size_t file_content::read(std::uint64_t at, std::span<std::byte> into) const noexcept {
  if (at >= size_) return 0;
  into = into.first(std::min<std::uint64_t>(into.size(), size_ - at));
  for (std::size_t done = 0; done < into.size();) {
    const std::uint64_t offset = (at + done) % page_bytes;
    const std::size_t count = std::min<std::size_t>(into.size() - done, page_bytes - offset);
    const auto found = pages_.find((at + done) / page_bytes);
    if (found == pages_.end()) {
      std::memset(into.data() + done, 0, count);
    } else {
      std::memcpy(into.data() + done, found->second.get() + offset, count);
    }
    done += count;
  }
  return into.size();
}

std::size_t file_content::write(std::uint64_t at, std::span<const std::byte> from) {
  std::size_t done = 0;
  while (done < from.size()) {
    const std::uint64_t offset = (at + done) % page_bytes;
    const std::size_t count = std::min<std::size_t>(from.size() - done, page_bytes - offset);
    auto found = pages_.find((at + done) / page_bytes);
    if (found == pages_.end()) {
      if (!disk_.take(1)) break;
      found =
          pages_.emplace((at + done) / page_bytes, std::make_unique<std::byte[]>(page_bytes)).first;
    }
    std::memcpy(found->second.get() + offset, from.data() + done, count);
    done += count;
  }
  if (done != 0) size_ = std::max(size_, at + done);
  return done;
}

std::uint64_t file_content::next_page(std::uint64_t at) const noexcept {
  const auto found = pages_.lower_bound(at / page_bytes);
  if (found == pages_.end()) return size_;
  return std::min(std::max(at, found->first * page_bytes), size_);
}

std::uint64_t file_content::next_hole(std::uint64_t at) const noexcept {
  std::uint64_t page = at / page_bytes;
  for (auto each = pages_.find(page); each != pages_.end() && each->first == page; ++each) ++page;
  return std::min(std::max(at, page * page_bytes), size_);
}

void file_content::resize(std::uint64_t size) noexcept {
  if (size < size_) {
    const std::uint64_t pages = size / page_bytes + (size % page_bytes != 0);
    if (size % page_bytes != 0) clear_in_page(size, pages * page_bytes);
    drop_pages(pages, ~std::uint64_t{0});
  }
  size_ = size;
}

bool file_content::reserve(std::uint64_t begin, std::uint64_t end) {
  const std::uint64_t first = begin / page_bytes;
  const std::uint64_t behind = end / page_bytes + (end % page_bytes != 0);
  const auto there = std::distance(pages_.lower_bound(first), pages_.lower_bound(behind));
  if (!disk_.take(behind - first - static_cast<std::uint64_t>(there))) return false;
  for (std::uint64_t each = first; each < behind; ++each) {
    page& made = pages_[each];
    if (made == nullptr) made = std::make_unique<std::byte[]>(page_bytes);
  }
  return true;
}

void file_content::punch(std::uint64_t begin, std::uint64_t end) noexcept {
  const std::uint64_t first_whole = begin / page_bytes + (begin % page_bytes != 0);
  const std::uint64_t whole_end = end / page_bytes;
  if (first_whole > whole_end) return clear_in_page(begin, end);
  if (begin % page_bytes != 0) clear_in_page(begin, first_whole * page_bytes);
  if (end % page_bytes != 0) clear_in_page(whole_end * page_bytes, end);
  drop_pages(first_whole, whole_end);
}

// \pre Both are of one page.
void file_content::clear_in_page(std::uint64_t begin, std::uint64_t end) noexcept {
  const auto found = pages_.find(begin / page_bytes);
  if (found == pages_.end()) return;
  std::memset(found->second.get() + begin % page_bytes, 0, end - begin);
}

void file_content::drop_pages(std::uint64_t first, std::uint64_t end) noexcept {
  const auto begin = pages_.lower_bound(first);
  const auto behind = pages_.lower_bound(end);
  disk_.give_back(static_cast<std::uint64_t>(std::distance(begin, behind)));
  pages_.erase(begin, behind);
}

std::string file_content::text() const {
  std::string all(size_, '\0');
  read(0, std::as_writable_bytes(std::span(all)));
  return all;
}

}  // namespace lariat::io::testing
