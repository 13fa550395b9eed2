#pragma once

#include <lariat/sched/channel/detail/channel_core.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

namespace lariat::detail {

/// A waiter with a place for the value that it sends or receives. A sender without a value wants to
/// reserve room.
template <class T>
class channel_waiter_of : public channel_waiter {
 public:
  [[nodiscard]] std::optional<T>& value() noexcept { return value_; }

 protected:
  channel_waiter_of() = default;
  explicit channel_waiter_of(std::optional<T>&& value) noexcept : value_(std::move(value)) {}
  ~channel_waiter_of() = default;

 private:
  std::optional<T> value_;
};

/// A channel and its buffer. The channel's ends refer to it.
template <class T>
class channel_state final : public channel_core {
  static_assert(std::is_nothrow_move_constructible_v<T> && std::is_nothrow_destructible_v<T>,
                "a channel moves its values where nothing may throw");

 public:
  using waiter = channel_waiter_of<T>;

  explicit channel_state(std::size_t capacity)
      : channel_core(capacity, places_for(capacity)),
        mask_(places_for(capacity) - 1),
        items_(new item[mask_ + 1]) {}
  ~channel_state() override { channel_state::clear_buffer(); }

  /// Sends the value of `sender`, or reserves room. `waiting` if that cannot be done at once.
  outcome send(waiter& sender) noexcept {
    channel_waiter* receiver = nullptr;
    outcome made;
    std::size_t too_few = 0;
    {
      const std::lock_guard tail(tail_lock_);
      made = send_locked(sender, receiver);
      if (made == outcome::waiting && may_grow()) [[unlikely]]
        too_few = mask_ + 1;
    }
    if (too_few != 0) [[unlikely]]
      return send_growing(sender, too_few);
    if (receiver != nullptr) deliver(*receiver);
    return made;
  }

  /// The same for a sender that has just tried, and now waits if it must: then it will be
  /// delivered, or has to be withdrawn. With `spin` it spins for a while before that.
  outcome send_or_wait(waiter& sender, bool spin) noexcept {
    outcome made = outcome::waiting;
    if (spin && spin_for_room()) made = send(sender);
    if (made != outcome::waiting) return made;
    channel_waiter* receiver = nullptr;
    {
      const std::lock_guard head(head_lock_);
      const std::lock_guard tail(tail_lock_);
      made = send_locked(sender, receiver);
      if (made == outcome::waiting) waiting_senders_.push(sender);
    }
    if (receiver != nullptr) deliver(*receiver);
    return made;
  }

  /// Receives into `receiver`. `waiting` if there is nothing.
  outcome receive(waiter& receiver) noexcept {
    channel_waiter* served = nullptr;
    outcome made;
    {
      const std::lock_guard head(head_lock_);
      if (waiting_senders_.empty()) [[likely]] {
        made = receive_locked(receiver);
      } else {
        // Both locks: nobody may take the room before the senders that wait for it.
        const std::lock_guard tail(tail_lock_);
        made = receive_locked(receiver);
        served = serve_senders();
      }
    }
    if (served != nullptr) deliver_all(served);
    return made;
  }

  /// Not inlined: otherwise g++ 12 takes the value for uninitialised (-Wmaybe-uninitialized).
  [[gnu::noinline]] outcome try_receive(waiter& receiver) noexcept { return receive(receiver); }

  /// As `send_or_wait`.
  outcome receive_or_wait(waiter& receiver, bool spin) noexcept {
    outcome made = outcome::waiting;
    if (spin && spin_for_item()) made = receive(receiver);
    if (made != outcome::waiting) return made;
    channel_waiter* served;
    {
      const std::lock_guard head(head_lock_);
      const std::lock_guard tail(tail_lock_);
      made = receive_locked(receiver);
      if (made == outcome::waiting) waiting_receivers_.push(receiver);
      served = serve_senders();
    }
    deliver_all(served);
    return made;
  }

  /// Sends into room that was reserved. False if the channel is closed.
  bool send_reserved(T&& value) noexcept {
    channel_waiter* receiver = nullptr;
    channel_waiter* served = nullptr;
    {
      // Both locks: a waiting receiver may get the value, and then the room goes to a waiting
      // sender.
      const std::lock_guard head(head_lock_);
      const std::lock_guard tail(tail_lock_);
      --reserved_;
      if (closed_.load(std::memory_order_relaxed)) return false;
      put(std::move(value), receiver);
      served = serve_senders();
    }
    if (receiver != nullptr) deliver(*receiver);
    deliver_all(served);
    return true;
  }

 private:
  struct item {
    alignas(T) std::byte bytes[sizeof(T)];
    [[nodiscard]] T& value() noexcept { return *std::launder(reinterpret_cast<T*>(bytes)); }
  };

  // How many places the ring has at first: as many as the capacity, if that takes little memory.
  static constexpr std::size_t places_for(std::size_t capacity) noexcept {
    constexpr std::size_t bytes = 64 * 1024;
    constexpr std::size_t most = sizeof(item) < bytes ? std::bit_floor(bytes / sizeof(item)) : 1;
    return capacity <= most ? std::bit_ceil(capacity) : most;
  }

