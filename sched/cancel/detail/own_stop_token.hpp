#pragma once

#include <atomic>
#include <concepts>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <utility>

// A plain implementation of std::stop_token and its companions: see stop_token.hpp. Compiled with
// every standard library, so that it is tested with each.
namespace lariat::detail {

/// A callback's place in the list of its state.
class stop_link {
 public:
  stop_link() = default;
  stop_link(const stop_link&) = delete;  // In the list by address.
  stop_link& operator=(const stop_link&) = delete;
  virtual void call() noexcept = 0;

 protected:
  ~stop_link() = default;

 private:
  friend class stop_state;
  stop_link* previous_ = nullptr;
  stop_link* next_ = nullptr;
  bool linked_ = false;
};

/// The state that tokens, sources and callbacks share.
class stop_state {
 public:
  [[nodiscard]] bool requested() const noexcept {
    return requested_.load(std::memory_order_acquire);  // Pairs with the store in `request`.
  }
  [[nodiscard]] bool possible() const noexcept {
    return requested() || sources_.load(std::memory_order_relaxed) > 0;
  }

  /// Requests stop and runs the callbacks, on this thread. False if stop was requested before.
  bool request() noexcept;

  /// Adds a callback. False if stop was requested; then the link is in no list.
  [[nodiscard]] bool add(stop_link& link) noexcept;

  /// Removes a callback. When this returns the callback is not running, unless this is called from
  /// it.
  void remove(stop_link& link) noexcept;

  void add_source() noexcept { sources_.fetch_add(1, std::memory_order_relaxed); }
  void drop_source() noexcept { sources_.fetch_sub(1, std::memory_order_relaxed); }

 private:
  void unlink(stop_link& link) noexcept;

  std::mutex mutex_;  // Protects what follows, but for the atomics.
  std::condition_variable ended_;
  stop_link* first_ = nullptr;
  stop_link* running_ = nullptr;
  std::thread::id runner_;
  std::atomic<bool> requested_{false};
  std::atomic<std::size_t> sources_{0};
};

struct own_no_stop_state {
  explicit own_no_stop_state() = default;
};

class own_stop_token {
 public:
  own_stop_token() noexcept = default;
  explicit own_stop_token(std::shared_ptr<stop_state> state) noexcept : state_(std::move(state)) {}

  [[nodiscard]] bool stop_requested() const noexcept { return state_ && state_->requested(); }
  [[nodiscard]] bool stop_possible() const noexcept { return state_ && state_->possible(); }
  [[nodiscard]] const std::shared_ptr<stop_state>& state() const noexcept { return state_; }
  [[nodiscard]] friend bool operator==(const own_stop_token&,
                                       const own_stop_token&) noexcept = default;

 private:
  std::shared_ptr<stop_state> state_;
};

class own_stop_source {
 public:
  own_stop_source() : state_(std::make_shared<stop_state>()) { state_->add_source(); }
  explicit own_stop_source(own_no_stop_state) noexcept {}
  own_stop_source(const own_stop_source& other) noexcept : state_(other.state_) {
    if (state_) state_->add_source();
  }
  own_stop_source(own_stop_source&&) noexcept = default;
  own_stop_source& operator=(own_stop_source other) noexcept {
    state_.swap(other.state_);
    return *this;
  }
  ~own_stop_source() {
    if (state_) state_->drop_source();
  }

  [[nodiscard]] own_stop_token get_token() const noexcept { return own_stop_token(state_); }
  [[nodiscard]] bool stop_possible() const noexcept { return state_ != nullptr; }
  [[nodiscard]] bool stop_requested() const noexcept { return state_ && state_->requested(); }
  bool request_stop() noexcept { return state_ && state_->request(); }

 private:
  std::shared_ptr<stop_state> state_;
};

template <class Callback>
class own_stop_callback final : private stop_link {
 public:
  template <class C>
    requires std::constructible_from<Callback, C>
  explicit own_stop_callback(own_stop_token token, C&& callback)
      : callback_(std::forward<C>(callback)), state_(token.state()) {
    if (!state_ || state_->add(*this)) return;
    state_.reset();
    call();
  }
  ~own_stop_callback() {
    if (state_) state_->remove(*this);
  }

 private:
  void call() noexcept override { std::forward<Callback>(callback_)(); }

  Callback callback_;
  std::shared_ptr<stop_state> state_;
};

template <class Callback>
own_stop_callback(own_stop_token, Callback) -> own_stop_callback<Callback>;

}  // namespace lariat::detail
