#pragma once  // lint: allow(pragma) lint: allow(listed): of the sources only, not installed.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>

namespace lariat::io::testing {

class environment;

/// The room on the simulated disk, in pages. Its size is the fault plan's, at any time.
class disk_space {
 public:
  explicit disk_space(const environment& world) noexcept : world_(world) {}
  disk_space(const disk_space&) = delete;
  disk_space& operator=(const disk_space&) = delete;

  /// All of them, or none: false.
  bool take(std::uint64_t pages) noexcept;
  void give_back(std::uint64_t pages) noexcept { used_pages_ -= pages; }

 private:
  const environment& world_;
  std::uint64_t used_pages_ = 0;
};

/// The bytes of a simulated file: pages that take room on the disk, and holes, which take none and
/// read as zeros.
class file_content {
 public:
  static constexpr std::size_t page_bytes = 4096;

  explicit file_content(disk_space& disk) noexcept : disk_(disk) {}
  file_content(const file_content&) = delete;
  file_content& operator=(const file_content&) = delete;
  ~file_content() { disk_.give_back(pages_.size()); }

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  [[nodiscard]] std::uint64_t pages() const noexcept { return pages_.size(); }

  /// Gives how many bytes there were.
  std::size_t read(std::uint64_t at, std::span<std::byte> into) const noexcept;

  /// Gives how many bytes there was room for.
  std::size_t write(std::uint64_t at, std::span<const std::byte> from);

  /// Where the first page or the first hole begins that is at an offset or behind it; the end of
  /// the file is a hole.
  [[nodiscard]] std::uint64_t next_page(std::uint64_t at) const noexcept;
  [[nodiscard]] std::uint64_t next_hole(std::uint64_t at) const noexcept;

  /// Cuts it, or adds a hole.
  void resize(std::uint64_t size) noexcept;

  /// Makes pages of the holes in a range, which may lie behind the end. All of them, or none:
  /// false.
  bool reserve(std::uint64_t begin, std::uint64_t end);

  /// Makes a range read as zeros; whole pages become holes.
  void punch(std::uint64_t begin, std::uint64_t end) noexcept;

  [[nodiscard]] std::string text() const;

 private:
  using page = std::unique_ptr<std::byte[]>;

  void clear_in_page(std::uint64_t begin, std::uint64_t end) noexcept;
  void drop_pages(std::uint64_t first, std::uint64_t end) noexcept;

  disk_space& disk_;
  std::map<std::uint64_t, page> pages_;
  std::uint64_t size_ = 0;
};

}  // namespace lariat::io::testing
