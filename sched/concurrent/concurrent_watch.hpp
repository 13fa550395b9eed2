#pragma once

#include <lariat/sched/cancel/stop_token.hpp>
#include <lariat/sched/concurrent/detail/gate.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <utility>

namespace lariat {

/// A value of which only the latest matters, such as a configuration, for tasks of all loops, tasks
/// on pools and threads that want to know when it changes (Tokio's watch). Between tasks of one
/// loop `watch` is cheaper, and gives the value by reference.
///
/// Each value is an object of its own, which lives as long as somebody has it: `get` copies a
/// pointer, and `set` allocates. A look whether it has changed costs an atomic load. The watch must
/// outlive its receivers, their operations, and each call of its members.
///
/// \par Threads
/// Any thread.
template <class T>
class concurrent_watch final : private detail::gate {
 public:
  class receiver;
  class change;

  explicit concurrent_watch(T initial)
      : gate(0), value_(std::make_shared<const T>(std::move(initial))) {}

  /// The value. Never null.
  [[nodiscard]] std::shared_ptr<const T> get() const {
    const std::lock_guard guard(value_lock_);
    return value_;
  }

  /// Changes the value, and wakes all who wait.
  /// \throws std::logic_error if it is closed.
  void set(T value) {
    auto next = std::make_shared<const T>(std::move(value));
    detail::gate_waiter* served = nullptr;
    {
      const std::lock_guard guard(value_lock_);
      if (closed_) throw std::logic_error("lariat: concurrent_watch::set: it is closed");
      value_.swap(next);
      // Under the lock, so that the last version is that of the last value.
      (void)this->add(1, count_max, served);
    }
    deliver_all(served);
  }  // The old value goes here, without the lock.

  /// Says that the value changes no more: who waits, and has seen the last value, is told.
  void close() noexcept {
    detail::gate_waiter* ended = nullptr;
    {
      const std::lock_guard guard(value_lock_);
      closed_ = true;
      gate::close(ended);
    }
    deliver_all(ended);
  }

  /// Whether `close` was called.
  [[nodiscard]] bool closed() const noexcept {
    const std::lock_guard guard(value_lock_);
    return closed_;
  }

  /// Makes a receiver that counts the current value as seen.
  [[nodiscard]] receiver subscribe() noexcept { return receiver(*this); }

 private:
  mutable detail::spin_lock value_lock_;
  std::shared_ptr<const T> value_;
  bool closed_ = false;
};

/// What one task or thread has seen of a watch. A copy goes on from the same place.
///
/// \par Threads
/// Any thread, one at a time.
template <class T>
class concurrent_watch<T>::receiver {
 public:
  /// Waits until the value was set since the last `changed`, and gives true; false if the watch is
  /// closed and the last value was seen. Several changes since then count as one. For tasks. The
  /// receiver must not be moved until the await has ended.
  ///
  /// \par Cancellation
  /// Ends by operation_cancelled, and no change is missed.
  [[nodiscard]] change changed() noexcept { return change(*from_, seen_); }

  /// Whether `changed` would give true at once. Nothing counts as seen by that.
  [[nodiscard]] bool has_changed() const noexcept { return from_->available() != seen_; }

  /// `changed` for threads without a loop: blocks.
  /// \throws std::logic_error on a thread that runs a loop.
  [[nodiscard]] bool changed_blocking() {
    return changed_within("concurrent_watch::changed_blocking",
                          [] { return detail::channel_patience(); });
  }

  /// The same until stop is requested on `stop`: then false, unless it has changed.
  [[nodiscard]] bool changed_blocking(stop_token stop) {
    return changed_within("concurrent_watch::changed_blocking", [&stop] {
      return detail::channel_patience{no_deadline, std::move(stop)};
    });
  }

  /// The same for `time` at most.
  template <class Rep, class Period>
  [[nodiscard]] bool changed_blocking_for(std::chrono::duration<Rep, Period> time) {
    return changed_within("concurrent_watch::changed_blocking_for",
                          [time] { return detail::channel_patience::of(time); });
  }

  /// The current value.
  [[nodiscard]] std::shared_ptr<const T> get() const { return from_->get(); }

 private:
  friend class concurrent_watch;
  explicit receiver(concurrent_watch& from) noexcept : from_(&from), seen_(from.available()) {}

  template <class Make>
  bool changed_within(const char* operation, Make make) {
    if (detail::pass_blocking(operation, *from_, seen_ + 1, 0, make) !=
        detail::gate_outcome::served)
      return false;
    seen_ = from_->available();
    return true;
  }

  concurrent_watch* from_;
  std::uint64_t seen_;
};

/// The awaitable of `changed`.
template <class T>
class [[nodiscard]] concurrent_watch<T>::change final : public detail::gate_operation {
 public:
  change(concurrent_watch& from, std::uint64_t& seen) noexcept
      : gate_operation(from, seen + 1, 0), seen_(&seen) {}

  bool await_resume() const {
    this->check_cancelled();
    if (this->told == detail::gate_outcome::closed) return false;
    *seen_ = this->awaited().available();
    return true;
  }
  [[nodiscard]] operation_info info() const noexcept override {
    return {"concurrent_watch::changed"};
  }

 private:
  std::uint64_t* seen_;
};

}  // namespace lariat
