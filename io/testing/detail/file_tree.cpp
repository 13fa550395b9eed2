#include <lariat/io/testing/detail/file_tree.hpp>

#include <lariat/io/testing/detail/pipe.hpp>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>

namespace lariat::io::testing {
namespace {

constexpr int links_max = 40;
constexpr std::size_t name_max = 255;
constexpr std::size_t path_max = 4095;
constexpr unsigned block = 4096;

bool makes(file_tree::at_end mode) noexcept {
  return mode == file_tree::at_end::make_or_follow || mode == file_tree::at_end::make_or_stay;
}

// \param slash Whether one comes after it.
bool stays(file_tree::at_end mode, bool slash) noexcept {
  using at_end = file_tree::at_end;
  if (mode == at_end::stay) return !slash;
  return mode == at_end::parent || mode == at_end::make_or_stay;
}

bool is_in(const file_node* node, const file_node* directory) {
  for (node_ptr hold; node != nullptr;) {
    if (node == directory) return true;
    hold = node->parent.lock();
    node = hold.get();
  }
  return false;
}

}  // namespace

bool file_node::is_directory() const noexcept { return S_ISDIR(mode); }

bool file_node::is_symlink() const noexcept { return S_ISLNK(mode); }

bool file_node::is_regular() const noexcept { return S_ISREG(mode); }

int file_tree::place::missing() const noexcept {
  if (error != 0) return -error;
  if (node == nullptr) return -ENOENT;
  return wants_directory && !node->is_directory() ? -ENOTDIR : 0;
}

file_tree::file_tree(environment& world)
    : world_(world), disk_(world), root_(make_node(S_IFDIR | 0755)) {
  make_directory(root_, "/tmp", 01777);
}

node_ptr file_tree::make_node(unsigned mode) {
  auto made = std::make_shared<file_node>(disk_);
  made->mode = mode;
  made->number = next_number_++;
  made->links = (mode & S_IFMT) == S_IFDIR ? 2 : 1;
  made->created = made->modified = world_.now();
  return made;
}

file_tree::place file_tree::find(const node_ptr& from, std::string_view path, at_end last) const {
  place at;
  at.directory = from;
  int links_left = links_max;
  if (path.empty()) {
    at.error = ENOENT;
    at.no_path = true;
  } else if (path.size() > path_max) {
    at.error = ENAMETOOLONG;
    at.no_path = true;
  } else {
    walk(at, path, last, links_left);
  }
  return at;
}

// Goes from `at.directory` along the path. Then `at` is where the path leads.
void file_tree::walk(place& at, std::string_view path, at_end mode, int& links_left) const {
  node_ptr here = path.front() == '/' ? root_ : at.directory;
  at.wants_directory = path.back() == '/';
  at.directory = here;
  at.name.clear();
  at.node = here;
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view name = path.substr(begin, end - begin);
    begin = end + 1;
    if (name.empty()) continue;
    if (at.node == nullptr) return void(at.error = ENOENT);
    if (!at.node->is_directory()) return void(at.error = ENOTDIR);
    if (name.size() > name_max) {
      at.too_long = path.find_first_not_of('/', end) == path.npos;
      at.last = place::ending::name;
      const bool slash = at.too_long && makes(mode) && at.wants_directory;
      return void(at.error = slash ? EISDIR : ENAMETOOLONG);
    }
    at.last = place::ending::dot;
    if (name == ".") continue;
    here = at.node;
    at.directory = here;
    at.name = name;
    at.last = name == ".." ? place::ending::dot_dot : place::ending::name;
    if (name == "..") {
      const node_ptr parent = here->parent.lock();
      at.node = parent == nullptr ? here : parent;
      continue;
    }
    const auto found = here->names.find(name);
    at.node = found == here->names.end() ? nullptr : found->second;
    const bool last = path.find_first_not_of('/', end) == path.npos;
    if (last && makes(mode) && at.wants_directory) return void(at.error = EISDIR);
    if (at.node == nullptr || !at.node->is_symlink()) continue;
    if (last && stays(mode, at.wants_directory)) continue;
    if (--links_left < 0) return void(at.error = ELOOP);
    const node_ptr link = at.node;
    const bool wants_directory = at.wants_directory;
    walk(at, link->target, last && makes(mode) ? mode : at_end::follow, links_left);
    at.wants_directory = at.wants_directory || wants_directory;
    at.too_long = at.too_long && last;
    if (at.error != 0) return;
  }
}

