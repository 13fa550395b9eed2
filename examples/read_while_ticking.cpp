// Reads a whole file again and again while a clock ticks every 10 ms on the same thread, and says
// how late the ticks came: neither stops the other.
//
//   read_while_ticking [FILE [MILLISECONDS]]

#include <lariat/io/fs/fs_content.hpp>
#include <lariat/lariat.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

using namespace lariat;
using namespace std::chrono_literals;

struct ticks {
  int count = 0;
  std::chrono::nanoseconds latest = 0ns;  // How late the latest of them came.
};

task<> tick(ticks& seen) {
  for (interval clock(10ms);;) {
    const steady_time due = co_await clock.tick();
    seen.latest = std::max(seen.latest, std::chrono::steady_clock::now() - due);
    ++seen.count;
  }
}

task<int> read_while_ticking(std::string path, std::chrono::milliseconds length) {
  ticks seen;
  int reads = 0;
  std::size_t bytes = 0;
  auto read_on = [&]() -> task<> {
    for (;; ++reads) {
      const std::string content = co_await io::fs::read_file(path);
      bytes += content.size();
    }
  };
  // None of the three gives a value before the time is up; the first to fail ends the others.
  co_await when_any(tick(seen), read_on(), sleep_for(length));
  std::printf("%d reads, %.1f MB; %d ticks meanwhile, the latest %.2f ms late\n", reads,
              static_cast<double>(bytes) / 1e6, seen.count,
              std::chrono::duration<double, std::milli>(seen.latest).count());
  co_return reads > 0 && seen.count > 0 ? 0 : 1;
}

int main(int argc, char** argv) {
  const auto length = argc > 2 ? std::chrono::milliseconds(std::atoi(argv[2])) : 1000ms;
  return run_main(read_while_ticking(argc > 1 ? argv[1] : "/proc/self/exe", length));
}
