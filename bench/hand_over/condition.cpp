// Whose turn it is, under a std::mutex, and a condition variable for each of the two.

#include "turns.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>

using namespace bench;

int main(int argc, char** argv) {
  turns work(argc, argv);
  std::mutex mutex;
  std::condition_variable changed[2];
  int turn = 0;
  const auto take_turns = [&](int mine) {
    for (std::int64_t i = 0; i < work.count; ++i) {
      std::unique_lock lock(mutex);
      changed[mine].wait(lock, [&] { return turn == mine; });
      ++work.number;
      turn = 1 - mine;
      lock.unlock();
      changed[1 - mine].notify_one();
    }
  };
  work.start();
  std::thread other(take_turns, 1);
  take_turns(0);
  other.join();
  work.report("condition");
}
