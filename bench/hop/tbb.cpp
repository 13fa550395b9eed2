// From a thread to oneTBB's one worker, by enqueue. It has no way to sleep for a result other than
// to join in the work, so the caller spins: the least that a round trip can take.

#include "hops.hpp"

#include <tbb/global_control.h>
#include <tbb/task_arena.h>

#include <atomic>

int main(int argc, char** argv) {
  bench::hops work(argc, argv);
  tbb::global_control limit(tbb::global_control::max_allowed_parallelism, 2);
  tbb::task_arena arena(1, 0);
  std::atomic<unsigned> done{0};
  const auto call = [&](unsigned number, auto function) {
    arena.enqueue([&done, number, function] {
      function();
      done.store(number, std::memory_order_release);
    });
    while (done.load(std::memory_order_acquire) != number) __builtin_ia32_pause();
  };
  call(1, [&work] { work.pin_worker(); });
  work.pin_caller();
  work.start();
  bool more = true;
  for (unsigned number = 2; more; ++number) {
    if (work.pause_us > 0) usleep(static_cast<useconds_t>(work.pause_us));
    work.sent();
    call(number, [] {});
    more = work.returned();
  }
  work.report("tbb");
}
