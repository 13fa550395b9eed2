#pragma once

#include <lariat/sched/channel/detail/publisher.hpp>
#include <lariat/sched/task/task.hpp>

#include <concepts>
#include <cstdint>
#include <utility>

namespace lariat {

/// A value of which only the latest matters, such as a configuration or a state, for many tasks
/// that want to know when it changes (Tokio's watch). It must outlive its receivers.
///
/// \par Threads
/// It belongs to one loop: that of the thread that makes it, or, if none runs there, that of the
/// first task that uses it. Only tasks of that loop may set, get and wait. Any thread may `close`.
/// For its lifetime see `event`.
template <class T>
class watch final : public detail::publisher {
 public:
  class receiver;
  class change;

  explicit watch(T initial) : value_(std::move(initial)) {}

  /// The value. The reference is valid until the next await.
  /// \throws std::logic_error on a thread other than its loop's.
  [[nodiscard]] const T& get() {
    require_here("watch::get");
    return value_;
  }

  /// Changes the value, and wakes all waiting tasks.
  /// \throws std::logic_error if it is closed, or on a thread other than its loop's.
  void set(T value) {
    check_set();
    value_ = std::move(value);
    publish();
  }

  /// The same, but changes the value in place, by `edit(T&)`. If `edit` returns a bool, false means
  /// that nothing has changed, and nobody is woken.
  template <std::invocable<T&> Change>
  void modify(Change edit) {
    check_set();
    if constexpr (std::is_same_v<std::invoke_result_t<Change&, T&>, bool>) {
      if (!edit(value_)) return;
    } else {
      edit(value_);
    }
    publish();
  }

  /// Makes a receiver that counts the current value as seen.
  /// \throws std::logic_error on a thread other than its loop's.
  [[nodiscard]] receiver subscribe() {
    require_here("watch::subscribe");
    return receiver(*this);
  }

 private:
  void check_set() {
    require_here("watch::set");
    check_open("watch::set");
  }

  T value_;
};

/// What one task has seen of a watch. A copy goes on from the same place.
///
/// \par Threads
/// On the loop's thread only.
template <class T>
class watch<T>::receiver {
 public:
  /// Waits until the value was set since the last `changed`, and gives true; false if the watch is
  /// closed and the last value was seen. Several changes since then count as one. The receiver must
  /// not be moved until the await has ended. Allocates nothing.
  ///
  /// \par Cancellation
  /// Ends by operation_cancelled, and no change is missed.
  [[nodiscard]] change changed() noexcept { return change(*from_, seen_); }

  /// The current value. The reference is valid until the next await.
  [[nodiscard]] const T& get() const { return from_->get(); }

  /// Waits until `predicate(value)` is true. It is called now, and after each change. False if the
  /// watch was closed before it was true. Allocates a frame.
  ///
  /// \par Cancellation
  /// As for `changed`.
  template <std::predicate<const T&> Predicate>
  [[nodiscard]] task<bool> wait_for(Predicate predicate) {
    for (;;) {
      const bool holds = predicate(get());
      if (holds) co_return true;
      const bool news = co_await changed();
      if (!news) co_return false;
    }
  }

 private:
  friend class watch;
  explicit receiver(watch& from) noexcept : from_(&from), seen_(from.published()) {}

  watch* from_;
  std::uint64_t seen_;
};

/// The awaitable of `changed`.
template <class T>
class [[nodiscard]] watch<T>::change final
    : public detail::basic_wait_operation<change, detail::publisher_wait> {
 public:
  change(watch& from, std::uint64_t& seen) noexcept
      : detail::basic_wait_operation<change, detail::publisher_wait>(from, seen),
        from_(&from),
        seen_(&seen) {}

  bool await_resume() const {
    this->check_cancelled();
    return std::exchange(*seen_, from_->published()) != from_->published();
  }

  bool attempt() noexcept override { return this->has_news(); }
  [[nodiscard]] operation_info info() const noexcept override { return {"watch::changed"}; }

 private:
  watch* from_;
  std::uint64_t* seen_;
};

}  // namespace lariat
