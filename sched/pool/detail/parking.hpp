#pragma once

#include <atomic>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace lariat::detail {

/// Which workers of a pool look for work and which sleep. It guarantees that no work is left while
/// all sleep, and that adding work costs two loads while a worker looks for some. Protocol:
/// sched/README.md, "Parking". A template so that the model checks the same text.
///
/// A worker that looks for work is *searching*. A thread that adds work wakes a sleeper only if no
/// worker is searching; the last searcher to find some wakes the next. So workers are woken one
/// after the other, mostly by thieves and not by the threads that fork.
template <class Sleepers, class Word, class Mutex, class Fences>
class basic_parking {
 public:
  using worker = typename Sleepers::value_type;  // A pointer.

  /// Called after work was added. Returns the worker to wake; null if none need be woken.
  [[nodiscard]] worker summon() {
    // After the work was added: either a searcher that is about to sleep sees the work, or this
    // thread sees that it sleeps.
    Fences::full();
    if (sleeping_.load(std::memory_order_relaxed) == 0) return nullptr;
    if (searching_.load(std::memory_order_relaxed) != 0) return nullptr;
    const std::lock_guard<Mutex> lock(mutex_);
    if (sleepers_.empty() || searching_.load(std::memory_order_relaxed) != 0) return nullptr;
    const worker chosen = sleepers_.back();  // It fell asleep last, so its cache is warmest.
    sleepers_.pop_back();
    count();
    search();  // On its behalf, so that no other worker is woken meanwhile.
    return chosen;
  }

  /// Worker: begins to look for work.
  void search() noexcept { searching_.fetch_add(1, std::memory_order_seq_cst); }

  /// Worker: it has found work. Returns the worker to wake; null if none need be woken.
  [[nodiscard]] worker found() { return end_search() ? summon() : nullptr; }

  /// Worker: it has found nothing. After this it asks all owners to share, makes that visible by a
  /// heavy fence, looks a last time, and sleeps unless it finds work and `rise` gives true.
  void fall_asleep(worker self) {
    const std::lock_guard<Mutex> lock(mutex_);
    sleepers_.push_back(self);
    count();
    (void)end_search();
    Fences::full();  // Before it asks: an owner may have answered an earlier request meanwhile.
  }

  /// Worker: it does not sleep after all. False if it was chosen to be woken already: then that
  /// wake-up is still to come.
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

  /// How many workers look for work. A guess, but never 0 when one of them calls it.
  [[nodiscard]] std::uint32_t searching() const noexcept {
    return searching_.load(std::memory_order_relaxed);
  }

 private:
  // True if that was the last worker that searched.
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
