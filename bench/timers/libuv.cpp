// Timers on libuv, a binary heap over the loop's cached clock.

#include "pattern.hpp"

#include <uv.h>

namespace {

class timers {
 public:
  explicit timers(std::size_t count) : timers_(count) {
    uv_loop_init(&loop_);
    for (uv_timer_t& timer : timers_) uv_timer_init(&loop_, &timer);
  }

  void set(std::size_t slot, std::int64_t delay_ns) {
    const auto delay_ms = static_cast<std::uint64_t>(delay_ns / 1'000'000);
    uv_timer_start(
        &timers_[slot], [](uv_timer_t*) {}, delay_ms, 0);
  }

  void cancel(std::size_t slot) { uv_timer_stop(&timers_[slot]); }
  void turn() { uv_update_time(&loop_); }

 private:
  uv_loop_t loop_;
  std::vector<uv_timer_t> timers_;
};

}  // namespace

int main(int argc, char** argv) { bench::measure_timers<timers>(argc, argv, "libuv"); }
