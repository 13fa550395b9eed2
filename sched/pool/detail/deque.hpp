#pragma once

#include <lariat/sched/thread/detail/fence.hpp>

#include <atomic>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>

namespace lariat::detail {

/// The outcome of a steal.
enum class steal_result : unsigned char {
  stolen,
  empty,
  lost,     ///< Another thread took the item first: try again.
  hidden,   ///< There is work in the private part; the owner was asked to share it.
  refused,  ///< There is work, which `accept` refused.
};

/// A work-stealing deque (Chase and Lev 2005, in the form of Le et al. 2013) whose newest items are
/// private, so that its owner pushes and pops without a fence (the split deque of van Dijk and van
/// de Pol, 2014). Thieves take the oldest. Protocol: sched/README.md, "Deque". A template so that
/// the model checks the same text.
template <class Item, template <class> class Atomic, class Fences, std::int64_t capacity_min = 256>
class basic_deque {
 public:
  basic_deque() : ring_(nullptr) { adopt(new ring(capacity_min)); }
  basic_deque(const basic_deque&) = delete;
  basic_deque& operator=(const basic_deque&) = delete;
  ~basic_deque() {
    for (ring* each = ring_.load(std::memory_order_relaxed); each != nullptr;) {
      ring* older = each->older;
      delete each;
      each = older;
    }
  }

  /// Owner. Adds `item_at(0)`, ... `item_at(count - 1)`; `pop` gives the last of them first.
  /// \throws std::bad_alloc; then nothing was added.
  template <class ItemAt>
  void push(std::size_t count, ItemAt item_at) {
    const auto more = static_cast<std::int64_t>(count);
    if (bottom_.load(std::memory_order_relaxed) + more > limit_) [[unlikely]]
      make_room(more);
    // Loaded again: keeping the value across the call, which is hardly ever made, would cost every
    // push a register that has to be saved.
    const std::int64_t bottom = bottom_.load(std::memory_order_relaxed);
    const std::int64_t end = bottom + more;
    assert(end <= limit_ && "items are pushed over those that are still there");
    assert(split_ <= bottom && "more is shared than there is");
    for (std::int64_t i = bottom; i < end; ++i) {
      at(i).store(item_at(static_cast<std::size_t>(i - bottom)), std::memory_order_relaxed);
    }
    // Release, here and wherever bottom is stored: a thief that sees this value sees the items
    // below it, and what they point to.
    bottom_.store(end, std::memory_order_release);
  }

  /// Owner. Takes the newest item. False if there is none.
  bool pop(Item& item) noexcept {
    const std::int64_t bottom = bottom_.load(std::memory_order_relaxed) - 1;
    bottom_.store(bottom, std::memory_order_release);
    if (bottom < split_) [[unlikely]] {
      split_ = bottom;
      shared_split_.store(bottom, std::memory_order_release);  // As in `share`.
      Fences::full();
    } else {
      Fences::light();
    }
    std::int64_t top = top_.load(std::memory_order_relaxed);
    if (top < bottom) [[likely]] {
      item = at(bottom).load(std::memory_order_relaxed);
      return true;
    }
    Item last;  // A copy, so that `item`, whose address is not taken, may stay in a register.
    if (!pop_last(top, bottom, last)) return false;
    item = last;
    return true;
  }

  /// Owner. Whether thieves have asked for more; then call `share`. Costs a load.
  [[nodiscard]] bool asked() const noexcept {
    // After the push: either a thief that asks and then goes to sleep sees the items, or this
    // thread sees the request.
    Fences::light();
    return asked_.load(std::memory_order_relaxed) != 0;
  }

  /// Owner. Lets thieves take all items that are there now.
  void share() noexcept {
    asked_.store(0, std::memory_order_relaxed);
    split_ = bottom_.load(std::memory_order_relaxed);
    // Release: a thief that sees this split sees the items below it. It may see an older bottom,
    // because it need not have seen the owner's pops and pushes in the private part.
    shared_split_.store(split_, std::memory_order_release);
  }

  /// Any thread. Asks the owner to share, and to look for sleeping thieves.
  void ask() noexcept {
    if (asked_.load(std::memory_order_relaxed) == 0) asked_.store(1, std::memory_order_relaxed);
  }

  /// Any thread. A guess.
  [[nodiscard]] bool maybe_filled() const noexcept {
    return top_.load(std::memory_order_relaxed) < bottom_.load(std::memory_order_relaxed);
  }

  /// Owner. The index of the next item that is pushed. An item's index never changes.
  [[nodiscard]] std::int64_t next_index() const noexcept {
    return bottom_.load(std::memory_order_relaxed);
  }

  struct accept_all {
    bool operator()(std::int64_t) const noexcept { return true; }
  };

