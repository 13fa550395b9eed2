#pragma once

#include <lariat/sched/channel/detail/oneshot_state.hpp>

#include <optional>
#include <stdexcept>
#include <utility>

namespace lariat {

/// Thrown by the await of a receiver if the sender was destroyed without setting a value, or the
/// value was received before.
class broken_oneshot : public std::runtime_error {
 public:
  broken_oneshot();
};

/// The end of a oneshot that sets its value, once. Movable; if it is destroyed without setting one,
/// the receiver gets broken_oneshot.
///
/// \par Threads
/// Any thread may use it, one at a time; `closed` needs a loop.
template <class T>
class [[nodiscard]] oneshot_sender {
 public:
  /// Empty.
  oneshot_sender() noexcept = default;
  oneshot_sender(oneshot_sender&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  oneshot_sender& operator=(oneshot_sender&& other) noexcept {
    oneshot_sender(std::move(other)).swap(*this);
    return *this;
  }
  ~oneshot_sender() {
    if (state_ != nullptr) finish();
  }

  void swap(oneshot_sender& other) noexcept { std::swap(state_, other.state_); }
  [[nodiscard]] explicit operator bool() const noexcept { return state_ != nullptr; }

  /// Hands the value over and wakes the receiver; afterwards the sender is empty. False if the
  /// receiver is gone, so that nobody will see the value.
  /// \throws std::logic_error if the sender is empty, and what T's constructor throws.
  template <class Value = T>
  bool set(Value&& value) {
    if (is_closed()) {
      finish();
      return false;
    }
    state_->value.emplace(std::forward<Value>(value));
    finish();
    return true;
  }

  /// Whether the receiver is gone. \throws std::logic_error if the sender is empty.
  [[nodiscard]] bool is_closed() const { return state().abandoned.raised(); }

  /// Waits until the receiver is gone, when the work for its value can stop. One task at a time,
  /// and the sender must not be used otherwise meanwhile.
  /// \throws std::logic_error if the sender is empty, or another task awaits this.
  ///
  /// \par Cancellation
  /// Ends by operation_cancelled, unless the receiver was gone before.
  [[nodiscard]] detail::oneshot_closed closed() const {
    return detail::oneshot_closed(state().abandoned);
  }

 private:
  template <class U>
  friend struct oneshot_ends;
  explicit oneshot_sender(detail::oneshot_state<T>& state) noexcept : state_(&state) {}

  [[nodiscard]] detail::oneshot_state<T>& state() const {
    if (state_ == nullptr) detail::throw_empty_oneshot();
    return *state_;
  }
  void finish() noexcept {
    raise(state_->filled);
    std::exchange(state_, nullptr)->leave();
  }

  detail::oneshot_state<T>* state_ = nullptr;
};

/// The end of a oneshot that waits for its value: `co_await receiver`. Movable.
///
/// \par Threads
/// Any thread may use it, one at a time; it may be awaited on any loop.
template <class T>
class [[nodiscard]] oneshot_receiver {
 public:
  /// Empty.
  oneshot_receiver() noexcept = default;
  oneshot_receiver(oneshot_receiver&& other) noexcept
      : state_(std::exchange(other.state_, nullptr)) {}
  oneshot_receiver& operator=(oneshot_receiver&& other) noexcept {
    oneshot_receiver(std::move(other)).swap(*this);
    return *this;
  }
  ~oneshot_receiver() {
    if (state_ == nullptr) return;
    raise(state_->abandoned);
    state_->leave();
  }

  void swap(oneshot_receiver& other) noexcept { std::swap(state_, other.state_); }
  [[nodiscard]] explicit operator bool() const noexcept { return state_ != nullptr; }

  /// Waits for the value, and gives it. The receiver must not be moved until the await has ended.
  /// \throws broken_oneshot; std::logic_error if the receiver is empty, or another task awaits it.
  ///
  /// \par Cancellation
  /// Ends by operation_cancelled; the value is not lost, and the receiver can be awaited again. If
  /// the value came before the cancel, the cancel stays pending.
  [[nodiscard]] detail::oneshot_receive<T> operator co_await() const {
    if (state_ == nullptr) detail::throw_empty_oneshot();
    return detail::oneshot_receive<T>(*state_);
  }

  /// The value if it is there. \throws broken_oneshot; std::logic_error if the receiver is empty.
  [[nodiscard]] std::optional<T> try_receive() {
    if (state_ == nullptr) detail::throw_empty_oneshot();
    if (!state_->filled.raised()) return std::nullopt;
    if (!state_->value) throw broken_oneshot();
    return std::exchange(state_->value, std::nullopt);
  }

 private:
  template <class U>
  friend struct oneshot_ends;
  explicit oneshot_receiver(detail::oneshot_state<T>& state) noexcept : state_(&state) {}

  detail::oneshot_state<T>* state_ = nullptr;
};

/// Both ends of a oneshot.
template <class T>
struct oneshot_ends {
  oneshot_ends() : oneshot_ends(*new detail::oneshot_state<T>) {}

  oneshot_sender<T> sender;
  oneshot_receiver<T> receiver;

 private:
  explicit oneshot_ends(detail::oneshot_state<T>& state) noexcept
      : sender(state), receiver(state) {}
};

/// A channel for one value, from any thread to a task: `auto [sender, receiver] = oneshot<T>();`.
/// Takes one piece of memory from the pool of frames.
template <class T>
[[nodiscard]] oneshot_ends<T> oneshot() {
  return oneshot_ends<T>();
}

}  // namespace lariat
