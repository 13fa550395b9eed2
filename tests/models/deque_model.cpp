// A worker's deque: the owner pushes one or two items, pops and shares, and two thieves steal,
// while the ring grows. Three sets of fences: none for private pops, and no raids; the real ones,
// with raids, where a heavy fence is one in every thread (membarrier); and full ones everywhere,
// with raids (no membarrier). Checked: each item is taken once; what the owner wrote before the
// push is seen; nothing is left when the owner finds nothing; no ring is freed too early, or not.
//
// mutant 1: pop makes no full fence below the split
// mutant 2: a thief makes no full fence
// mutant 3: a thief reads the split before its fence
// mutant 4: a raid makes a fence of its own only
// mutant 5: without membarrier, private pops make no fence
// mutant 6: share publishes the split relaxed
// mutant 7: a thief reads the split relaxed
// mutant 8: push publishes the bottom relaxed
// mutant 9: a raider reads the bottom relaxed
// mutant 10: the owner takes the last item without a compare-exchange
// mutant 11: a thief reads the item after its compare-exchange
// mutant 12: a ring is published relaxed
// mutant 13: a ring is freed when a larger one is there

#include <lariat/sched/pool/detail/deque.hpp>

#include <algorithm>
#include <type_traits>
#include <utility>

#include "mutant.hpp"
#include "relacy_model.hpp"

namespace {

constexpr unsigned threads = 3;
constexpr unsigned owner = 2;
constexpr int items = 5;
constexpr unsigned choices = 5;

bool here_is_thief() { return rl::thread_index() != owner; }

struct item {
  model::plain<int> payload;
  int number = 0;
  int taken = 0;
};

// Of each thief: where it read its item, and a fence that it has put off.
const void* item_slot[threads];
bool fence_due[threads];

// The deque's words, with the faults of the mutants.
template <class T>
class deque_word : public model::word<T> {
 public:
  using model::word<T>::word;
  static constexpr bool is_item = std::is_same_v<T, item*>;
  static constexpr bool is_ring = std::is_pointer_v<T> && !is_item;

  T load(std::memory_order order) const {
    if (is_item) item_slot[rl::thread_index()] = this;
    if (mutant == 7 && role_ == split && here_is_thief()) order = std::memory_order_relaxed;
    if (mutant == 9 && role_ == bottom && here_is_thief()) order = std::memory_order_relaxed;
    const T value = model::word<T>::load(order);
    if (mutant == 3 && std::exchange(fence_due[rl::thread_index()], false)) model::full_fence();
    return value;
  }

  void store(T value, std::memory_order order) {
    if (mutant == 6 && role_ == split) order = std::memory_order_relaxed;
    if (mutant == 8 && role_ == bottom) order = std::memory_order_relaxed;
    if (mutant == 12 && is_ring) order = std::memory_order_relaxed;
    model::word<T>::store(value, order);
    if constexpr (is_ring) {
      if (mutant != 13) return;
      delete value->older;
      value->older = nullptr;
    }
  }

  bool compare_exchange_strong(T& expected, T value, std::memory_order order,
                               std::memory_order failure) {
    if (mutant == 10 && !here_is_thief()) {
      this->store(value, order);
      return true;
    }
    return model::word<T>::compare_exchange_strong(expected, value, order, failure);
  }

 private:
  // Of the three indices, in order of their construction.
  enum role { bottom, top, split, other };
  static role next_role() {
    static int made = 0;
    return std::is_same_v<T, std::int64_t> ? static_cast<role>(made++ % 3) : other;
  }
  const role role_ = next_role();
};

struct stealing_fences {
  static constexpr bool raids = false;
  static void light() {}
  static void heavy() { RL_ASSERT(false); }
  static void full() {
    if (mutant == 1 && !here_is_thief()) return;
    if (mutant == 2 && here_is_thief()) return;
    if (mutant == 3 && here_is_thief()) {
      fence_due[rl::thread_index()] = true;
      return;
    }
    model::full_fence();
  }
};

struct membarrier_fences : stealing_fences {
  static constexpr bool raids = true;
  static void heavy() { mutant == 4 ? model::full_fence() : model::fence_everywhere<threads>(); }
};

struct full_fences : stealing_fences {
  static constexpr bool raids = true;
  static void light() {
    if (mutant != 5) model::full_fence();
  }
  static void heavy() { model::full_fence(); }
};

enum class script { random, fixed };

template <class Fences, script choice>
struct deque_model : rl::test_suite<deque_model<Fences, choice>, threads> {
  using deque = lariat::detail::basic_deque<item*, deque_word, Fences, 2>;
  using steal_result = lariat::detail::steal_result;

  deque forks;
  item all[items];
  int pushed = 0;

  void thread(unsigned index) {
    if (index == owner) {
      own();
    } else {
      for (int i = 0; i < (choice == script::random ? 3 : 2); ++i) thieve();
    }
  }

  void after() {
    for (int i = 0; i < pushed; ++i) RL_ASSERT(all[i].taken == 1);
  }

  void own() {
    push(2);
    if (choice == script::random) {
      for (unsigned i = 0; i < choices; ++i) do_one();
    } else {
      forks.share();
      pop();
      push(1);
      pop();
      push(2);
    }
    while (pop()) {
    }
  }

  void do_one() {
    switch (rl::rand(4)) {
      case 0:
        return push(std::min(items - pushed, 1));
      case 1:
        return push(std::min(items - pushed, 2));
      case 2:
        return static_cast<void>(pop());
      default:
        return forks.share();
    }
  }

  void push(int count) {
    const int first = pushed;
    pushed += count;
    for (int i = first; i < pushed; ++i) {
      all[i].number = i;
      all[i].payload = 10 * i;
    }
    forks.push(static_cast<std::size_t>(count), [&](std::size_t i) { return &all[first + i]; });
    if (forks.asked()) forks.share();
  }

  bool pop() {
    item* got = nullptr;
    if (!forks.pop(got)) return false;
    take(got);
    return true;
  }

  void thieve() {
    item* got = nullptr;
    steal_result result = forks.steal(got);
    if (Fences::raids && result == steal_result::hidden) result = forks.raid(got);
    if (result != steal_result::stolen) return;
    if (mutant == 11) {
      got = static_cast<const deque_word<item*>*>(item_slot[rl::thread_index()])
                ->load(std::memory_order_relaxed);
    }
    take(got);
  }

  void take(item* got) {
    RL_ASSERT(got != nullptr);
    RL_ASSERT(got->payload == 10 * got->number);
    RL_ASSERT(++got->taken == 1);
  }
};

template <class Fences>
bool holds_in_order() {
  return model::passes<deque_model<Fences, script::fixed>>(rl::fair_context_bound_scheduler_type,
                                                           2'000'000);
}
template <class Fences>
bool holds_at_random() {
  return model::passes<deque_model<Fences, script::random>>(rl::random_scheduler_type, 500'000);
}

}  // namespace

int main() {
  return holds_in_order<stealing_fences>() && holds_in_order<membarrier_fences>() &&
                 holds_in_order<full_fences>() && holds_at_random<stealing_fences>() &&
                 holds_at_random<full_fences>() && holds_at_random<membarrier_fences>()
             ? 0
             : 1;
}
