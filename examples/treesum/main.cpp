// Prints the SHA-256 sum of every file below a directory, sorted by name, as sha256sum(1) would:
// the files are read through io_uring, many at once, and hashed by the pool.
//
//   treesum [--in-flight N] [--summary] [DIR]        /usr/share/doc unless told otherwise
//
// A file that cannot be read is reported, and makes the exit status 1. Where stderr is a terminal
// a bar shows how far it is (unless the sums themselves appear there) and a summary how fast.

#include "checksum.hpp"
#include "progress_bar.hpp"

#include <lariat/io/file/file.hpp>
#include <lariat/io/fs/fs_walk.hpp>
#include <lariat/io/stream/buffered_writer.hpp>
#include <lariat/runtime/run/run_main.hpp>
#include <lariat/sched/scope/task_group.hpp>

#include <fcntl.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace lariat;
using treesum::checksum;
using treesum::progress;

namespace {

struct settings {
  std::string directory = "/usr/share/doc";
  std::size_t in_flight = 64;
  bool summary = false;
};

struct listing {
  std::vector<std::string> paths;
  bool complete = true;
};

bool report(const std::string& error) {
  std::fprintf(stderr, "treesum: %s\n", error.c_str());
  return false;
}

task<listing> regular_files(std::string directory) {
  listing found;
  auto walk = io::fs::walk(std::move(directory));
  for (;;) {
    std::optional<io::fs::walk_entry> entry = co_await walk.next();
    if (!entry) break;
    if (entry->error) found.complete = report(entry->path + ": " + entry->error.message());
    if (entry->type == io::file_type::regular) found.paths.push_back(std::move(entry->path));
  }
  std::sort(found.paths.begin(), found.paths.end());
  co_return found;
}

// Keeps `in_flight` files under way, and prints in order: the next one is started when the first
// one has been printed. So only the names grow with the tree, and a slow reader of the sums slows
// the reading down.
task<bool> print_sums(task_group& group, std::vector<std::string> paths, std::size_t in_flight,
                      progress& so_far) {
  const bool watched = ::isatty(STDOUT_FILENO) == 1;
  io::file output(io::descriptor(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)));
  io::buffered_writer printer(output);
  std::deque<join_handle<checksum>> window;
  bool complete = true;
  for (auto next = paths.begin(); next != paths.end() || !window.empty(); window.pop_front()) {
    for (; next != paths.end() && window.size() < in_flight; ++next) {
      window.push_back(group.spawn(treesum::checksum_of, std::move(*next), std::ref(so_far)));
    }
    if (watched && !window.front().done()) co_await printer.flush();
    const checksum sum = co_await window.front();
    if (sum.error.empty()) {
      co_await printer.write(line_of(sum));
    } else {
      complete = report(sum.error);
    }
  }
  co_await printer.flush();
  co_return complete;
}

task<int> sum_tree(settings chosen) {
  const bool terminal = ::isatty(STDERR_FILENO) == 1;
  const steady_time start = std::chrono::steady_clock::now();
  listing found = co_await regular_files(chosen.directory);
  progress so_far;
  so_far.files_total = found.paths.size();
  auto print = [&](task_group& group) -> task<bool> {
    join_handle<void> bar;
    if (terminal && ::isatty(STDOUT_FILENO) == 0) {
      bar = group.spawn(treesum::draw_bar, std::ref(so_far), start);
    }
    const bool all = co_await print_sums(group, std::move(found.paths), chosen.in_flight, so_far);
    if (bar) bar.cancel();
    co_return all;
  };
  const bool all = co_await task_group::with(std::move(print));
  if (terminal || chosen.summary) treesum::print_summary(so_far, start);
  co_return (all && found.complete) ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  settings chosen;
  CLI::App arguments("Prints the SHA-256 sums of the files below a directory.", "treesum");
  arguments.add_option("DIR", chosen.directory, "The directory")->capture_default_str();
  arguments.add_option("--in-flight", chosen.in_flight, "Files that are read at a time")
      ->capture_default_str()
      ->check(CLI::Range(1, 4096));
  arguments.add_flag("--summary", chosen.summary, "Print files, bytes and MB/s on stderr");
  CLI11_PARSE(arguments, argc, argv);
  return run_main(sum_tree(chosen));
}