// Whether a name can be given to something. A slash behind it is for directories.
int file_tree::may_make(const place& where, bool directory) noexcept {
  if (where.error != 0) return -where.error;
  if (where.node != nullptr) return -EEXIST;
  return where.wants_directory && !directory ? -ENOENT : 0;
}

int file_tree::place_at(const place& where, const node_ptr& node) {
  if (const int error = may_make(where, node->is_directory()); error != 0) return error;
  if (world_.random().chance(world_.plan().no_space)) return -ENOSPC;
  where.directory->names.emplace(where.name, node);
  if (node->is_directory()) {
    node->parent = where.directory;
    node->name = where.name;
    ++where.directory->links;
  }
  touch(*where.directory);
  return 0;
}

int file_tree::make_directory(const node_ptr& from, std::string_view path, unsigned mode) {
  return place_at(find(from, path, at_end::parent), make_node(S_IFDIR | (mode & 07777)));
}

int file_tree::make_file(const place& where, unsigned mode, node_ptr& made) {
  if (where.wants_directory) return -EISDIR;
  made = make_node(S_IFREG | (mode & 07777));
  return place_at(where, made);
}

int file_tree::make_fifo(const node_ptr& from, std::string_view path, unsigned mode) {
  const node_ptr made = make_node(S_IFIFO | (mode & 07777));
  made->fifo = std::make_shared<simulated_pipe>(world_.plan().socket_buffer_bytes);
  return place_at(find(from, path, at_end::parent), made);
}

int file_tree::symlink(std::string_view target, const node_ptr& from, std::string_view path) {
  if (target.empty()) return -ENOENT;
  const node_ptr made = make_node(S_IFLNK | 0777);
  made->target = target;
  return place_at(find(from, path, at_end::parent), made);
}

int file_tree::link(const node_ptr& old_from, std::string_view old_path, const node_ptr& new_from,
                    std::string_view new_path, bool follow) {
  const place old = find(old_from, old_path, follow ? at_end::follow : at_end::stay);
  const place made = find(new_from, new_path, at_end::parent);
  if (made.no_path && !old.no_path) return -made.error;
  if (const int error = old.missing(); error != 0) return error;
  if (const int error = may_make(made, false); error != 0) return error;
  if (old.node->is_directory()) return -EPERM;
  const int result = place_at(made, old.node);
  if (result == 0) ++old.node->links;
  return result;
}

void file_tree::drop_name(file_node& directory, const std::string& name) {
  const auto found = directory.names.find(name);
  const node_ptr node = found->second;
  directory.names.erase(found);
  touch(directory);
  --node->links;
  if (node->is_directory()) {
    --directory.links;
    node->parent.reset();
  }
}

int file_tree::unlink(const node_ptr& from, std::string_view path, bool directory) {
  const place at = find(from, path, at_end::parent);
  if (const int error = at.missing(); error != 0) return error;
  if (at.last != place::ending::name) {
    if (!directory) return -EISDIR;
    if (at.last == place::ending::root) return -EBUSY;
    return at.last == place::ending::dot ? -EINVAL : -ENOTEMPTY;
  }
  if (directory != at.node->is_directory()) return directory ? -ENOTDIR : -EISDIR;
  if (directory && !at.node->names.empty()) return -ENOTEMPTY;
  drop_name(*at.directory, at.name);
  return 0;
}

