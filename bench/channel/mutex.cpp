// The queue that everybody writes first: std::mutex, std::deque and two condition variables.

#include "items.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

using namespace bench;

namespace {

class queue {
 public:
  explicit queue(std::size_t capacity) : capacity_(capacity) {}

  void put(std::int64_t item) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [this] { return items_.size() < capacity_; });
    items_.push_back(item);
    lock.unlock();
    filled_.notify_one();
  }

  std::int64_t get() {
    std::unique_lock lock(mutex_);
    filled_.wait(lock, [this] { return !items_.empty(); });
    const std::int64_t item = items_.front();
    items_.pop_front();
    lock.unlock();
    room_.notify_one();
    return item;
  }

 private:
  const std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable filled_;
  std::condition_variable room_;
  std::deque<std::int64_t> items_;
};

}  // namespace

int main(int argc, char** argv) {
  items work(argc, argv);
  queue between(work.capacity);
  work.start();
  std::thread sender([&] {
    for (std::int64_t i = 0; i < work.count; ++i) between.put(i);
  });
  std::int64_t sum = 0;
  for (std::int64_t i = 0; i < work.count; ++i) sum += between.get();
  sender.join();
  work.report("mutex", sum);
}
