// Shows what a blocking call inside async code does: called directly it stops every task of its
// loop, by to_thread it stops none. A clock ticks every 5 ms; its longest gap tells.
//
//   blocking_inside_async [MILLISECONDS]

#include <lariat/lariat.hpp>
#include <lariat/sched/blocking/to_thread.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <thread>

using namespace lariat;
using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

struct gap {
  steady::time_point last = steady::now();
  steady::duration longest = 0ns;
};

task<> tick(gap& seen) {
  for (interval clock(5ms, missed_ticks::skip);;) {
    co_await clock.tick();
    const steady::time_point now = steady::now();
    seen.longest = std::max(seen.longest, now - seen.last);
    seen.last = now;
  }
}

void block(std::chrono::milliseconds length) { std::this_thread::sleep_for(length); }

task<> call_directly(std::chrono::milliseconds length) {
  block(length);  // The mistake: nothing else runs on this loop meanwhile.
  co_return;
}

task<> call_on_thread(std::chrono::milliseconds length) { co_await to_thread(block, length); }

// The longest time without a tick while `work` runs, in milliseconds.
task<double> longest_gap(task<> work) {
  gap seen;
  join_handle<void> clock = spawn(tick, std::ref(seen));
  co_await sleep_for(20ms);
  co_await std::move(work);
  co_await sleep_for(20ms);
  clock.cancel();
  (void)co_await as_result(clock);
  co_return std::chrono::duration<double, std::milli>(seen.longest).count();
}

task<int> main_task(std::chrono::milliseconds length) {
  const double direct = co_await longest_gap(call_directly(length));
  std::printf("called directly:   no tick for %6.1f ms\n", direct);
  const double threaded = co_await longest_gap(call_on_thread(length));
  std::printf("called by to_thread: no tick for %4.1f ms\n", threaded);
  co_return threaded < direct ? 0 : 1;
}

int main(int argc, char** argv) {
  return run_main(main_task(argc > 1 ? std::chrono::milliseconds(std::atoi(argv[1])) : 300ms));
}
