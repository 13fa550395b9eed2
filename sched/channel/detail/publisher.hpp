#pragma once

#include <lariat/sched/sync/detail/wait_list.hpp>

#include <cstdint>

namespace lariat::detail {

class publisher_wait;

/// The common part of watch and broadcast: a count of the values published so far, receivers that
/// wait until it exceeds the count that they have seen, and closing.
class publisher : protected loop_bound {
 public:
  /// Ends it: nothing more can be published, and waiting tasks are woken. From another thread it
  /// happens when the loop has received the request.
  void close() noexcept { here() ? close_here() : request_flag(1); }

 protected:
  publisher() = default;
  ~publisher() = default;

  /// Counts one more value, and wakes all waiting tasks. On the loop's thread.
  void publish() noexcept {
    ++published_;
    waiters_.wake_all();
  }
  /// \throws std::logic_error if it is closed.
  void check_open(const char* operation) const;

  [[nodiscard]] std::uint64_t published() const noexcept { return published_; }

 private:
  friend class publisher_wait;
  void close_here() noexcept {
    closed_ = true;
    waiters_.wake_all();
  }
  void apply(std::uint64_t) noexcept final { close_here(); }

  wait_list<publisher_wait> waiters_;
  std::uint64_t published_ = 0;
  bool closed_ = false;
};

/// A receiver's wait for something new. The value is read when the task is resumed, not when it is
/// woken.
class publisher_wait : public wait_operation {
 protected:
  /// \param seen The count that the receiver has seen; must not move meanwhile.
  publisher_wait(publisher& from, const std::uint64_t& seen) noexcept
      : wait_operation(from), from_(&from), seen_(&seen) {}
  publisher_wait(const publisher_wait&) = default;
  ~publisher_wait() = default;

  [[nodiscard]] bool has_news() const noexcept {
    return from_->published_ != *seen_ || from_->closed_;
  }
  void enqueue() noexcept final { from_->waiters_.push(*this); }

 private:
  publisher* from_;
  const std::uint64_t* seen_;
};

}  // namespace lariat::detail
