// Node's worker_threads example: fibonacci(n) is computed on the pool, on all cores, while the loop
// ticks every 10 ms and says how late the latest tick came.
//
//   fibonacci_worker [N]

#include <lariat/lariat.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

using namespace lariat;
using namespace std::chrono_literals;

fork_task<long> fibonacci(int n) {
  if (n < 2) co_return n;
  auto [one, two] = co_await fork_join(fibonacci(n - 1), fibonacci(n - 2));
  co_return one + two;
}

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

task<int> compute(int n) {
  ticks seen;
  auto ticking = spawn(tick, std::ref(seen));
  const auto begin = std::chrono::steady_clock::now();
  const long value = co_await to_pool(fibonacci, n);
  const std::chrono::duration<double, std::milli> length = std::chrono::steady_clock::now() - begin;
  ticking.cancel();
  const std::chrono::duration<double, std::milli> latest = seen.latest;
  std::printf("fibonacci(%d) = %ld in %.0f ms; %d ticks meanwhile, the latest %.2f ms late\n", n,
              value, length.count(), seen.count, latest.count());
  co_return 0;
}

int main(int argc, char** argv) { return run_main(compute(argc > 1 ? std::atoi(argv[1]) : 35)); }
