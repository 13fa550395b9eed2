#include <lariat/io/fs/fs_content.hpp>

#include <lariat/io/file/file.hpp>
#include <lariat/io/fs/fs_path.hpp>
#include <lariat/io/kernel/detail/system_calls.hpp>
#include <lariat/io/stream/buffer.hpp>
#include <lariat/sched/loop/loop.hpp>

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <system_error>
#include <utility>

namespace lariat::io::fs {
namespace {

// For files that do not know their size, such as those of /proc.
constexpr std::size_t first_guess = 4096;

// A cached file is copied while the operation is submitted, and fresh memory costs more than the
// copy: so much at a time keeps the loop for well under a millisecond.
constexpr std::size_t step = 256 * 1024;

// How much room to make behind the first `filled` bytes of a file that claims to have `claimed`:
// one byte more than that, so that the read which finds the end finds room.
std::size_t more_room(std::uint64_t claimed, std::size_t filled) {
  if (claimed == 0 || claimed < filled) return std::clamp(filled, first_guess, step);
  return static_cast<std::size_t>(std::min<std::uint64_t>(claimed - filled + 1, step));
}

// Address space for what the file claims to have; memory comes with its bytes. Where there is not
// so much, that is an error of the file's, with its name, and none of an allocation's.
template <class Content>
void reserve_for(Content& content, std::uint64_t claimed, const std::string& path) {
  int error = EFBIG;
  try {
    if (claimed < content.max_size()) return content.reserve(claimed + 1);
  } catch (const std::bad_alloc&) {
    error = ENOMEM;
  }
  detail::throw_error(error, "read", path);
}

template <class Content>
task<Content> read_whole(std::string path) {
  file input = co_await file::open(path);
  const std::uint64_t claimed = input.size();
  Content content;
  reserve_for(content, claimed, path);
  for (std::size_t filled = 0;;) {
    if (filled == content.size()) content.resize(filled + more_room(claimed, filled));
    const auto room = std::as_writable_bytes(std::span(content)).subspan(filled);
    const std::size_t count = co_await input.read_some(room);
    if (count == 0) {
      content.resize(filled);
      co_return content;
    }
    filled += count;
  }
}

task<> write_whole(std::string path, std::span<const std::byte> content, open_mode mode,
                   unsigned permissions) {
  file output = co_await file::open(path, open_mode::write | mode, permissions);
  co_await output.write_all(content);
  co_await output.close();  // Network file systems report their errors here.
}

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == path.npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// A name beside `path` that hardly any other call uses at the same time. By chance and not by a
// counter, which would not follow from a simulation's seed.
std::string temporary_name(const std::string& path) {
  return path + ".tmp-" + std::to_string(loop::random());
}

// Removes a file unless told otherwise. By a plain call: it must work while an exception, a cancel
// perhaps, passes.
class removed_on_failure {
 public:
  explicit removed_on_failure(const std::string& path) noexcept : path_(&path) {}
  removed_on_failure(const removed_on_failure&) = delete;
  ~removed_on_failure() {
    if (path_ != nullptr) detail::sys::unlinkat(AT_FDCWD, path_->c_str(), 0);
  }
  void keep() noexcept { path_ = nullptr; }

 private:
  const std::string* path_;
};

// Another call's file, or a leftover of a process that was killed, may be in the way.
task<file> create_temporary(const std::string& path, std::string& name, unsigned permissions) {
  for (;;) {
    name = temporary_name(path);
    try {
      file made = co_await file::open(name, open_mode::write | open_mode::exclusive, permissions);
      co_return made;
    } catch (const std::system_error& failure) {
      if (failure.code() != std::errc::file_exists) throw;
    }
  }
}

}  // namespace

task<std::string> read_file(std::string path) { return read_whole<std::string>(std::move(path)); }

task<std::vector<std::byte>> read_bytes(std::string path) {
  return read_whole<std::vector<std::byte>>(std::move(path));
}

task<> write_file(std::string path, std::span<const std::byte> content, unsigned permissions) {
  return write_whole(std::move(path), content, open_mode::create | open_mode::truncate,
                     permissions);
}

task<> write_file(std::string path, std::string_view content, unsigned permissions) {
  return write_file(std::move(path), bytes_of(content), permissions);
}

task<> append_file(std::string path, std::span<const std::byte> content, unsigned permissions) {
  return write_whole(std::move(path), content, open_mode::create | open_mode::append, permissions);
}

task<> append_file(std::string path, std::string_view content, unsigned permissions) {
  return append_file(std::move(path), bytes_of(content), permissions);
}

task<> write_file_durable(std::string path, std::span<const std::byte> content,
                          unsigned permissions) {
  std::string name;
  file output = co_await create_temporary(path, name, permissions);
  removed_on_failure guard(name);
  co_await output.write_all(content);
  co_await output.sync();
  co_await output.close();
  co_await rename(name, path);
  guard.keep();
  file directory = co_await file::open(directory_of(path), open_mode::read | open_mode::directory);
  co_await directory.sync();
}

task<> write_file_durable(std::string path, std::string_view content, unsigned permissions) {
  return write_file_durable(std::move(path), bytes_of(content), permissions);
}

}  // namespace lariat::io::fs
