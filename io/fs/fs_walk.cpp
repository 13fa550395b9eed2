#include <lariat/io/fs/fs_walk.hpp>

#include <lariat/io/fs/detail/file_lane.hpp>
#include <lariat/io/kernel/detail/system_calls.hpp>
#include <lariat/io/op/descriptor.hpp>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

namespace lariat::io::fs {
namespace {

constexpr std::size_t batch_bytes = 32 * 1024;

descriptor open_here(const std::string& path) {
  descriptor opened(detail::sys::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened) detail::throw_error(errno, "open", path);
  return opened;
}

file_type type_of(unsigned char kind, int directory, const char* name) noexcept {
  if (kind != DT_UNKNOWN) return detail::type_of_mode(DTTOIF(kind));
  // Some file systems leave it to us.
  struct stat found;
  if (detail::sys::fstatat(directory, name, found, AT_SYMLINK_NOFOLLOW) != 0)
    return file_type::unknown;
  return detail::type_of_mode(found.st_mode);
}

// The next names; none at the end. By getdents64 itself, as readdir's stream would have to be
// handed from thread to thread.
std::vector<dir_entry> read_batch_here(int directory, const std::string& path) {
  const auto buffer = std::make_unique<std::byte[]>(batch_bytes);
  std::vector<dir_entry> batch;
  // A batch may consist of "." and ".." only, and must not look like the end.
  while (batch.empty()) {
    const ssize_t filled = detail::sys::getdents64(directory, buffer.get(), batch_bytes);
    if (filled < 0) detail::throw_error(errno, "readdir", path);
    if (filled == 0) break;
    for (ssize_t at = 0; at < filled;) {
      const auto* entry = reinterpret_cast<const dirent64*>(buffer.get() + at);
      at += entry->d_reclen;
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      batch.push_back(
          {std::string(name), type_of(entry->d_type, directory, entry->d_name), entry->d_ino});
    }
  }
  return batch;
}

// What a directory is known by; nothing if it cannot be opened.
using identity = std::pair<std::uint64_t, std::uint64_t>;

std::optional<identity> identify_here(const std::string& path) noexcept {
  struct stat found;
  if (detail::sys::fstatat(AT_FDCWD, path.c_str(), found, 0) != 0 || !S_ISDIR(found.st_mode))
    return std::nullopt;
  return identity(found.st_dev, found.st_ino);
}

std::string join(const std::string& directory, const std::string& name) {
  return directory.ends_with('/') ? directory + name : directory + '/' + name;
}

// The directories that a walk still has to read.
class walk_plan {
 public:
  struct place {
    std::string path;
    unsigned depth = 0;
    bool through_symlink = false;
  };

  walk_plan(std::string path, walk_options options) : options_(std::move(options)) {
    places_.push_back({std::move(path), 0, false});
  }

  [[nodiscard]] bool empty() const noexcept { return places_.empty(); }
  [[nodiscard]] const walk_options& options() const noexcept { return options_; }

  place take() {
    place next = std::move(places_.back());
    places_.pop_back();
    return next;
  }

  [[nodiscard]] bool excludes(const std::string& name) const {
    return std::find(options_.exclude.begin(), options_.exclude.end(), name) !=
           options_.exclude.end();
  }

  // Notes what is to be read later.
  void add(const walk_entry& entry) {
    if (entry.depth >= options_.depth_max) return;
    const bool symlink = entry.type == file_type::symlink;
    if (entry.type != file_type::directory && !(symlink && options_.follow_symlinks)) return;
    places_.push_back({entry.path, entry.depth, symlink});
  }

  // Whether the walk has not been there. Only links can lead anywhere twice.
  bool visit(const std::optional<identity>& who) { return who && visited_.insert(*who).second; }

 private:
  walk_options options_;
  std::vector<place> places_;
  std::set<identity> visited_;
};

}  // namespace

async_generator<dir_entry> entries(std::string path) {
  detail::check_path("open", path);
  descriptor directory = co_await to_thread(detail::on_file_lane(), open_here, path);
  for (;;) {
    std::vector<dir_entry> batch = co_await to_thread(detail::on_file_lane(), read_batch_here,
                                                      directory.native_handle(), path);
    if (batch.empty()) co_return;
    for (dir_entry& each : batch) co_yield std::move(each);
  }
}

async_generator<walk_entry> walk(std::string path, walk_options options) {
  walk_plan plan(std::move(path), std::move(options));
  while (!plan.empty()) {
    walk_plan::place here = plan.take();
    if (plan.options().follow_symlinks) {
      std::optional<identity> who =
          co_await to_thread(detail::on_file_lane(), identify_here, here.path);
      // A link to a file, or to nothing, is no directory that could not be read.
      if (!plan.visit(who) && (who || here.through_symlink)) continue;
    }
    async_generator<dir_entry> names = entries(here.path);
    std::error_code error;
    for (;;) {
      std::optional<dir_entry> name;
      try {
        name = co_await names.next();
      } catch (const std::system_error& failure) {
        if (plan.options().on_error == on_walk_error::fail) throw;
        error = failure.code();
      }
      if (!name) break;
      if (plan.excludes(name->name)) continue;
      walk_entry entry{join(here.path, name->name), name->type, here.depth + 1, {}};
      plan.add(entry);
      co_yield std::move(entry);
    }
    if (error && plan.options().on_error == on_walk_error::report) {
      walk_entry entry{std::move(here.path), file_type::directory, here.depth, error};
      co_yield std::move(entry);
    }
  }
}

async_generator<walk_entry> walk(std::string path) {
  walk_options options;
  return walk(std::move(path), std::move(options));
}

}  // namespace lariat::io::fs
