#pragma once

#include <lariat/sched/channel/detail/queue_base.hpp>
#include <lariat/sched/channel/queue_closed.hpp>

#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>

namespace lariat::detail {

/// A queue whose order is that of `Store`, which has `size`, `push`, `pop` and `clear`.
template <class T, class Store>
class basic_queue : public queue_base {
  static_assert(std::is_nothrow_move_constructible_v<T>,
                "items are moved while nobody is there to catch an exception");

 public:
  class put_operation;
  class get_operation;

  /// \param limit How many items the queue holds before `put` waits; zero: any number.
  explicit basic_queue(std::size_t limit = 0) noexcept : queue_base(limit) {}

  /// Adds an item, or hands it to a task that waits for one; waits while the queue is full.
  /// \throws queue_closed, or std::logic_error in a task of another loop.
  ///
  /// \par Cancellation
  /// Ends by operation_cancelled; the item is not put, and destroyed. If the item was put before
  /// the cancel came, the cancel stays pending.
  [[nodiscard]] put_operation put(T item) noexcept { return put_operation(*this, std::move(item)); }

  /// Adds an item if that can be done at once. False if not, because the queue is full or closed;
  /// then `item` is unchanged.
  /// \throws std::logic_error on another thread than its loop's.
  [[nodiscard]] bool try_put(T&& item) {
    require_here("queue::try_put");
    return !is_closed() && add(item);
  }
  [[nodiscard]] bool try_put(const T& item) { return try_put(T(item)); }

  /// Takes the next item, and waits while there is none; gives nothing once the queue is closed and
  /// empty. The task that has waited longest gets the first item.
  /// \throws std::logic_error in a task of another loop.
  ///
  /// \par Cancellation
  /// Ends by operation_cancelled, and no item is taken. A task that was handed an item before the
  /// cancel came gets it, and the cancel stays pending.
  [[nodiscard]] get_operation get() noexcept { return get_operation(*this); }

  /// Takes the next item if there is one.
  /// \throws std::logic_error on another thread than its loop's.
  [[nodiscard]] std::optional<T> try_get() {
    require_here("queue::try_get");
    std::optional<T> item;
    if (store_.size() > 0) take(item);
    return item;
  }

  /// How many items can be taken now. \throws std::logic_error on another thread than its loop's.
  [[nodiscard]] std::size_t size() {
    require_here("queue::size");
    return store_.size();
  }
  [[nodiscard]] bool empty() { return size() == 0; }
  [[nodiscard]] bool full() { return size() >= limit(); }

 protected:
  ~basic_queue() = default;
  basic_queue(std::size_t limit, Store&& store) noexcept
      : queue_base(limit), store_(std::move(store)) {}

 private:
  [[nodiscard]] bool add(T& item);
  void take(std::optional<T>& into);
  void turn_away() noexcept final;
  [[nodiscard]] std::size_t discard() noexcept final {
    const std::size_t count = store_.size();
    store_.clear();
    return count;
  }

  wait_list<put_operation> putters_;  // Only while the store is full.
  wait_list<get_operation> getters_;  // Only while it is empty.
  Store store_;
};

/// The awaitable of `put`.
template <class T, class Store>
class [[nodiscard]] basic_queue<T, Store>::put_operation final
    : public basic_wait_operation<put_operation> {
 public:
  put_operation(basic_queue& into, T&& item) noexcept
      : basic_wait_operation<put_operation>(into), into_(&into), item_(std::move(item)) {}
  put_operation(put_operation&& other) noexcept
      : basic_wait_operation<put_operation>(other),
        into_(other.into_),
        item_(std::move(other.item_)) {}

  void await_resume() const {
    this->check_cancelled();
    if (refused_) throw queue_closed();
  }

  bool attempt() override {
    if (into_->is_closed()) return refused_ = true;
    return into_->add(item_);
  }
  [[nodiscard]] operation_info info() const noexcept override { return {"queue::put"}; }

 private:
  friend class basic_queue;
  void enqueue() noexcept override { into_->putters_.push(*this); }

  basic_queue* into_;
  T item_;
  bool refused_ = false;
};

/// The awaitable of `get`.
template <class T, class Store>
class [[nodiscard]] basic_queue<T, Store>::get_operation final
    : public basic_wait_operation<get_operation> {
 public:
  explicit get_operation(basic_queue& from) noexcept
      : basic_wait_operation<get_operation>(from), from_(&from) {}
  get_operation(const get_operation&
                    other) noexcept  // Copied only before it is awaited, when it has no item.
      : basic_wait_operation<get_operation>(other), from_(other.from_) {}

  std::optional<T> await_resume() {
    this->check_cancelled();
    return std::move(item_);
  }

  bool attempt() override {
    if (from_->store_.size() == 0) return from_->is_closed();
    from_->take(item_);
    return true;
  }
  [[nodiscard]] operation_info info() const noexcept override { return {"queue::get"}; }

 private:
  friend class basic_queue;
  void enqueue() noexcept override { from_->getters_.push(*this); }

  basic_queue* from_;
  std::optional<T> item_;
};

// No item overtakes that of a waiting `put`: while a task waits to put, the store is full.
template <class T, class Store>
bool basic_queue<T, Store>::add(T& item) {
  if (!getters_.empty()) {
    getters_.front().item_.emplace(std::move(item));
    getters_.front().wake();
  } else if (store_.size() < limit()) {
    store_.push(std::move(item));
  } else {
    return false;
  }
  count_put();
  return true;
}

template <class T, class Store>
void basic_queue<T, Store>::take(std::optional<T>& into) {
  into.emplace(store_.pop());
  if (putters_.empty()) return;
  store_.push(std::move(putters_.front().item_));  // There is room, so it does not throw.
  count_put();
  putters_.front().wake();
}

template <class T, class Store>
void basic_queue<T, Store>::turn_away() noexcept {
  for (; !putters_.empty(); putters_.front().wake()) putters_.front().refused_ = true;
  getters_.wake_all();
}

}  // namespace lariat::detail
