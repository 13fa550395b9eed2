// Calls blocking functions on other threads while a clock ticks on the loop's: asyncio.to_thread.
//
//   to_thread [MILLISECONDS]

#include <lariat/lariat.hpp>
#include <lariat/sched/blocking/to_thread.hpp>

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <stop_token>
#include <string>
#include <thread>

using namespace lariat;
using namespace std::chrono_literals;

// A database driver that knows nothing of coroutines: it blocks its thread.
std::string query_database(const std::string& statement, std::chrono::milliseconds takes) {
  std::this_thread::sleep_for(takes);
  return "1 row for \"" + statement + "\"";
}

// A blocking function that can be asked to end: its first parameter is a stop token.
int poll_device(std::stop_token stop) {
  int polls = 0;
  for (; !stop.stop_requested(); ++polls) ::usleep(1000);
  return polls;
}

task<> tick(int& ticks) {
  for (interval clock(10ms);; ++ticks) co_await clock.tick();
}

task<int> main_task(std::chrono::milliseconds takes) {
  int ticks = 0;
  join_handle<void> clock = spawn(tick, std::ref(ticks));

  // Both queries run at once, each on a thread; the task waits for both.
  const auto [first, second] = co_await when_all(to_thread(query_database, "select 1", takes),
                                                 to_thread(query_database, "select 2", takes));
  std::printf("%s\n%s\nand %d ticks meanwhile\n", first.c_str(), second.c_str(), ticks);

  // A cancel, here by a timeout, asks the function to stop and waits for it. Its value counts.
  const int polls = co_await timeout(takes, to_thread(poll_device));
  std::printf("the device was polled %d times before the timeout\n", polls);

  clock.cancel();
  (void)co_await as_result(clock);  // It uses `ticks`: let it end first.
  co_return ticks > 0 && polls > 0 ? 0 : 1;
}

int main(int argc, char** argv) {
  return run_main(main_task(argc > 1 ? std::chrono::milliseconds(std::atoi(argv[1])) : 300ms));
}
