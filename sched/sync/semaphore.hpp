#pragma once

#include <lariat/sched/sync/detail/known_holders.hpp>
#include <lariat/sched/sync/detail/wait_list.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace lariat {

class acquire_operation;

/// Counts permits, for "at most n at once": `auto permit = co_await s.acquire();`.
///
/// First come, first served: who asks for many is not overtaken by who asks for few. Taking and
/// giving back what is free costs about as much as calling a coroutine; nothing is allocated. It
/// outlives its permits.
///
/// \par Threads
/// It belongs to one loop, that of the thread that makes it, else that of the first task that uses
/// it; the tasks of that loop may acquire and ask. Any thread may `release`, so a permit may go
/// anywhere.
class semaphore final : private detail::loop_bound {
 public:
  class permit;
  static constexpr std::size_t no_limit = static_cast<std::size_t>(-1);

  /// \param limit More permits than this there can never be (asyncio's BoundedSemaphore).
  /// \throws std::invalid_argument if `permits` is more than that.
  explicit semaphore(std::size_t permits, std::size_t limit = no_limit);

  /// Waits for `count` permits, and gives them.
  /// \throws std::logic_error if that is more than the limit, or in a task of another loop. With
  /// the library's assertions, or with LARIAT_DEBUG=1 in the environment, also if all tasks that
  /// hold permits wait for this one: see `mutex::lock`. That can be told if it was made with as
  /// many permits as its limit, so that only who has one can release, and while none was moved.
  ///
  /// \par Cancellation
  /// Ends by operation_cancelled, without permits. Who was given them has them: then the cancel
  /// stays pending.
  [[nodiscard]] acquire_operation acquire(std::size_t count = 1) noexcept;

  /// Takes `count` permits if so many are free and nobody waits; tests as false if not.
  /// \throws std::logic_error on another thread than its loop's.
  [[nodiscard]] permit try_acquire(std::size_t count = 1);

  /// Adds permits: those of a permit that was forgotten, or new ones. From another thread they are
  /// there when the loop has heard of it, before what this thread sends to that loop later.
  /// \throws std::logic_error if there would be more than the limit. Where another thread releases,
  /// which is not there to be told, the program ends.
  void release(std::size_t count = 1) {
    if (here()) [[likely]] {
      release_here(count);
    } else {
      request_count(count);
    }
  }

  /// How many permits are free. \throws std::logic_error on another thread than its loop's.
  [[nodiscard]] std::size_t available() {
    require_here("semaphore::available");
    return free_;
  }

 private:
  friend class acquire_operation;

  [[nodiscard]] bool take(std::size_t count) noexcept {
    if (count > free_ || !waiters_.empty()) return false;
    free_ -= count;
    return true;
  }
  void release_here(std::size_t count) {
    if (count > limit_ - free_) [[unlikely]]
      throw_over_limit();
    free_ += count;
    known_.remove(count, limit_ - free_);
    if (!waiters_.empty()) [[unlikely]]
      hand_out();
  }
  void hand_out() noexcept;
  [[noreturn]] static void throw_over_limit();
  void apply(std::uint64_t count) noexcept override;

  detail::wait_list<acquire_operation> waiters_;
  std::size_t free_;
  std::size_t limit_;
  detail::known_holders known_;
};

/// Permits of a semaphore, given back when this goes. Moves.
///
/// \par Threads
/// One thread at a time, but any.
class [[nodiscard("the permits are given back when it goes")]] semaphore::permit {
 public:
  /// Holds nothing.
  permit() noexcept = default;
  permit(permit&& other) noexcept
      : from_(std::exchange(other.from_, nullptr)), count_(other.count_) {
    if (from_ != nullptr) from_->known_.lose();
  }
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

  /// Gives them back now. Does nothing if it holds none.
  void release() noexcept {
    if (from_ != nullptr) std::exchange(from_, nullptr)->release(count_);
  }

  /// Keeps them for good: there are so many fewer, until somebody calls the semaphore's `release`.
  void forget() noexcept {
    if (from_ != nullptr) std::exchange(from_, nullptr)->known_.lose();
  }

 private:
  friend class semaphore;
  friend class acquire_operation;
  permit(semaphore& from, std::size_t count) noexcept : from_(&from), count_(count) {}

  semaphore* from_ = nullptr;
  std::size_t count_ = 0;
};

/// The awaitable of `semaphore::acquire`.
class [[nodiscard]] acquire_operation final
    : public detail::basic_wait_operation<acquire_operation> {
 public:
  acquire_operation(semaphore& from, std::size_t count) noexcept
      : basic_wait_operation(from), count_(count) {}

  semaphore::permit await_resume() const {
    check_cancelled();
    return semaphore::permit(from(), count_);
  }

  bool attempt() noexcept override {
    if (!from().take(count_)) return false;
    from().known_.add(*this, count_);
    return true;
  }
  woken_by depends_on(dependency_visitor& visit) const override;
  [[nodiscard]] operation_info info() const noexcept override { return {"semaphore::acquire"}; }

 private:
  friend class semaphore;
  void enqueue() override;
  void withdrawn() noexcept override { from().hand_out(); }

  // No pointer beside the count: clang would copy both to the permit at once, which on x86 has to
  // wait for the two stores that made them.
  [[nodiscard]] semaphore& from() const noexcept { return static_cast<semaphore&>(home()); }

  std::size_t count_;
};

inline acquire_operation semaphore::acquire(std::size_t count) noexcept {
  return acquire_operation(*this, count);
}

}  // namespace lariat
