#pragma once

#include <lariat/sched/cancel/stop_token.hpp>
#include <lariat/sched/concurrent/detail/gate.hpp>

#include <chrono>
#include <cstddef>
#include <utility>

namespace lariat {

class concurrent_acquire_operation;

/// Counts permits for tasks of all loops, tasks on pools and threads, for "at most n at once":
/// `auto permit = co_await s.acquire();`. Between tasks of one loop `semaphore` is cheaper, and
/// finds deadlocks.
///
/// First come, first served: who asks for many permits is not overtaken by one who asks for few.
/// Acquiring and releasing free permits costs an atomic operation each, and allocates nothing. The
/// semaphore must outlive its permits and operations, and each call of its members but a `release`
/// whose permits were acquired.
///
/// \par Threads
/// Any thread. A permit may be moved to any thread.
class concurrent_semaphore final : private detail::gate {
 public:
  class permit;
  static constexpr std::size_t no_limit = count_max;

  /// \param limit The most permits that there can ever be (asyncio's BoundedSemaphore).
  /// \throws std::invalid_argument if `permits` is more than that.
  explicit concurrent_semaphore(std::size_t permits, std::size_t limit = no_limit);

  /// Waits for `count` permits, and gives them. For tasks.
  /// \throws std::logic_error if that is more than the limit.
  ///
  /// \par Cancellation
  /// Ends by operation_cancelled, without permits. A task that was handed its permits before the
  /// cancel came keeps them, and the cancel stays pending.
  [[nodiscard]] concurrent_acquire_operation acquire(std::size_t count = 1) noexcept;

  /// Takes `count` permits if that many are free and nobody waits; otherwise the result tests as
  /// false.
  [[nodiscard]] permit try_acquire(std::size_t count = 1) noexcept;

  /// `acquire` for threads without a loop: blocks.
  /// \throws std::logic_error on a thread that runs a loop, or if `count` is more than the limit.
  [[nodiscard]] permit acquire_blocking(std::size_t count = 1);

  /// The same until stop is requested on `stop`; then the result tests as false. If the permits are
  /// free at once, they are taken even after the request.
  [[nodiscard]] permit acquire_blocking(stop_token stop, std::size_t count = 1);

  /// The same for `time` at most; then the result tests as false.
  template <class Rep, class Period>
  [[nodiscard]] permit acquire_blocking_for(std::chrono::duration<Rep, Period> time,
                                            std::size_t count = 1);

  /// Adds permits: those of a permit that was forgotten, or new ones.
  /// \throws std::logic_error if there would be more than the limit.
  void release(std::size_t count = 1) {
    detail::gate_waiter* served = nullptr;
    if (!add(count, limit_, served)) [[unlikely]]
      throw_over_limit();
    deliver_all(served);
  }

  /// How many permits are free; others may change that meanwhile.
  [[nodiscard]] std::size_t available() const noexcept { return gate::available(); }

 private:
  friend class concurrent_acquire_operation;
  template <class Make>
  permit acquire_within(const char* operation, std::size_t count, Make make);
  void check_count(std::size_t count) const;
  [[noreturn]] static void throw_over_limit();

  std::size_t limit_;
};

/// Permits of a concurrent_semaphore, released by the destructor. Movable.
///
/// \par Threads
/// Any thread may use it, one at a time.
class [[nodiscard("the permits are given back when it goes")]] concurrent_semaphore::permit {
 public:
  /// Holds nothing.
  permit() noexcept = default;
  permit(permit&& other) noexcept
      : from_(std::exchange(other.from_, nullptr)), count_(other.count_) {}
  permit& operator=(permit&& other) noexcept {
    permit(std::move(other)).swap(*this);
    return *this;
  }
  ~permit() { release(); }

  void swap(permit& other) noexcept {
    std::swap(from_, other.from_);
    std::swap(count_, other.count_);
  }

  [[nodiscard]] explicit operator bool() const noexcept { return from_ != nullptr; }

  /// How many it holds.
  [[nodiscard]] std::size_t count() const noexcept { return from_ == nullptr ? 0 : count_; }

  /// Releases the permits now. Does nothing if it holds none.
  void release() noexcept {
    if (from_ != nullptr) std::exchange(from_, nullptr)->release(count_);
  }

  /// Lets go of the permits without releasing them: the semaphore has that many fewer until its own
  /// `release` is called.
  void forget() noexcept { from_ = nullptr; }

 private:
  friend class concurrent_semaphore;
  friend class concurrent_acquire_operation;
  permit(concurrent_semaphore& from, std::size_t count) noexcept : from_(&from), count_(count) {}

  concurrent_semaphore* from_ = nullptr;
  std::size_t count_ = 0;
};

/// The awaitable of `concurrent_semaphore::acquire`.
class [[nodiscard]] concurrent_acquire_operation final : public detail::gate_operation {
 public:
  concurrent_acquire_operation(concurrent_semaphore& from, std::size_t count) noexcept
      : gate_operation(from, count, count) {}

  concurrent_semaphore::permit await_resume() const {
    check_cancelled();
    return concurrent_semaphore::permit(from(), take);
  }
  [[nodiscard]] operation_info info() const noexcept override {
    return {"concurrent_semaphore::acquire"};
  }

 private:
  [[nodiscard]] concurrent_semaphore& from() const noexcept {
    return static_cast<concurrent_semaphore&>(awaited());
  }
  void before_wait() override { from().check_count(take); }
};

inline concurrent_acquire_operation concurrent_semaphore::acquire(std::size_t count) noexcept {
  return concurrent_acquire_operation(*this, count);
}

inline concurrent_semaphore::permit concurrent_semaphore::try_acquire(std::size_t count) noexcept {
  return try_pass(count, count) ? permit(*this, count) : permit();
}

template <class Make>
concurrent_semaphore::permit concurrent_semaphore::acquire_within(const char* operation,
                                                                  std::size_t count, Make make) {
  check_count(count);
  if (detail::pass_blocking(operation, *this, count, count, make) != detail::gate_outcome::served)
    return permit();
  return permit(*this, count);
}

template <class Rep, class Period>
concurrent_semaphore::permit concurrent_semaphore::acquire_blocking_for(
    std::chrono::duration<Rep, Period> time, std::size_t count) {
  return acquire_within("concurrent_semaphore::acquire_blocking_for", count,
                        [time] { return detail::channel_patience::of(time); });
}

}  // namespace lariat
