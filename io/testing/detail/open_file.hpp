#pragma once  // lint: allow(pragma) lint: allow(listed): of the sources only, not installed.

#include <lariat/io/testing/detail/file_tree.hpp>
#include <lariat/io/testing/detail/open_description.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

namespace lariat::io::testing {

/// An open file or directory of the simulated tree.
class open_file final : public open_description {
 public:
  /// \param flags As of open(2).
  open_file(file_tree& files, node_ptr node, int flags, std::string path)
      : files_(files), node_(std::move(node)), flags_(flags), path_(std::move(path)) {}

  [[nodiscard]] const node_ptr& node() const noexcept { return node_; }
  [[nodiscard]] bool readable() const noexcept override;
  [[nodiscard]] bool writable() const noexcept override;
  [[nodiscard]] int flags() const noexcept { return flags_; }

  /// lseek(2): the cursor, or a negative errno.
  std::int64_t seek(std::int64_t offset, int whence) noexcept;

  /// `offset` -1 stands for the cursor.
  int read(std::span<const iovec> into, std::uint64_t offset) noexcept override;
  int write(std::span<const iovec> from, std::uint64_t offset) noexcept override;
  [[nodiscard]] unsigned events() const noexcept override;
  [[nodiscard]] std::string describe() const override;
  [[nodiscard]] open_file* as_file() noexcept override { return this; }

  [[nodiscard]] const file_node* node_in_tree() const noexcept override { return node_.get(); }

  [[nodiscard]] std::uint64_t cursor() const noexcept { return cursor_; }
  void set_cursor(std::uint64_t to) noexcept { cursor_ = to; }

  /// By O_PATH: it has a place, and no content.
  [[nodiscard]] bool is_only_path() const noexcept;

  /// What fallocate(2) refuses of any descriptor. 0 or a negative errno.
  [[nodiscard]] static int check_allocation(open_description& of, int mode, std::uint64_t offset,
                                            std::uint64_t length) noexcept;

  /// fallocate(2), of what was checked. 0 or a negative errno.
  int allocate(int mode, std::uint64_t offset, std::uint64_t length);

  /// getdents64(2): bytes of entries, in order of names.
  int read_names(std::span<std::byte> into);

 private:
  file_tree& files_;
  node_ptr node_;
  int flags_;
  std::string path_;
  std::uint64_t cursor_ = 0;  // In a directory: how many of "." and ".." were read.
  std::string last_name_;     // In a directory: the last other one.
};

}  // namespace lariat::io::testing
