#include <lariat/io/fs/fs_temp.hpp>

#include <lariat/io/fs/detail/file_lane.hpp>
#include <lariat/io/fs/fs_tree.hpp>
#include <lariat/io/kernel/detail/system_calls.hpp>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <exception>

namespace lariat::io::fs {
namespace {

std::string default_parent() {
  const char* from_environment = std::getenv("TMPDIR");
  return from_environment != nullptr && *from_environment != '\0' ? from_environment : "/tmp";
}

std::string make_here(std::string name) {
  if (detail::sys::mkdtemp(name.data()) != 0) detail::throw_error(errno, "mkdtemp", name);
  return name;
}

}  // namespace

task<temp_dir> temp_dir::create(std::string parent) {
  std::string name = (parent.empty() ? default_parent() : std::move(parent)) + "/lariat-XXXXXX";
  detail::check_path("mkdtemp", name);
  co_return temp_dir(co_await to_thread(detail::on_file_lane(), make_here, std::move(name)));
}

temp_dir::~temp_dir() {
  if (path_.empty()) return;
  try {
    detail::remove_tree(path_);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "lariat: a temp_dir is left behind: %s\n", failure.what());
  }
}

task<> temp_dir::remove() {
  co_await remove_all(path_);
  path_.clear();
}

}  // namespace lariat::io::fs
