// Counts the lines of all files under a folder. A thread walks it, since std::filesystem blocks,
// and feeds a channel; four tasks take paths from it and read the files; a second channel brings
// what they found together.
//
//   count_lines [FOLDER]        /usr/share/common-licenses unless told otherwise

#include <lariat/lariat.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

using namespace lariat;
using namespace std::chrono_literals;

struct file_lines {
  std::string path;
  std::ptrdiff_t lines;
};

void walk(channel_sender<std::string> paths, const std::filesystem::path& folder) try {
  for (const auto& each : std::filesystem::recursive_directory_iterator(folder)) {
    if (each.is_regular_file()) paths.send_blocking(each.path());
  }
} catch (const channel_closed&) {  // Nobody takes them any more.
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
}

task<std::ptrdiff_t> lines_of(const std::string& path) {
  const std::string text = co_await io::fs::read_file(path);
  co_return std::ranges::count(text, '\n');
}

task<> work(channel_receiver<std::string> paths, channel_sender<file_lines> found) {
  for (;;) {
    auto [received, idle] = co_await select(paths.receive(), sleep_for(1s));
    if (!received.has_value()) {
      std::fputs("waiting for the walk\n", stderr);
      continue;
    }
    std::optional<std::string> path = received.value();
    if (!path) co_return;  // The end of the channel: the walk is over.
    file_lines next{*path, 0};
    try {
      next.lines = co_await lines_of(*path);
    } catch (const std::system_error& error) {
      std::fprintf(stderr, "%s\n", error.what());
      continue;
    }
    co_await found.send(std::move(next));
  }
}

task<int> count_lines(channel_receiver<std::string> paths) {
  const auto body = [&](task_group& group) -> task<> {
    auto found = channel<file_lines>(64);
    for (int i = 0; i < 4; ++i) group.spawn(work, paths, found.sender).detach();
    found.sender.reset();  // So that the last worker's end is the channel's.
    std::ptrdiff_t all = 0;
    for (;;) {
      const std::optional<file_lines> next = co_await found.receiver.receive();
      if (!next) break;
      std::printf("%8td %s\n", next->lines, next->path.c_str());
      all += next->lines;
    }
    std::printf("%8td in all\n", all);
  };
  co_await task_group::with(body);
  co_return 0;
}

int main(int argc, char** argv) {
  const std::filesystem::path folder = argc > 1 ? argv[1] : "/usr/share/common-licenses";
  auto paths = channel<std::string>(64);
  // Joined at the end, after the receivers are gone: if they end early, its next send fails.
  const std::jthread walker(walk, std::move(paths.sender), folder);
  return run_main(count_lines(std::move(paths.receiver)));
}
