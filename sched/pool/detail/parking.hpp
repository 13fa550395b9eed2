#pragma once

#include <atomic>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace lariat::detail {

/// Which workers of a pool look for work and which sleep, so that work is never left while all
/// sleep, and that giving work costs two loads while somebody looks. Protocol: sched/README.md,
/// "Parking". A template so that its model checks the same text.
///
/// A worker that looks is *searching*. Whoever adds work wakes a sleeper only if nobody searches;
/// the last searcher that finds something wakes the next. So wake-ups are one after the other, and
/// made by thieves rather than by those who fork.
template <class Sleepers, class Word, class Mutex, class Fences>
class basic_parking {
 public:
  using worker = typename Sleepers::value_type;  // A pointer.

  /// After work was added. Whom to wake; null if nobody need be.
  [[nodiscard]] worker summon() {
    // Behind the work: a searcher that is about to sleep sees either the work, or us it.
    Fences::full();
    if (sleeping_.load(std::memory_order_relaxed) == 0) return nullptr;
    if (searching_.load(std::memory_order_relaxed) != 0) return nullptr;
    const std::lock_guard<Mutex> lock(mutex_);
    if (sleepers_.empty() || searching_.load(std::memory_order_relaxed) != 0) return nullptr;
    const worker chosen = sleepers_.back();  // The one whose cache is warmest.
    sleepers_.pop_back();
    count();
    search();  // On its behalf, so that nobody else is woken meanwhile.
    return chosen;
  }

  /// Worker: begins to look for work.
  void search() noexcept { searching_.fetch_add(1, std::memory_order_seq_cst); }

  /// Worker: has found some. Whom to wake.
  [[nodiscard]] worker found() { return end_search() ? summon() : nullptr; }

  /// Worker: has found nothing. Then it tells all owners that somebody sleeps, lets them know by a
  /// heavy fence, looks a last time, and sleeps unless it `rises`.
  void fall_asleep(worker self) {
    const std::lock_guard<Mutex> lock(mutex_);
    sleepers_.push_back(self);
    count();
    (void)end_search();
    Fences::full();  // Before it asks: who has asked already may have been answered meanwhile.
  }

  /// Worker: does not sleep after all. False if somebody has woken it already: its wake-up is due.
  [[nodiscard]] bool rise(worker self) {
    const std::lock_guard<Mutex> lock(mutex_);
    for (std::size_t i = 0; i < sleepers_.size(); ++i) {
      if (sleepers_[i] != self) continue;
      sleepers_[i] = sleepers_.back();
      sleepers_.pop_back();
      count();
      search();
      return true;
    }
    return false;
  }

  /// Whether any worker sleeps. A guess.
  [[nodiscard]] std::uint32_t sleeping() const noexcept {
    return sleeping_.load(std::memory_order_relaxed);
  }

  /// How many look for work. A guess, but to one of them it is never 0.
  [[nodiscard]] std::uint32_t searching() const noexcept {
    return searching_.load(std::memory_order_relaxed);
  }

 private:
  // Whether nobody searches any more.
  bool end_search() noexcept {
    const std::uint32_t before = searching_.fetch_sub(1, std::memory_order_seq_cst);
    assert(before != 0 && "a worker ends a search that it did not begin");
    return before == 1;
  }

  void count() noexcept {
    // Sequentially consistent: see `summon`.
    sleeping_.store(static_cast<std::uint32_t>(sleepers_.size()), std::memory_order_seq_cst);
  }

  Mutex mutex_;
  Sleepers sleepers_;
  Word sleeping_{0};
  Word searching_{0};
};

}  // namespace lariat::detail
