// How the loops of a runtime end together: two loops, each with a unit of work, and an outside
// thread that hands work to the first, closes, and tries to hand more. A step of the first hands
// work to the second. Checked: what was accepted has been run when the loops end, they end once,
// and whoever ends them sees all that ran.
//
// mutant 1: a unit is given up without releasing what the loop did
// mutant 2: the last unit is given up without acquiring what the others did
// mutant 3: work is accepted from outside after the end
// mutant 4: a step accepts work though the last unit is gone
// mutant 5: work that is on its way has no unit
// mutant 6: an idle loop keeps the unit that it took for what came

#include <lariat/sched/executor/detail/outstanding_work.hpp>

#include "mutant.hpp"
#include "relacy_model.hpp"

namespace {

class work_word : public model::word<std::size_t> {
 public:
  using base = model::word<std::size_t>;
  using base::base;
  std::size_t load(std::memory_order order) const {
    const std::size_t seen = base::load(order);
    // As if there was a unit yet, and as if it was not closed.
    const bool blind = rl::thread_index() == 2 ? mutant == 3 : mutant == 4;
    return blind ? (seen & ~std::size_t{1}) + 2 : seen;
  }
  bool compare_exchange_weak(std::size_t& expected, std::size_t value, std::memory_order order,
                             std::memory_order failure) {
    const bool blind = rl::thread_index() == 2 ? mutant == 3 : mutant == 4;
    if (!blind) return base::compare_exchange_weak(expected, value, order, failure);
    base::fetch_add(2, order);
    return true;
  }
  std::size_t fetch_sub(std::size_t value, std::memory_order order) {
    return base::fetch_sub(value, mutant == 1   ? std::memory_order_acquire
                                  : mutant == 2 ? std::memory_order_release
                                                : order);
  }
};

struct outstanding_work_model : rl::test_suite<outstanding_work_model, 3> {
  using outstanding_work = lariat::detail::basic_outstanding_work<work_word>;

  static constexpr int loops = 2;

  outstanding_work work{loops, &outstanding_work_model::note_end, this};
  model::word<int> inbox[loops];     // Steps on their way.
  model::plain<int> run[loops];      // Steps that ran.
  model::plain<int> spawned;         // Steps that the first loop gave the second.
  model::word<int> without_unit{0};  // A step for the first loop.
  model::word<int> closed{0};
  model::word<int> ended{0};

  void before() {
    for (auto& each : run) each = 0;
    spawned = 0;
  }

  void thread(unsigned index) {
    if (index < loops) {
      loop(index);
    } else {
      outside();
    }
  }

  static void note_end(void* state) noexcept {
    auto& self = *static_cast<outstanding_work_model*>(state);
    RL_ASSERT(self.inbox[0].load(std::memory_order_relaxed) == 0);
    RL_ASSERT(self.inbox[1].load(std::memory_order_relaxed) == 0);
    RL_ASSERT(self.run[1] == self.spawned);
    RL_ASSERT(self.run[0] <= self.spawned);
    RL_ASSERT(self.ended.exchange(1, std::memory_order_release) == 0);
  }

  void post(int to) { inbox[to].fetch_add(1, std::memory_order_release); }

  void outside() {
    for (const bool before_the_end : {true, false}) {
      if (work.try_add()) {
        if (mutant == 5) work.remove();
        post(0);
      }
      if (before_the_end) {
        work.close();
        closed.store(1, std::memory_order_release);
      }
    }
    without_unit.store(1, std::memory_order_release);
  }

  void loop(int index) {
    bool idle = false;
    rl::linear_backoff backoff;
    while (ended.load(std::memory_order_acquire) == 0) {
      if (const int steps = inbox[index].exchange(0, std::memory_order_acquire); steps != 0) {
        // A task begins: the loop takes its unit again.
        if (idle && work.try_add_within()) idle = mutant == 6;
        for (int i = 0; i < steps; ++i) run_step(index);
      } else if (index == 0 && without_unit.exchange(0, std::memory_order_acquire) == 1) {
        if (work.try_add_within()) spawn();
      } else if (!idle && closed.load(std::memory_order_acquire) == 1) {
        idle = true;
        work.remove();
      } else {
        backoff.yield($);
      }
    }
    RL_ASSERT(inbox[index].load(std::memory_order_relaxed) == 0);
  }

  void run_step(int index) {
    run[index] = run[index] + 1;
    if (index == 0) {
      RL_ASSERT(work.try_add_within());
      spawn();
    }
    if (mutant != 5 || index != 0) work.remove();
  }

  void spawn() {
    spawned = spawned + 1;
    post(1);
  }

  void after() { RL_ASSERT(run[1] == spawned); }
};

}  // namespace

int main() {
  return model::passes<outstanding_work_model>(rl::fair_context_bound_scheduler_type, 10'000'000,
                                               2) &&
                 model::passes<outstanding_work_model>(rl::random_scheduler_type, 300'000)
             ? 0
             : 1;
}
