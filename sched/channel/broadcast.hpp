#pragma once

#include <lariat/sched/channel/detail/publisher.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace lariat {

/// What a receiver of a broadcast gets: a value, or the number of values that it missed. With
/// neither, the broadcast is closed.
template <class T>
struct [[nodiscard]] broadcast_item {
  // Makes it no aggregate, so that it may be used in an await expression (ARCHITECTURE.md, G2).
  broadcast_item() = default;

  [[nodiscard]] bool closed() const noexcept { return !value && lagged == 0; }

  std::optional<T> value;
  std::uint64_t lagged = 0;  ///< How many values were overwritten before they were received.
};

/// Sends each value to every task that has subscribed (Tokio's broadcast). It keeps the last
/// `capacity` values. A receiver that falls behind is told once how many values it missed, and goes
/// on with the oldest that is kept, so sending never waits. It must outlive its receivers.
///
/// \par Threads
/// It belongs to one loop: that of the thread that makes it, or, if none runs there, that of the
/// first task that uses it. Only tasks of that loop may send, subscribe and wait. Any thread may
/// `close`. For its lifetime see `event`.
template <class T>
class broadcast final : public detail::publisher {
 public:
  class receiver;
  class reception;

  /// \throws std::invalid_argument if `capacity` is zero.
  explicit broadcast(std::size_t capacity) : capacity_(checked(capacity)) {}

  /// Sends a value to all current receivers.
  /// \throws std::logic_error if it is closed, or on a thread other than its loop's.
  void send(T value) {
    require_here("broadcast::send");
    check_open("broadcast::send");
    if (kept_.size() < capacity_) {
      kept_.emplace_back(std::move(value));
    } else {
      kept_[published() % capacity_].emplace(std::move(value));
    }
    publish();
  }

  /// Makes a receiver of all values that are sent from now on.
  /// \throws std::logic_error on a thread other than its loop's.
  [[nodiscard]] receiver subscribe() {
    require_here("broadcast::subscribe");
    return receiver(*this);
  }

 private:
  static std::size_t checked(std::size_t capacity) {
    if (capacity == 0) throw std::invalid_argument("lariat: broadcast: it has to keep one value");
    return capacity;
  }
  void receive(std::uint64_t& seen, broadcast_item<T>& item) const;

  std::size_t capacity_;
  std::vector<std::optional<T>> kept_;  // Grows to `capacity_` as values come.
};

/// How far one task has come in a broadcast. A copy goes on from the same place.
///
/// \par Threads
/// On the loop's thread only.
template <class T>
class broadcast<T>::receiver {
 public:
  /// Waits for the next value, and gives a copy. The receiver must not be moved until the await has
  /// ended.
  ///
  /// \par Cancellation
  /// Ends by operation_cancelled, and no value is lost but by lagging.
  [[nodiscard]] reception next() noexcept { return reception(*from_, seen_); }

 private:
  friend class broadcast;
  explicit receiver(broadcast& from) noexcept : from_(&from), seen_(from.published()) {}

  broadcast* from_;
  std::uint64_t seen_;
};

/// The awaitable of `next`.
template <class T>
class [[nodiscard]] broadcast<T>::reception final
    : public detail::basic_wait_operation<reception, detail::publisher_wait> {
 public:
  reception(broadcast& from, std::uint64_t& seen) noexcept
      : detail::basic_wait_operation<reception, detail::publisher_wait>(from, seen),
        from_(&from),
        seen_(&seen) {}

  broadcast_item<T> await_resume() const {
    this->check_cancelled();
    broadcast_item<T> item;
    from_->receive(*seen_, item);
    return item;
  }

  bool attempt() noexcept override { return this->has_news(); }
  [[nodiscard]] operation_info info() const noexcept override { return {"broadcast::next"}; }

 private:
  broadcast* from_;
  std::uint64_t* seen_;
};

template <class T>
void broadcast<T>::receive(std::uint64_t& seen, broadcast_item<T>& item) const {
  const std::uint64_t behind = published() - seen;
  if (behind == 0) return;
  if (behind > capacity_) {
    item.lagged = behind - capacity_;
    seen += item.lagged;
    return;
  }
  item.value = kept_[seen % capacity_];  // If the copy throws, the value comes again.
  ++seen;
}

}  // namespace lariat
