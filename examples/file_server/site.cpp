#include "site.hpp"

#include "http.hpp"

#include <lariat/io/op/raw_op.hpp>

#include <fcntl.h>
#include <liburing.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <system_error>
#include <utility>

namespace file_server {
namespace {

using namespace lariat;

std::string_view type_of(std::string_view path) {
  struct known_type {
    std::string_view extension;
    std::string_view type;
  };
  static constexpr std::array<known_type, 20> types = {{
      {"css", "text/css; charset=utf-8"},
      {"csv", "text/csv; charset=utf-8"},
      {"gif", "image/gif"},
      {"gz", "application/gzip"},
      {"htm", "text/html; charset=utf-8"},
      {"html", "text/html; charset=utf-8"},
      {"ico", "image/x-icon"},
      {"jpeg", "image/jpeg"},
      {"jpg", "image/jpeg"},
      {"js", "text/javascript; charset=utf-8"},
      {"json", "application/json"},
      {"md", "text/markdown; charset=utf-8"},
      {"mp4", "video/mp4"},
      {"pdf", "application/pdf"},
      {"png", "image/png"},
      {"svg", "image/svg+xml"},
      {"txt", "text/plain; charset=utf-8"},
      {"wasm", "application/wasm"},
      {"webp", "image/webp"},
      {"xml", "application/xml"},
  }};
  const std::size_t dot = path.find_last_of("./");
  if (dot == path.npos || path[dot] == '/') return "application/octet-stream";
  std::string extension(path.substr(dot + 1));
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto found = std::find_if(types.begin(), types.end(),
                                  [&](const known_type& t) { return t.extension == extension; });
  return found == types.end() ? "application/octet-stream" : found->type;
}

unsigned status_of(int error) {
  switch (error) {
    case EACCES:
    case EPERM:
      return 403;
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
    case ELOOP:
    case ENXIO:  // A socket.
    case EXDEV:  // Out of the root: nobody's business that there is something.
      return 404;
    case EAGAIN:  // The tree is being changed.
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return 503;
    default:
      return 500;
  }
}

// By a plain call: the inode of an open file is in memory.
struct stat stat_of(const io::descriptor& file) {
  struct stat found;
  if (::fstat(file.native_handle(), &found) != 0) throw refusal{status_of(errno)};
  return found;
}

}  // namespace

site::site(const std::string& root)
    : root_(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {
  if (!root_) throw std::system_error(errno, std::system_category(), "open " + root);
}

task<io::descriptor> site::open_beneath(const std::string& path) const {
  open_how how = {};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;  // A FIFO would wait for a writer.
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  auto prepare = [&](io_uring_sqe& entry) {
    io_uring_prep_openat2(&entry, root_.native_handle(), path.c_str(), &how);
  };
  const int opened = co_await io::raw_op(prepare);
  if (opened < 0) throw refusal{status_of(-opened)};
  co_return io::descriptor(opened);
}

task<document> site::open(std::string path) const {
  if (path.empty()) path = "./";
  io::descriptor file = co_await open_beneath(path);
  struct stat found = stat_of(file);
  if (S_ISDIR(found.st_mode)) {
    if (!path.ends_with('/')) throw refusal{301};
    path += "index.html";
    file = co_await open_beneath(path);
    found = stat_of(file);
  }
  if (!S_ISREG(found.st_mode)) throw refusal{404};
  // Or io_uring reports EAGAIN where a file system wants to wait for its disk.
  ::fcntl(file.native_handle(), F_SETFL, 0);
  document opened;
  opened.content = io::file(std::move(file));
  opened.size = static_cast<std::uint64_t>(found.st_size);
  opened.modified = found.st_mtime;
  opened.type = type_of(path);
  co_return opened;
}

}  // namespace file_server
