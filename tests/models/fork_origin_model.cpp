// What a worker says of its deque: it forks for one call, waits meanwhile for a call of its own,
// for which it forks too, finds the other's fork and puts it back, and goes on with the first call.
// A thief wants the inner call's forks only, and raids. Checked: it gets no other.
//
// mutant 1: the version is not looked at
// mutant 2: a thief reads the mark before it sees the item
// mutant 3: what is put back is taken for the inner call's
// mutant 4: the mark is moved after the item was put back
// mutant 5: the mark is published relaxed
// mutant 6: a thief reads the mark relaxed

#include <lariat/sched/pool/detail/deque.hpp>
#include <lariat/sched/pool/detail/fork_origin.hpp>

#include <array>
#include <type_traits>

#include "mutant.hpp"
#include "relacy_model.hpp"

namespace {

constexpr unsigned threads = 2;
constexpr unsigned owner = 1;
constexpr int numbers_max = 3;  // Of items that a mutant asks for early.

constexpr int outer = 1;  // Calls.
constexpr int inner = 2;

struct item {
  int of = 0;
};

// The mark's words, with the faults of the mutants.
template <class T>
class mark_word : public model::word<T> {
 public:
  using model::word<T>::word;
  static constexpr bool is_version = std::is_same_v<T, std::uint32_t>;

  T load(std::memory_order order) const {
    if (mutant == 1 && is_version && rl::thread_index() != owner) return T();
    if (mutant == 6 && !is_version) order = std::memory_order_relaxed;
    return model::word<T>::load(order);
  }
  void store(T value, std::memory_order order) {
    if (mutant == 5 && !is_version) order = std::memory_order_relaxed;
    model::word<T>::store(value, order);
  }
};

struct fences {
  static void light() {}
  static void heavy() { model::fence_everywhere<threads>(); }
  static void full() { model::full_fence(); }
};

struct fork_origin_model : rl::test_suite<fork_origin_model, threads> {
  using deque = lariat::detail::basic_deque<item*, model::word, fences, 16>;
  using fork_origin = lariat::detail::basic_fork_origin<int, mark_word, 1>;
  using steal_result = lariat::detail::steal_result;

  deque forks;
  fork_origin origin;
  std::array<item, 16> items;
  std::size_t made = 0;

  void thread(unsigned index) {
    if (index == owner) {
      own();
    } else {
      for (int i = 0; i < 3; ++i) thieve();
    }
  }

  void own() {
    (void)enter(outer);
    if (rl::rand(2) == 0) push(outer);  // If there is one a thief sees that first.
    maybe_share();
    const fork_origin::mark before = enter(inner);
    push(inner);
    if (rl::rand(2) == 0) push(inner);
    maybe_share();
    for (item* got = nullptr; forks.pop(got);) {
      if (got->of == inner) continue;
      put_back(got);
      break;
    }
    maybe_share();
    origin.set(before);
    push(outer);
    maybe_share();
    for (item* got = nullptr; forks.pop(got);) {
    }
  }

  void thieve() {
    std::array<bool, numbers_max> early{};
    if (mutant == 2) {
      for (int i = 0; i < numbers_max; ++i) early[i] = origin.covers(inner, i);
    }
    const auto wanted = [&](std::int64_t index) {
      if (mutant != 2) return origin.covers(inner, index);
      return index < numbers_max && early[static_cast<std::size_t>(index)];
    };
    item* got = nullptr;
    steal_result result = forks.steal(got, wanted);
    if (result == steal_result::hidden) result = forks.raid(got, wanted);
    if (result == steal_result::stolen) RL_ASSERT(got->of == inner);
  }

  // As pool_worker's.
  fork_origin::mark enter(int next) {
    const fork_origin::mark before = origin.get();
    fork_origin::mark mark;
    mark.first = forks.next_index();
    mark.calls[0] = next;
    origin.set(mark);
    return before;
  }

  void put_back(item* other) {
    fork_origin::mark mark = origin.get();
    mark.first = forks.next_index() + 1;
    if (mutant != 3 && mutant != 4) origin.set(mark);
    forks.push(1, [&](std::size_t) { return other; });
    if (mutant == 4) origin.set(mark);
  }

  void push(int of) {
    item* const next = &items[made++];
    next->of = of;
    forks.push(1, [&](std::size_t) { return next; });
  }

  void maybe_share() {
    if (rl::rand(2) == 0) forks.share();
  }
};

}  // namespace

int main() {
  return model::passes<fork_origin_model>(rl::random_scheduler_type, 300'000) &&
                 model::passes<fork_origin_model>(rl::fair_context_bound_scheduler_type, 100'000)
             ? 0
             : 1;
}
