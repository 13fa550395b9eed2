// A fork whose two other children were stolen: their thieves end them while the stacklet runs the
// first and arrives. Checked: one of the three goes on, and one only; it sees all results, and what
// the stacklet left for it; nobody touches the fork after it.
//
// mutant 1: the stacklet arrives without releasing what it leaves
// mutant 2: the stacklet arrives without acquiring the results
// mutant 3: a child ends without releasing its result
// mutant 4: a child ends without acquiring the others'
// mutant 5: the stacklet does not count the children that ended before it arrived
// mutant 6: the stacklet looks at the fork again after it has arrived

#include <lariat/sched/pool/detail/join_counter.hpp>

#include "mutant.hpp"
#include "relacy_model.hpp"

namespace {

constexpr unsigned stacklet = 2;
constexpr unsigned threads = 3;
constexpr int stolen = 2;

// What is left of `order` without its release, or without its acquire.
constexpr std::memory_order weakened(std::memory_order order, bool release, bool acquire) {
  return release ? std::memory_order_acquire : acquire ? std::memory_order_release : order;
}

// The stacklet adds, children subtract.
class counter_word : public model::word<std::int32_t> {
 public:
  using model::word<std::int32_t>::word;
  std::int32_t fetch_add(std::int32_t value, std::memory_order order) {
    const std::int32_t before =
        model::word<std::int32_t>::fetch_add(value, weakened(order, mutant == 1, mutant == 2));
    return mutant == 5 ? 0 : before;
  }
  std::int32_t fetch_sub(std::int32_t value, std::memory_order order) {
    return model::word<std::int32_t>::fetch_sub(value, weakened(order, mutant == 3, mutant == 4));
  }
};

struct join_counter_model : rl::test_suite<join_counter_model, threads> {
  lariat::detail::basic_join_counter<counter_word> joined;
  model::plain<int> results[threads];
  model::plain<int> kept;  // The stacklet, while it waits.
  int went_on = 0;

  void thread(unsigned index) {
    results[index] = 1 + static_cast<int>(index);
    if (index == stacklet) {
      kept = 42;
      if (joined.arrive(stolen)) {
        go_on();
      } else if (mutant == 6) {
        RL_ASSERT(kept == 42);
      }
    } else if (joined.child_ended()) {
      go_on();
    }
  }

  // The fork goes, with what the stacklet kept in it.
  void go_on() {
    ++went_on;
    RL_ASSERT(kept == 42);
    for (unsigned i = 0; i < threads; ++i) {
      RL_ASSERT(results[i] == 1 + static_cast<int>(i));
      results[i] = 0;
    }
    kept = 0;
  }

  void after() { RL_ASSERT(went_on == 1); }
};

}  // namespace

int main() {
  return model::passes<join_counter_model>(rl::fair_full_search_scheduler_type, 10'000'000) &&
                 model::passes<join_counter_model>(rl::random_scheduler_type, 300'000)
             ? 0
             : 1;
}
