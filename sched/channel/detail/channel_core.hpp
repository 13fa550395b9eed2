#pragma once

#include <lariat/sched/thread/detail/spin_lock.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace lariat {
class operation;
}  // namespace lariat

namespace lariat::detail {

/// Who waits at a channel: a task's operation, or a thread.
class channel_waiter {
 public:
  channel_waiter(const channel_waiter&) = delete;
  channel_waiter& operator=(const channel_waiter&) = delete;

  /// What it was told. Written before `deliver`.
  enum class outcome : unsigned char { waiting, served, closed, cancelled };
  [[nodiscard]] outcome told() const noexcept { return told_; }

 protected:
  channel_waiter() = default;
  virtual ~channel_waiter() = default;  // As that of runnable.

  /// Makes whoever waits go on. Called once, by any thread, without a lock: the waiter may be gone
  /// when it returns.
  virtual void deliver() noexcept = 0;

  /// What a task waits in; null for a thread.
  [[nodiscard]] virtual const operation* waiting_in() const noexcept { return nullptr; }

  outcome told_ = outcome::waiting;

 private:
  friend class channel_queue;
  friend class channel_core;
  channel_waiter* previous_ = nullptr;
  channel_waiter* next_ = nullptr;
  bool queued_ = false;
};

/// Waiters in order of arrival. Belongs to a lock.
class channel_queue {
 public:
  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
  void push(channel_waiter& waiter) noexcept;
  [[nodiscard]] channel_waiter& pop() noexcept;
  /// Of one that is not empty.
  [[nodiscard]] const channel_waiter& oldest() const noexcept { return *first_; }
  /// False if it is not there (any more).
  bool remove(channel_waiter& waiter) noexcept;
  /// All of them, as a list by `next_`.
  [[nodiscard]] channel_waiter* take_all() noexcept;

 private:
  channel_waiter* first_ = nullptr;
  channel_waiter* last_ = nullptr;
};

/// The part of a channel that does not depend on what it carries: who may take what when.
///
/// Two locks, each with a line of its own: receivers take the head's, senders the tail's, and who
/// has to wait, or ends the waiting of the other side, takes both, the head's first. Protocol:
/// sched/README.md, "Channel".
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

  /// Ends it: who waits to send is refused, and who waits to receive learns that nothing comes.
  void close() noexcept;
  /// The same, and forgets what was sent and not received.
  void close_and_clear() noexcept;

  /// A permit that was not used: its room is free again.
  void give_back_room() noexcept;

  [[nodiscard]] bool closed() const noexcept { return closed_.load(std::memory_order_acquire); }
  [[nodiscard]] std::size_t size() const noexcept;
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

  /// Looks for a microsecond or so, without a lock, whether room, or something to take, has come
  /// from another thread: to sleep and be woken costs more. Does nothing where that has been in
  /// vain lately.
  bool spin_for_room() noexcept;
  bool spin_for_item() noexcept;

  /// Takes a waiter out for a cancel; false if it was told something, and has been or will be
  /// delivered.
  [[nodiscard]] bool withdraw_receiver(channel_waiter& waiter) noexcept;
  [[nodiscard]] bool withdraw_sender(channel_waiter& waiter) noexcept;

 protected:
  /// `places` is what the ring has at first, at most `capacity`.
  channel_core(std::size_t capacity, std::size_t places);
  virtual ~channel_core();

  /// Takes what `sender` waits to send, or reserves the room that it waits for. Under both locks,
  /// when there is room. Gives a receiver that is to be delivered, if one waited for it.
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
  /// The same: whether the ring may become larger. Otherwise it is full when it has no room.
  [[nodiscard]] bool may_grow() const noexcept { return limit_ < capacity_; }
  /// Under both locks: the ring has so many places now.
  void grown_to(std::size_t places) noexcept { limit_ = places < capacity_ ? places : capacity_; }

  /// Under the head's lock: whether there is something to take.
  [[nodiscard]] bool has_item(std::uint64_t head) noexcept {
    if (head != seen_tail_) [[likely]]
      return true;
    seen_tail_ = tail_.load(std::memory_order_acquire);  // Pairs with the sender's store.
    return head != seen_tail_;
  }

  /// Under both locks, after room has come: serves the senders that wait, as far as it goes. Gives
  /// the list of all who are to be delivered when the locks are off.
  [[nodiscard]] channel_waiter* serve_senders() noexcept;

  static void tell(channel_waiter& waiter, outcome what) noexcept { waiter.told_ = what; }
  static void deliver(channel_waiter& waiter) noexcept { waiter.deliver(); }
  static void deliver_all(channel_waiter* list) noexcept;

  const std::size_t capacity_;
  std::size_t limit_;  // Of what the ring holds now. Written under both locks.
  std::atomic<std::uint32_t> senders_{1};
  std::atomic<std::uint32_t> receivers_{1};
  std::atomic<std::uint32_t> sides_{2};  // Sides that still refer to it.
  std::atomic<bool> closed_{false};      // Written under both locks.

  /// Whether to spin, and how. Several threads may ask at once: what they lose of the count is no
  /// harm.
  class spin_habit {
   public:
    /// Whether `available()` gave more than zero before patience was at an end.
    template <class Count>
    bool spin(const Count& available) noexcept;

   private:
    std::atomic<std::uint32_t> skip_{0};
    std::atomic<std::uint32_t> skip_next_{1};
  };

  // The receivers' line.
  alignas(64) spin_lock head_lock_;
  std::atomic<std::uint64_t> head_{0};
  std::uint64_t seen_tail_ = 0;
  channel_queue waiting_senders_;
  spin_habit item_habit_;

  // The senders' line.
  alignas(64) spin_lock tail_lock_;
  std::atomic<std::uint64_t> tail_{0};
  std::uint64_t seen_head_ = 0;
  std::uint64_t reserved_ = 0;  // Room that permits hold.
  channel_queue waiting_receivers_;
  spin_habit room_habit_;

 private:
  void end(bool clear) noexcept;
  static void refuse_if_waiting(const channel_queue& own, spin_lock& lock) noexcept;
};

}  // namespace lariat::detail
