// Sleeps three times at once: three sleeps of a second take one second, as asyncio's gather does.
//
//   three_sleeps [MILLISECONDS]

#include <lariat/lariat.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>

using namespace lariat;
using namespace std::chrono_literals;

task<int> nap(int number, std::chrono::milliseconds length) {
  co_await sleep_for(length);
  std::printf("sleep %d is over\n", number);
  co_return number;
}

task<int> three_sleeps(std::chrono::milliseconds length) {
  const auto start = std::chrono::steady_clock::now();
  const auto [a, b, c] = co_await when_all(nap(1, length), nap(2, length), nap(3, length));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::printf("sleeps %d, %d and %d took %.2f s together\n", a, b, c, took.count());
  co_return took < 2 * length ? 0 : 1;
}

int main(int argc, char** argv) {
  const auto length = argc > 1 ? std::chrono::milliseconds(std::atoi(argv[1])) : 1000ms;
  return run_main(three_sleeps(length));
}
