// From a thread to another without a library: the request by futex, the answer by eventfd. With
// --means spin by a word that both watch.

#include "hops.hpp"

#include <linux/futex.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>

#include <atomic>
#include <thread>

using namespace bench;

namespace {

class channel {
 public:
  explicit channel(bool spins) : spins_(spins) {}
  ~channel() { close(event_); }

  void call() {
    request_.fetch_add(1, std::memory_order_release);
    if (spins_) {
      while (answers_.load(std::memory_order_acquire) != request_) __builtin_ia32_pause();
      return;
    }
    syscall(SYS_futex, &request_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
    std::uint64_t count;
    check(read(event_, &count, sizeof count), "read");
  }

  void stop() {
    stopping_ = true;
    call();
  }

  void answer_calls() {
    for (std::uint32_t seen = 0; !stopping_;) {
      while (request_.load(std::memory_order_acquire) == seen) wait(seen);
      ++seen;
      if (spins_) {
        answers_.store(seen, std::memory_order_release);
      } else {
        const std::uint64_t one = 1;
        check(write(event_, &one, sizeof one), "write");
      }
    }
  }

 private:
  void wait(std::uint32_t while_equal) {
    if (spins_) {
      __builtin_ia32_pause();
    } else {
      syscall(SYS_futex, &request_, FUTEX_WAIT_PRIVATE, while_equal, nullptr, nullptr, 0);
    }
  }

  bool spins_;
  int event_ = check(eventfd(0, EFD_CLOEXEC), "eventfd");
  alignas(64) std::atomic<std::uint32_t> request_{0};
  alignas(64) std::atomic<std::uint32_t> answers_{0};
  alignas(64) std::atomic<bool> stopping_{false};
};

}  // namespace

int main(int argc, char** argv) {
  hops work(argc, argv);
  channel between(option(argc, argv, "means", std::string("sleep")) == "spin");
  std::thread worker([&] {
    work.pin_worker();
    between.answer_calls();
  });
  work.pin_caller();
  work.start();
  for (bool more = true; more;) {
    if (work.pause_us > 0) usleep(static_cast<useconds_t>(work.pause_us));
    work.sent();
    between.call();
    more = work.returned();
  }
  work.report("handover");
  between.stop();
  worker.join();
}
