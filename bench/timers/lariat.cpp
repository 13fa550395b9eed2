// Timers on lariat: the loop's timing wheel, used as `sleep_for` and `timeout` use it.

#include "pattern.hpp"

#include <lariat/sched/executor/detail/timer_wheel.hpp>

#include <deque>

namespace {

using namespace lariat;

class timers {
 public:
  explicit timers(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) entries_.emplace_back();
  }

  void set(std::size_t slot, std::int64_t delay_ns) {
    wheel_.insert(entries_[slot].timer, now_ + delay_ns);
  }
  void cancel(std::size_t slot) { wheel_.cancel(entries_[slot].timer); }
  void turn() {
    now_ = monotonic_now();
    wheel_.advance(now_, [](runnable&) { bench::fail("a timer expired", ETIME); });
  }

 private:
  struct entry final : runnable {
    void run() noexcept override {}
    detail::timer_entry timer{*this};
  };
  clock_ns now_ = monotonic_now();
  detail::timer_wheel wheel_{now_};
  std::deque<entry> entries_;
};

}  // namespace

int main(int argc, char** argv) { bench::measure_timers<timers>(argc, argv, "lariat"); }
