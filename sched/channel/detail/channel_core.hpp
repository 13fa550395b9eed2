#pragma once

#include <lariat/sched/thread/detail/spin_lock.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace lariat {
class operation;
}  // namespace lariat

namespace lariat::detail {

/// A waiter at a channel: a task's operation, or a blocked thread.
class channel_waiter {
 public:
  channel_waiter(const channel_waiter&) = delete;
  channel_waiter& operator=(const channel_waiter&) = delete;

  /// How the wait has ended. Written before `deliver`.
  enum class outcome : unsigned char { waiting, served, closed, cancelled };
  [[nodiscard]] outcome told() const noexcept { return told_; }

 protected:
  channel_waiter() = default;
  virtual ~channel_waiter() = default;  // Virtual for the same reason as runnable's.

  /// Makes the task or thread go on. Called once, by any thread, without a lock held. The waiter
  /// may be gone when it returns.
  virtual void deliver() noexcept = 0;

  /// The operation in which a task waits; null for a thread.
  [[nodiscard]] virtual const operation* waiting_in() const noexcept { return nullptr; }

  outcome told_ = outcome::waiting;

 private:
  friend class channel_queue;
  friend class channel_core;
  channel_waiter* previous_ = nullptr;
  channel_waiter* next_ = nullptr;
  bool queued_ = false;
};

/// Waiters in order of arrival. Protected by one of the channel's locks.
class channel_queue {
 public:
  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
  void push(channel_waiter& waiter) noexcept;
  [[nodiscard]] channel_waiter& pop() noexcept;
  /// \pre It is not empty.
  [[nodiscard]] const channel_waiter& oldest() const noexcept { return *first_; }
  /// False if the waiter is not in the queue (any more).
  bool remove(channel_waiter& waiter) noexcept;
  /// Removes all waiters, and returns them as a list linked by `next_`.
  [[nodiscard]] channel_waiter* take_all() noexcept;

 private:
  channel_waiter* first_ = nullptr;
  channel_waiter* last_ = nullptr;
};

/// The part of a channel that does not depend on the values' type: which sender and which receiver
/// may go on when.
///
/// Two locks, each on a cache line of its own: receivers take the head's lock, senders the tail's.
/// A caller that has to wait, or that ends a wait of the other side, takes both, the head's first.
/// Protocol: sched/README.md, "Channel".
class channel_core {
 public:
  using outcome = channel_waiter::outcome;

  channel_core(const channel_core&) = delete;
  channel_core& operator=(const channel_core&) = delete;

  void add_sender() noexcept { senders_.fetch_add(1, std::memory_order_relaxed); }
  void add_receiver() noexcept { receivers_.fetch_add(1, std::memory_order_relaxed); }
  /// The last one of a side closes the channel; the last one of all deletes it.
  void drop_sender() noexcept;
  void drop_receiver() noexcept;

  /// Closes the channel: waiting senders fail, and waiting receivers get nothing.
  void close() noexcept;
  /// The same, and destroys what was sent and not received.
  void close_and_clear() noexcept;

  /// Frees the room of a permit that was not used.
  void give_back_room() noexcept;

  [[nodiscard]] bool closed() const noexcept { return closed_.load(std::memory_order_acquire); }
  [[nodiscard]] std::size_t size() const noexcept;
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

  /// Looks for a microsecond or so, without a lock, whether another thread makes room, or sends a
  /// value; sleeping and being woken costs more. Does nothing if that has been in vain lately.
  bool spin_for_room() noexcept;
  bool spin_for_item() noexcept;

  /// Removes a waiter because of a cancel; false if its wait has ended otherwise, and it was or
  /// will be delivered.
  [[nodiscard]] bool withdraw_receiver(channel_waiter& waiter) noexcept;
  [[nodiscard]] bool withdraw_sender(channel_waiter& waiter) noexcept;

 protected:
  /// \param places How many values the ring has room for at first.
  channel_core(std::size_t capacity, std::size_t places);
  virtual ~channel_core();

  /// Takes the value that `sender` waits to send, or reserves the room that it waits for. Under
  /// both locks, when there is room. If a receiver was waiting and got the value, returns it, to be
  /// delivered.
  [[nodiscard]] virtual channel_waiter* accept_from(channel_waiter& sender) noexcept = 0;
  /// Destroys what is in the buffer. Under both locks.
  virtual void clear_buffer() noexcept = 0;

  /// Under the tail's lock: whether there is room for one more.
  [[nodiscard]] bool has_room(std::uint64_t tail) noexcept {
    if (tail + reserved_ - seen_head_ < limit_) [[likely]]
      return true;
    seen_head_ = head_.load(std::memory_order_acquire);  // Pairs with the receiver's store.
    return tail + reserved_ - seen_head_ < limit_;
  }
  /// Under the tail's lock: whether the ring may still grow. If not, a channel without room is
  /// full.
  [[nodiscard]] bool may_grow() const noexcept { return limit_ < capacity_; }
  /// Under both locks: the ring has grown to `places`.
  void grown_to(std::size_t places) noexcept { limit_ = places < capacity_ ? places : capacity_; }

  /// Under the head's lock: whether there is something to take.
  [[nodiscard]] bool has_item(std::uint64_t head) noexcept {
    if (head != seen_tail_) [[likely]]
      return true;
    seen_tail_ = tail_.load(std::memory_order_acquire);  // Pairs with the sender's store.
    return head != seen_tail_;
  }

  /// Under both locks, after room was made: serves the waiting senders as far as the room goes.
  /// Returns the list of all waiters to deliver after the locks are released.
  [[nodiscard]] channel_waiter* serve_senders() noexcept;

  static void tell(channel_waiter& waiter, outcome what) noexcept { waiter.told_ = what; }
  static void deliver(channel_waiter& waiter) noexcept { waiter.deliver(); }
  static void deliver_all(channel_waiter* list) noexcept;

  const std::size_t capacity_;
  std::size_t limit_;  // How much the ring can hold now. Written under both locks.
  std::atomic<std::uint32_t> senders_{1};
  std::atomic<std::uint32_t> receivers_{1};
  std::atomic<std::uint32_t> sides_{2};  // Sides that still refer to it.
  std::atomic<bool> closed_{false};      // Written under both locks.

  /// Decides whether to spin, and spins. Several threads may use it at once; a lost update of its
  /// counts does no harm.
  class spin_habit {
   public:
    /// Spins. True if `available()` was more than zero before it gave up.
    template <class Count>
    bool spin(const Count& available) noexcept;

   private:
    std::atomic<std::uint32_t> skip_{0};
    std::atomic<std::uint32_t> skip_next_{1};
  };

  // The receivers' cache line.
  alignas(64) spin_lock head_lock_;
  std::atomic<std::uint64_t> head_{0};
  std::uint64_t seen_tail_ = 0;
  channel_queue waiting_senders_;
  spin_habit item_habit_;

  // The senders' cache line.
  alignas(64) spin_lock tail_lock_;
  std::atomic<std::uint64_t> tail_{0};
  std::uint64_t seen_head_ = 0;
  std::uint64_t reserved_ = 0;  // Room that permits hold.
  channel_queue waiting_receivers_;
  spin_habit room_habit_;

 private:
  void end(bool clear) noexcept;
  static void abort_if_waiting(const channel_queue& own, spin_lock& lock) noexcept;
};

}  // namespace lariat::detail
