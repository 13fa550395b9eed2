#pragma once  // lint: allow(pragma) lint: allow(listed): of the sources only, not installed.

#include <lariat/io/testing/detail/environment.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct stat;
struct statx;

namespace lariat::io::testing {

/// A file, a directory or a symbolic link: what the kernel calls an inode.
struct file_node {
  unsigned mode = 0;  ///< As st_mode.
  std::uint64_t number = 0;
  unsigned links = 1;
  clock_ns created = 0;
  clock_ns modified = 0;
  std::vector<std::byte> content;  ///< Of a file; the target of a link.
  std::map<std::string, std::shared_ptr<file_node>, std::less<>> names;  ///< Of a directory.
  std::weak_ptr<file_node> parent;                                       ///< Of a directory.
  std::string name;                                                      ///< Of a directory, there.

  [[nodiscard]] bool is_directory() const noexcept;
  [[nodiscard]] bool is_symlink() const noexcept;
  [[nodiscard]] std::string_view text() const noexcept {
    return {reinterpret_cast<const char*>(content.data()), content.size()};
  }
};

using node_ptr = std::shared_ptr<file_node>;

/// The simulated files: a tree in memory, without permissions (everybody is root). The working
/// directory is its root; there is a /tmp.
class file_tree {
 public:
  explicit file_tree(environment& world);
  file_tree(const file_tree&) = delete;
  file_tree& operator=(const file_tree&) = delete;

  [[nodiscard]] const node_ptr& root() const noexcept { return root_; }

  /// Where a path leads: the directory that the last name is in, the name, and what has it.
  struct place {
    int error = 0;  ///< A positive errno; none if only the last name is missing.
    node_ptr directory;
    std::string name;
    node_ptr node;                 ///< Null if there is none.
    bool wants_directory = false;  ///< The path ends with a slash.

    [[nodiscard]] int missing() const noexcept;  ///< What fails if it has to be there.
  };
  /// \param from The directory that the path begins in, if it is relative.
  [[nodiscard]] place find(const node_ptr& from, std::string_view path, bool follow) const;

  // Each gives 0 or a negative errno.
  int make_directory(const node_ptr& from, std::string_view path, unsigned mode);
  int make_file(const place& where, unsigned mode, node_ptr& made);
  int unlink(const node_ptr& from, std::string_view path, bool directory);
  int rename(const node_ptr& old_from, std::string_view old_path, const node_ptr& new_from,
             std::string_view new_path, unsigned flags);
  int link(const node_ptr& old_from, std::string_view old_path, const node_ptr& new_from,
           std::string_view new_path, bool follow);
  int symlink(std::string_view target, const node_ptr& from, std::string_view path);

  /// Makes a file that long; zeros at the end if it was shorter.
  int resize(file_node& node, std::uint64_t size);

  /// Whether files may grow by so much, which is noted. \param more Negative: they have shrunk.
  bool take_space(std::int64_t more) noexcept;

  void touch(file_node& node) noexcept { node.modified = world_.now(); }

  /// The absolute path of a directory, or of a name in it.
  [[nodiscard]] static std::string path_of(const file_node& directory);

  void describe(const file_node& node, struct stat& into) const noexcept;
  void describe(const file_node& node, struct statx& into) const noexcept;

 private:
  [[nodiscard]] node_ptr make_node(unsigned mode);
  [[nodiscard]] int place_at(const place& where, const node_ptr& node);
  void walk(place& at, std::string_view path, bool follow, int& links_left) const;
  void drop_name(file_node& directory, const std::string& name);

  environment& world_;
  std::uint64_t next_number_ = 1;
  std::uint64_t used_bytes_ = 0;
  node_ptr root_;
};

}  // namespace lariat::io::testing
