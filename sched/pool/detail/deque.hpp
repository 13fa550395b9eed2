#pragma once

#include <lariat/sched/thread/detail/fence.hpp>

#include <atomic>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>

namespace lariat::detail {

/// What a thief came back with.
enum class steal_result : unsigned char {
  stolen,
  empty,
  lost,     ///< Somebody else was faster: try again.
  hidden,   ///< There is work, in the private part: its owner was asked to share it.
  refused,  ///< There is work, which this thief does not want.
};

/// A work-stealing deque (Chase and Lev 2005, in the form of Le et al. 2013) whose newest items are
/// private, so that its owner pushes and pops without a fence (the split deque of van Dijk and
/// van de Pol, 2014). Thieves take the oldest. Protocol: sched/README.md, "Deque". A template so
/// that its model checks the same text.
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

  /// Owner. Puts in `count` items, the first of which `pop` gives last: `item_at(0)` and so on.
  /// \throws std::bad_alloc, and then has put in none.
  template <class ItemAt>
  void push(std::size_t count, ItemAt item_at) {
    const auto more = static_cast<std::int64_t>(count);
    if (bottom_.load(std::memory_order_relaxed) + more > limit_) [[unlikely]]
      make_room(more);
    // Loaded again: nothing is to be kept in a register across the call, which is never made.
    const std::int64_t bottom = bottom_.load(std::memory_order_relaxed);
    const std::int64_t end = bottom + more;
    assert(end <= limit_ && "items are pushed over those that are still there");
    assert(split_ <= bottom && "more is shared than there is");
    for (std::int64_t i = bottom; i < end; ++i) {
      at(i).store(item_at(static_cast<std::size_t>(i - bottom)), std::memory_order_relaxed);
    }
    // Release, here and wherever bottom is stored: a thief that sees it sees the items below it,
    // and what they lead to.
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
    Item last;  // So that `item` may be in a register.
    if (!pop_last(top, bottom, last)) return false;
    item = last;
    return true;
  }

  /// Owner. Whether thieves have asked for more; then call `share`. Costs a load.
  [[nodiscard]] bool asked() const noexcept {
    // Behind the push: a thief that asks and is about to sleep sees the items, or we that it asked.
    Fences::light();
    return asked_.load(std::memory_order_relaxed) != 0;
  }

  /// Owner. Lets thieves have all that is there.
  void share() noexcept {
    asked_.store(0, std::memory_order_relaxed);
    split_ = bottom_.load(std::memory_order_relaxed);
    // Release: a thief that sees it sees the items below it. The bottom that it sees may be older,
    // for private pops and pushes in between were no business of its.
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

  /// Owner. The number of the next item. Items that are there keep theirs.
  [[nodiscard]] std::int64_t next_index() const noexcept {
    return bottom_.load(std::memory_order_relaxed);
  }

  struct accept_all {
    bool operator()(std::int64_t) const noexcept { return true; }
  };

  /// Thief. Takes the oldest item, if `accept(index)` says so of it.
  template <class Accept = accept_all>
  [[nodiscard]] steal_result steal(Item& item, Accept accept = {}) noexcept {
    const std::int64_t top = top_.load(std::memory_order_acquire);
    // Before the split is read: one from before the owner's latest full fence would let it take
    // what is private by now.
    Fences::full();
    if (top >= shared_split_.load(std::memory_order_acquire)) {
      if (top >= bottom_.load(std::memory_order_relaxed)) return steal_result::empty;
      if (!accept(top)) return steal_result::refused;
      ask();
      return steal_result::hidden;
    }
    return take(top, item, accept);
  }

  /// Thief. The same from the private part, for an owner that does not answer: it may be busy for
  /// long. Slow, for the owner too.
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
    ring* older = nullptr;  // Thieves may still read it: kept until the deque goes.
  };

  [[nodiscard]] Atomic<Item>& at(std::int64_t index) const noexcept {
    return slots_[static_cast<std::size_t>(index) & mask_];
  }

  void adopt(ring* next) noexcept {
    mask_ = next->mask;
    slots_ = next->slots;
    // Release: a thief that sees it sees its items.
    ring_.store(next, std::memory_order_release);
  }

  [[gnu::noinline, gnu::cold]] bool pop_last(std::int64_t top, std::int64_t bottom,
                                             Item& item) noexcept {
    bool won = false;
    if (top == bottom) {
      item = at(bottom).load(std::memory_order_relaxed);
      // Against the thieves: whoever moves the top has the last item.
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
    // Behind that: the item is there, and what is said of it no older.
    if (!accept(top)) return steal_result::refused;
    // Read before the exchange: afterwards the owner may put another item there.
    item = ring_.load(std::memory_order_acquire)->at(top).load(std::memory_order_relaxed);
    std::int64_t expected = top;
    return top_.compare_exchange_strong(expected, top + 1, std::memory_order_seq_cst,
                                        std::memory_order_relaxed)
               ? steal_result::stolen
               : steal_result::lost;
  }

  // `limit_` is the capacity above a top that was read long ago.
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

  // The owner's. Thieves read bottom; the owner alone writes to this line.
  alignas(64) Atomic<std::int64_t> bottom_{0};
  std::int64_t split_ = 0;  // Private from here on.
  std::int64_t limit_ = capacity_min;
  std::size_t mask_;  // The ring's, at hand.
  Atomic<Item>* slots_;

  // Written seldom, by thieves and when work is shared: so the owner has it at hand.
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
