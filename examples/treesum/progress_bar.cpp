#include "progress_bar.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>

namespace treesum {
namespace {

using namespace lariat;
using namespace std::chrono_literals;

double seconds_since(steady_time start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double megabytes(const progress& so_far) { return static_cast<double>(so_far.bytes) / 1e6; }

void draw(const progress& so_far, steady_time start) {
  constexpr std::uint64_t width = 40;
  const std::uint64_t total = std::max<std::uint64_t>(so_far.files_total, 1);
  const std::string done(width * so_far.files / total, '#');
  std::fprintf(stderr, "\r[%-*s] %llu/%llu files, %.1f MB, %.0f MB/s\x1b[K",
               static_cast<int>(width), done.c_str(), static_cast<unsigned long long>(so_far.files),
               static_cast<unsigned long long>(so_far.files_total), megabytes(so_far),
               megabytes(so_far) / seconds_since(start));
}

}  // namespace

task<> draw_bar(const progress& so_far, steady_time start) {
  struct wiper {
    ~wiper() { std::fputs("\r\x1b[K", stderr); }
  } at_the_end;
  for (interval clock(100ms, missed_ticks::skip);;) {
    co_await clock.tick();
    draw(so_far, start);
  }
}

void print_summary(const progress& so_far, steady_time start) {
  const double seconds = seconds_since(start);
  std::fprintf(stderr, "treesum: %llu files, %.1f MB in %.2f s, %.0f MB/s\n",
               static_cast<unsigned long long>(so_far.files), megabytes(so_far), seconds,
               megabytes(so_far) / seconds);
}

}  // namespace treesum
