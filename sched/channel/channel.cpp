#include <lariat/sched/channel/channel.hpp>

#include <lariat/sched/loop/loop.hpp>

#include <chrono>
#include <mutex>
#include <stdexcept>
#include <string>

namespace lariat {

channel_closed::channel_closed()
    : std::system_error(std::make_error_code(std::errc::broken_pipe), "channel: closed") {}

namespace detail {

void refuse_to_block_loop(const char* operation) {
  if (loop::current() == nullptr) return;
  throw std::logic_error("lariat: " + std::string(operation) +
                         " would block the loop that runs on this thread; co_await the operation");
}

bool channel_parker::wait_until(clock_ns deadline) noexcept {
  const auto over = [this] { return delivered_ || stopped_; };
  std::unique_lock lock(mutex_);
  if (deadline == no_deadline) {
    changed_.wait(lock, over);
  } else {
    const std::chrono::steady_clock::time_point when{std::chrono::nanoseconds(deadline)};
    changed_.wait_until(lock, when, over);
  }
  return delivered_;
}

void channel_parker::wait_delivered() noexcept {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return delivered_; });
}

void channel_parker::deliver() noexcept {
  // Notified under the lock: the sleeper may destroy the parker as soon as it has the lock.
  const std::lock_guard lock(mutex_);
  delivered_ = true;
  changed_.notify_one();
}

void channel_parker::stop() noexcept {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_one();
}

void throw_end_is_empty(const char* operation) {
  throw std::logic_error("lariat: " + std::string(operation) +
                         ": this end has no channel: it was moved from, reset, or never had one");
}

}  // namespace detail
}  // namespace lariat
