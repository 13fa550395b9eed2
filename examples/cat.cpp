// Prints each file named on the command line, like cat(1).
//
//   cat FILE...

#include <lariat/io/file/file.hpp>
#include <lariat/runtime/run/run_main.hpp>

#include <cstdio>
#include <system_error>
#include <vector>

using namespace lariat;

task<> print(const char* path) {
  io::file input = co_await io::file::open(path);
  std::vector<std::byte> buffer(64 * 1024);
  for (;;) {
    const std::size_t count = co_await input.read_some(buffer);
    if (count == 0) co_return;
    std::fwrite(buffer.data(), 1, count, stdout);
  }
}

task<int> print_all(int count, char** paths) {
  int failures = 0;
  for (int i = 0; i < count; ++i) {
    try {
      co_await print(paths[i]);
    } catch (const std::system_error& error) {
      std::fprintf(stderr, "cat: %s\n", error.what());
      ++failures;
    }
  }
  co_return failures == 0 && std::fflush(stdout) == 0 ? 0 : 1;
}

int main(int argc, char** argv) { return run_main(print_all(argc - 1, argv + 1)); }