  // Null if there is no memory.
  static std::unique_ptr<item[]> make_ring(std::size_t places) noexcept {
    if (places > std::numeric_limits<std::size_t>::max() / 2 / sizeof(item)) return nullptr;
    return std::unique_ptr<item[]>(new (std::nothrow) item[places]);
  }

  // The ring, of `too_few` places, had no room: sends after making it twice as large. Without
  // memory for that the channel counts as full. Memory is allocated and freed without a lock held.
  [[gnu::noinline, gnu::cold]] outcome send_growing(waiter& sender, std::size_t too_few) noexcept {
    for (;;) {
      std::unique_ptr<item[]> ring = make_ring(2 * too_few);
      channel_waiter* receiver = nullptr;
      channel_waiter* served = nullptr;
      outcome made;
      std::size_t places;
      bool again;
      {
        const std::lock_guard head(head_lock_);
        const std::lock_guard tail(tail_lock_);
        if (ring != nullptr && mask_ + 1 == too_few) {
          move_to(ring);
          served = serve_senders();  // Senders that waited for lack of memory.
        }
        made = send_locked(sender, receiver);
        places = mask_ + 1;
        again = made == outcome::waiting && may_grow() && places != too_few;
      }
      if (receiver != nullptr) deliver(*receiver);
      deliver_all(served);
      if (!again) return made;
      too_few = places;  // Another sender has made it larger meanwhile, and it is full again.
    }
  }

  // Under both locks. Leaves the old ring in `ring`.
  void move_to(std::unique_ptr<item[]>& ring) noexcept {
    const std::size_t mask = 2 * mask_ + 1;
    const std::uint64_t tail = tail_.load(std::memory_order_relaxed);
    for (std::uint64_t i = head_.load(std::memory_order_relaxed); i != tail; ++i) {
      T& value = items_[i & mask_].value();
      ::new (static_cast<void*>(ring[i & mask].bytes)) T(std::move(value));
      std::destroy_at(&value);
    }
    items_.swap(ring);
    mask_ = mask;
    grown_to(mask + 1);
  }

  // Under the tail's lock.
  outcome send_locked(waiter& sender, channel_waiter*& receiver) noexcept {
    if (closed_.load(std::memory_order_relaxed)) [[unlikely]]
      return outcome::closed;
    if (!has_room(tail_.load(std::memory_order_relaxed))) return outcome::waiting;
    if (sender.value().has_value()) {
      put(*std::move(sender.value()), receiver);
    } else {
      ++reserved_;
    }
    return outcome::served;
  }

  // Under the tail's lock, when there is room. Gives the value to a waiting receiver, or puts it
  // into the buffer. A receiver waits only while the buffer is empty, so no value is overtaken.
  void put(T&& value, channel_waiter*& receiver) noexcept {
    if (!waiting_receivers_.empty()) {
      receiver = &waiting_receivers_.pop();
      static_cast<waiter*>(receiver)->value().emplace(std::move(value));
      tell(*receiver, outcome::served);
      return;
    }
    const std::uint64_t tail = tail_.load(std::memory_order_relaxed);
    ::new (static_cast<void*>(items_[tail & mask_].bytes)) T(std::move(value));
    tail_.store(tail + 1, std::memory_order_release);  // Pairs with `has_item`.
  }

  // Under the head's lock.
  outcome receive_locked(waiter& receiver) noexcept {
    const std::uint64_t head = head_.load(std::memory_order_relaxed);
    if (!has_item(head)) {
      // `closed_` is written under this lock too: if it is set, everything that was sent before it
      // is visible here, and there was nothing.
      return closed_.load(std::memory_order_relaxed) ? outcome::closed : outcome::waiting;
    }
    T& oldest = items_[head & mask_].value();
    receiver.value().emplace(std::move(oldest));
    std::destroy_at(&oldest);
    head_.store(head + 1, std::memory_order_release);  // Pairs with `has_room`.
    return outcome::served;
  }

  channel_waiter* accept_from(channel_waiter& sender) noexcept override {
    std::optional<T>& value = static_cast<waiter&>(sender).value();
    channel_waiter* receiver = nullptr;
    if (value.has_value()) {
      put(*std::move(value), receiver);
    } else {
      ++reserved_;
    }
    return receiver;
  }

  void clear_buffer() noexcept override {
    std::uint64_t head = head_.load(std::memory_order_relaxed);
    const std::uint64_t tail = tail_.load(std::memory_order_relaxed);
    for (; head != tail; ++head) std::destroy_at(&items_[head & mask_].value());
    head_.store(head, std::memory_order_relaxed);
    seen_tail_ = tail;
  }

  // Read by both sides at every step, so on a cache line that is seldom written (under both locks).
  alignas(64) std::size_t mask_;
  std::unique_ptr<item[]> items_;
};

}  // namespace lariat::detail
