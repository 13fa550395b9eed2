// What a first program needs of an installed lariat: headers, library, flags, a working loop.

#include <lariat/lariat.hpp>

#include <chrono>
#include <cstdio>

lariat::task<int> answer() {
  co_await lariat::sleep_for(std::chrono::milliseconds(1));
  co_return 42;
}

// Without -foptimize-sibling-calls from the package this overflows the stack of a debug build.
lariat::task<int> one() { co_return 1; }

lariat::task<int> sum() {
  int total = 0;
  for (int i = 0; i < 300'000; ++i) total += co_await one();
  co_return total;
}

int main() {
  const int result = lariat::run(answer());
  const int total = lariat::run(sum());
  std::printf("%d %d\n", result, total);
  return result == 42 && total == 300'000 ? 0 : 1;
}
