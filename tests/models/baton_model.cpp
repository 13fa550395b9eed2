// A baton: one thread raises it, another waits for it, withdraws, and waits again with another
// waiter. Checked: who waited is told, or has withdrawn, but not both; what led to the baton is
// seen by whoever knows of it; the raiser sees the waiter as it was when it began to wait, and
// touches no other.
//
// mutant 1: the baton is raised without releasing what happened
// mutant 2: the baton is raised without acquiring the waiter
// mutant 3: the waiter is left without releasing it
// mutant 4: the waiter that comes too late does not acquire what happened
// mutant 5: a look at the baton does not acquire what happened
// mutant 6: withdrawing does not look whether the waiter is still there
// mutant 7: the waiter does not look whether the baton was raised

#include <lariat/sched/channel/detail/baton.hpp>

#include "mutant.hpp"
#include "relacy_model.hpp"

namespace {

struct waiter {
  model::plain<int> ready;
  model::word<int> told{0};
};

class signal_word : public model::word<waiter*> {
 public:
  using base = model::word<waiter*>;
  using base::base;
  waiter* load(std::memory_order order) const {
    return base::load(mutant == 5 ? std::memory_order_relaxed : order);
  }
  waiter* exchange(waiter* value, std::memory_order order) {
    return base::exchange(value, mutant == 1   ? std::memory_order_acquire
                                 : mutant == 2 ? std::memory_order_release
                                               : order);
  }
  bool compare_exchange_strong(waiter*& expected, waiter* value, std::memory_order order,
                               std::memory_order failure) {
    const bool waits = value != nullptr;
    if ((waits && mutant == 7) || (!waits && mutant == 6)) {
      base::store(value, order == std::memory_order_acq_rel ? std::memory_order_release : order);
      return true;
    }
    if (waits && mutant == 3) order = std::memory_order_acquire;
    if (waits && mutant == 4) order = std::memory_order_release;
    return base::compare_exchange_strong(expected, value, order, failure);
  }
};

struct baton_model : rl::test_suite<baton_model, 2> {
  lariat::detail::basic_baton<waiter, signal_word> happened;
  model::plain<int> result;
  waiter waiters[2];

  void before() { result = 0; }

  void thread(unsigned index) { index == 0 ? raise() : wait(); }

  void raise() {
    result = 42;
    waiter* told = happened.raise();
    if (told == nullptr) return;
    RL_ASSERT(told->ready == 1);
    told->told.store(1, std::memory_order_release);
  }

  void wait() {
    if (happened.raised()) {
      RL_ASSERT(result == 42);
      return;
    }
    for (waiter& each : waiters) {
      each.ready = 1;
      if (!happened.wait(each)) break;
      if (&each == &waiters[0] && happened.withdraw(each)) {
        each.ready = 0;  // It is gone.
        continue;
      }
      rl::linear_backoff backoff;
      while (each.told.load(std::memory_order_acquire) == 0) backoff.yield($);
      break;
    }
    RL_ASSERT(result == 42);
  }
};

}  // namespace

int main() {
  return model::passes<baton_model>(rl::fair_full_search_scheduler_type, 10'000'000) &&
                 model::passes<baton_model>(rl::random_scheduler_type, 1'000'000)
             ? 0
             : 1;
}
