#pragma once  // lint: allow(pragma) lint: allow(listed): of the sources only, not installed.

#include <lariat/io/testing/detail/environment.hpp>
#include <lariat/io/testing/detail/file_content.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

struct stat;
struct statx;

namespace lariat::io::testing {

class simulated_pipe;

/// A file, a directory, a symbolic link or a FIFO: what the kernel calls an inode.
struct file_node {
  explicit file_node(disk_space& disk) noexcept : content(disk) {}

  unsigned mode = 0;  ///< As st_mode.
  std::uint64_t number = 0;
  unsigned links = 1;
  clock_ns created = 0;
  clock_ns modified = 0;
  file_content content;                                                  ///< Of a file.
  std::string target;                                                    ///< Of a symbolic link.
  std::shared_ptr<simulated_pipe> fifo;                                  ///< Of a FIFO.
  std::map<std::string, std::shared_ptr<file_node>, std::less<>> names;  ///< Of a directory.
  std::weak_ptr<file_node> parent;                                       ///< Of a directory.
  std::string name;                                                      ///< Of a directory, there.

  [[nodiscard]] bool is_directory() const noexcept;
  [[nodiscard]] bool is_symlink() const noexcept;
  [[nodiscard]] bool is_regular() const noexcept;
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
    int error = 0;          ///< A positive errno; none if only the last name is missing.
    bool too_long = false;  ///< It is the last name's, and ENAMETOOLONG.
    bool no_path = false;   ///< The path as such is wrong: empty, or too long.
    node_ptr directory;
    std::string name;
    node_ptr node;                 ///< Null if there is none.
    bool wants_directory = false;  ///< The path ends with a slash.
    enum class ending : unsigned char { name, dot, dot_dot, root } last = ending::root;

    [[nodiscard]] int missing() const noexcept;  ///< What fails if it has to be there.
  };
  /// What becomes of a symbolic link at the end of a path.
  enum class at_end : unsigned char {
    follow,
    stay,            ///< It is what is meant, unless a slash comes after it.
    parent,          ///< It is what is meant: the name is made, or removed.
    make_or_follow,  ///< As O_CREAT does: a slash after the last name is EISDIR.
    make_or_stay,
  };
  /// \param from The directory that the path begins in, if it is relative.
  [[nodiscard]] place find(const node_ptr& from, std::string_view path, at_end last) const;

  // Each gives 0 or a negative errno.
  int make_directory(const node_ptr& from, std::string_view path, unsigned mode);
  int make_file(const place& where, unsigned mode, node_ptr& made);
  int make_fifo(const node_ptr& from, std::string_view path, unsigned mode);
  int unlink(const node_ptr& from, std::string_view path, bool directory);
  int rename(const node_ptr& old_from, std::string_view old_path, const node_ptr& new_from,
             std::string_view new_path, unsigned flags);
  int link(const node_ptr& old_from, std::string_view old_path, const node_ptr& new_from,
           std::string_view new_path, bool follow);
  int symlink(std::string_view target, const node_ptr& from, std::string_view path);

  /// Makes a file that long; zeros at the end if it was shorter.
  int resize(file_node& node, std::uint64_t size) noexcept;

  /// How long files may be.
  [[nodiscard]] std::uint64_t file_max() const noexcept;

  void touch(file_node& node) noexcept { node.modified = world_.now(); }

  /// The absolute path of a directory, or of a name in it.
  [[nodiscard]] static std::string path_of(const file_node& directory);

  /// A node that has no name, such as a pipe's.
  [[nodiscard]] node_ptr make_node(unsigned mode);

  void describe(const file_node& node, struct stat& into) const noexcept;
  void describe(const file_node& node, struct statx& into) const noexcept;

 private:
  [[nodiscard]] static int may_rename(const place& old, const place& target, bool keep);
  [[nodiscard]] static int may_make(const place& where, bool directory) noexcept;
  [[nodiscard]] int place_at(const place& where, const node_ptr& node);
  void walk(place& at, std::string_view path, at_end mode, int& links_left) const;
  void drop_name(file_node& directory, const std::string& name);

  environment& world_;
  std::uint64_t next_number_ = 1;
  disk_space disk_;
  node_ptr root_;
};

}  // namespace lariat::io::testing
