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
/// First come, first served: a task that asks for many permits is not overtaken by one that asks
/// for few. Acquiring and releasing free permits costs about as much as calling a coroutine, and
/// allocates nothing. The semaphore must outlive its permits.
///
/// \par Threads
/// It belongs to one loop: that of the thread that makes it, or, if none runs there, that of the
/// first task that uses it. Only tasks of that loop may acquire and ask. Any thread may `release`,
/// so a permit may be moved to any thread.
class semaphore final : private detail::loop_bound {
 public:
  class permit;
  static constexpr std::size_t no_limit = static_cast<std::size_t>(-1);

  /// \param limit The most permits that there can ever be (asyncio's BoundedSemaphore).
  /// \throws std::invalid_argument if `permits` is more than that.
  explicit semaphore(std::size_t permits, std::size_t limit = no_limit);

  /// Waits for `count` permits, and gives them.
  /// \throws std::logic_error if that is more than the limit, or in a task of another loop. With
  /// the library's assertions, or with LARIAT_DEBUG=1 in the environment, also if all tasks that
  /// hold permits wait for this one: see `mutex::lock`. This is detected only if the semaphore was
  /// made with as many permits as its limit, so that only a holder can release, and while no permit
  /// was moved.
  ///
  /// \par Cancellation
  /// Ends by operation_cancelled, without permits. A task that was handed its permits before the
  /// cancel came keeps them, and the cancel stays pending.
  [[nodiscard]] acquire_operation acquire(std::size_t count = 1) noexcept;

  /// Takes `count` permits if that many are free and nobody waits; otherwise the result tests as
  /// false.
  /// \throws std::logic_error on a thread other than its loop's.
  [[nodiscard]] permit try_acquire(std::size_t count = 1);

  /// Adds permits: those of a permit that was forgotten, or new ones. From another thread they
  /// become available when the loop has received the request, which is before anything that the
  /// same thread posts to that loop later.
  /// \throws std::logic_error if there would be more than the limit. From another thread that ends
  /// the program: the excess is found later, when there is no caller to throw to.
  void release(std::size_t count = 1) {
    if (here()) [[likely]] {
      release_here(count);
    } else {
      request_count(count);
    }
  }

  /// How many permits are free. \throws std::logic_error on a thread other than its loop's.
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

/// Permits of a semaphore, released by the destructor. Movable.
///
/// \par Threads
/// Any thread may use it, one at a time.
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

  /// Releases the permits now. Does nothing if it holds none.
  void release() noexcept {
    if (from_ != nullptr) std::exchange(from_, nullptr)->release(count_);
  }

  /// Lets go of the permits without releasing them: the semaphore has that many fewer until its own
  /// `release` is called.
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

  // Not a pointer member beside the count: clang would copy both to the permit with one wide load,
  // which on x86 has to wait for the two narrower stores that wrote them.
  [[nodiscard]] semaphore& from() const noexcept { return static_cast<semaphore&>(home()); }

  std::size_t count_;
};

inline acquire_operation semaphore::acquire(std::size_t count) noexcept {
  return acquire_operation(*this, count);
}

}  // namespace lariat