// In the order in which the kernel looks at things, which shows where two of them are wrong.
int file_tree::may_rename(const place& old, const place& target, bool keep) {
  using ending = place::ending;
  if (old.no_path) return -old.error;
  if (target.no_path) return -target.error;
  if (old.error != 0 && !old.too_long) return -old.error;
  if (target.error != 0 && !target.too_long) return -target.error;
  if (old.last != ending::name) return -EBUSY;
  if (target.last != ending::name) return keep ? -EEXIST : -EBUSY;
  if (old.error != 0) return -old.error;
  if (old.node == nullptr) return -ENOENT;
  if (target.error != 0) return -target.error;
  if (target.node != nullptr && keep) return -EEXIST;
  const bool directory = old.node->is_directory();
  if (!directory && (old.wants_directory || target.wants_directory)) return -ENOTDIR;
  if (directory && is_in(target.directory.get(), old.node.get())) return -EINVAL;
  if (target.node == nullptr || target.node == old.node) return 0;
  if (is_in(old.directory.get(), target.node.get())) return -ENOTEMPTY;
  if (directory != target.node->is_directory()) return directory ? -ENOTDIR : -EISDIR;
  return directory && !target.node->names.empty() ? -ENOTEMPTY : 0;
}

int file_tree::rename(const node_ptr& old_from, std::string_view old_path, const node_ptr& new_from,
                      std::string_view new_path, unsigned flags) {
  if ((flags & ~unsigned{RENAME_NOREPLACE}) != 0) return -EINVAL;
  const place old = find(old_from, old_path, at_end::parent);
  const place target = find(new_from, new_path, at_end::parent);
  if (const int error = may_rename(old, target, (flags & RENAME_NOREPLACE) != 0); error != 0) {
    return error;
  }
  if (old.node == target.node) return 0;
  const bool directory = old.node->is_directory();
  if (world_.random().chance(world_.plan().no_space)) return -ENOSPC;
  if (target.node != nullptr) drop_name(*target.directory, target.name);
  old.directory->names.erase(old.name);
  target.directory->names[target.name] = old.node;
  if (directory) {
    --old.directory->links;
    ++target.directory->links;
    old.node->parent = target.directory;
    old.node->name = target.name;
  }
  touch(*old.directory);
  touch(*target.directory);
  return 0;
}

int file_tree::resize(file_node& node, std::uint64_t size) noexcept {
  if (size > node.content.size() && size > file_max()) return -EFBIG;
  node.content.resize(size);
  touch(node);
  return 0;
}

std::uint64_t file_tree::file_max() const noexcept {
  return std::min<std::uint64_t>(world_.plan().file_bytes, INT64_MAX);
}

std::string file_tree::path_of(const file_node& directory) {
  const node_ptr parent = directory.parent.lock();
  if (parent == nullptr) return "/";
  const std::string above = path_of(*parent);
  return (above == "/" ? above : above + '/') + directory.name;
}

void file_tree::describe(const file_node& node, struct stat& into) const noexcept {
  into = {};
  into.st_dev = 1;
  into.st_ino = node.number;
  into.st_mode = node.mode;
  into.st_nlink = node.links;
  into.st_size = static_cast<off_t>(node.is_symlink() ? node.target.size() : node.content.size());
  into.st_blksize = block;
  into.st_blocks = static_cast<blkcnt_t>(node.content.pages() * (block / 512));
  into.st_mtim = {node.modified / 1'000'000'000, node.modified % 1'000'000'000};
  into.st_atim = into.st_ctim = into.st_mtim;
}

void file_tree::describe(const file_node& node, struct statx& into) const noexcept {
  const auto time = [](clock_ns at) {
    statx_timestamp stamp{};
    stamp.tv_sec = at / 1'000'000'000;
    stamp.tv_nsec = static_cast<unsigned>(at % 1'000'000'000);
    return stamp;
  };
  struct stat plain;
  describe(node, plain);
  std::memset(&into, 0, sizeof into);
  into.stx_mask = STATX_BASIC_STATS | STATX_BTIME;
  into.stx_dev_minor = 1;
  into.stx_ino = node.number;
  into.stx_mode = static_cast<std::uint16_t>(node.mode);
  into.stx_nlink = node.links;
  into.stx_size = static_cast<std::uint64_t>(plain.st_size);
  into.stx_blksize = block;
  into.stx_blocks = static_cast<std::uint64_t>(plain.st_blocks);
  into.stx_mtime = into.stx_atime = into.stx_ctime = time(node.modified);
  into.stx_btime = time(node.created);
}

}  // namespace lariat::io::testing