  /// Thief. Takes the oldest item, if `accept(index)` is true for its index.
  template <class Accept = accept_all>
  [[nodiscard]] steal_result steal(Item& item, Accept accept = {}) noexcept {
    const std::int64_t top = top_.load(std::memory_order_acquire);
    // Before the split is read: with a split from before the owner's latest full fence the thief
    // could take an item that is private by now.
    Fences::full();
    if (top >= shared_split_.load(std::memory_order_acquire)) {
      if (top >= bottom_.load(std::memory_order_relaxed)) return steal_result::empty;
      if (!accept(top)) return steal_result::refused;
      ask();
      return steal_result::hidden;
    }
    return take(top, item, accept);
  }

  /// Thief. The same, but also from the private part, for an owner that does not answer because it
  /// is busy. Slow, and slows the owner down too.
  template <class Accept = accept_all>
  [[nodiscard]] steal_result raid(Item& item, Accept accept = {}) noexcept {
    const std::int64_t top = top_.load(std::memory_order_acquire);
    Fences::heavy();
    return take(top, item, accept);
  }

 private:
  struct ring {
    explicit ring(std::int64_t capacity)
        : mask(static_cast<std::size_t>(capacity - 1)),
          slots(new Atomic<Item>[static_cast<std::size_t>(capacity)]) {
      assert(std::has_single_bit(mask + 1) && "a ring's capacity is a power of two: see the mask");
    }
    ring(const ring&) = delete;
    ring& operator=(const ring&) = delete;
    ~ring() { delete[] slots; }
    [[nodiscard]] Atomic<Item>& at(std::int64_t index) const noexcept {
      return slots[static_cast<std::size_t>(index) & mask];
    }
    std::size_t mask;
    Atomic<Item>* slots;
    ring* older = nullptr;  // Kept until the deque is destroyed: thieves may still read it.
  };

  [[nodiscard]] Atomic<Item>& at(std::int64_t index) const noexcept {
    return slots_[static_cast<std::size_t>(index) & mask_];
  }

  void adopt(ring* next) noexcept {
    mask_ = next->mask;
    slots_ = next->slots;
    // Release: a thief that sees the ring sees its items.
    ring_.store(next, std::memory_order_release);
  }

  [[gnu::noinline, gnu::cold]] bool pop_last(std::int64_t top, std::int64_t bottom,
                                             Item& item) noexcept {
    bool won = false;
    if (top == bottom) {
      item = at(bottom).load(std::memory_order_relaxed);
      // A race with the thieves: whoever moves the top has the last item.
      won = top_.compare_exchange_strong(top, top + 1, std::memory_order_seq_cst,
                                         std::memory_order_relaxed);
    }
    bottom_.store(bottom + 1, std::memory_order_release);
    return won;
  }

  template <class Accept>
  steal_result take(std::int64_t top, Item& item, Accept accept) noexcept {
    // Acquire: pairs with `push`.
    if (top >= bottom_.load(std::memory_order_acquire)) return steal_result::empty;
    // After that load: the item exists, and what `accept` reads about it is not older than the
    // item.
    if (!accept(top)) return steal_result::refused;
    // Read before the exchange: after it the owner may store another item in the slot.
    item = ring_.load(std::memory_order_acquire)->at(top).load(std::memory_order_relaxed);
    std::int64_t expected = top;
    return top_.compare_exchange_strong(expected, top + 1, std::memory_order_seq_cst,
                                        std::memory_order_relaxed)
               ? steal_result::stolen
               : steal_result::lost;
  }

  // `limit_` is a top that was read some time ago plus the capacity, so it may be too low, never
  // too high.
  [[gnu::noinline, gnu::cold]] void make_room(std::int64_t more) {
    const std::int64_t bottom = bottom_.load(std::memory_order_relaxed);
    const std::int64_t end = bottom + more;
    const std::int64_t top = top_.load(std::memory_order_acquire);
    auto capacity = static_cast<std::int64_t>(mask_ + 1);
    if (end - top <= capacity) {
      limit_ = top + capacity;
      return;
    }
    while (end - top > capacity) capacity *= 2;
    ring* larger = new ring(capacity);
    for (std::int64_t i = top; i < bottom; ++i) {
      larger->at(i).store(at(i).load(std::memory_order_relaxed), std::memory_order_relaxed);
    }
    larger->older = ring_.load(std::memory_order_relaxed);
    adopt(larger);
    limit_ = top + capacity;
  }

  // The owner's line: thieves read `bottom_`, but only the owner writes.
  alignas(64) Atomic<std::int64_t> bottom_{0};
  std::int64_t split_ = 0;  // Items from this index on are private.
  std::int64_t limit_ = capacity_min;
  std::size_t mask_;  // Copies of the ring's, one load closer.
  Atomic<Item>* slots_;

  // Written seldom, by thieves and when work is shared, so it mostly stays in the owner's cache.
  alignas(64) Atomic<std::int64_t> top_{0};
  Atomic<std::int64_t> shared_split_{0};
  Atomic<ring*> ring_;
  Atomic<std::uint32_t> asked_{0};
};

struct deque_fences {
  static void light() noexcept { asymmetric::light_fence(); }
  static void heavy() noexcept { asymmetric::heavy_fence(); }
  static void full() noexcept { full_fence(); }
};

}  // namespace lariat::detail
