// A spawned task's record: its loop ends the task while the handle's thread cancels it and lets it
// go. Checked: the record is deleted once, by whoever uses it last; the result is seen; nobody
// posts to the loop after it has gone, and every message that was posted is run.
//
// mutant 1: end and drop do not order
// mutant 2: sent does not order
// mutant 3: done and try_send do not order
// mutant 4: a sender does not announce itself
// mutant 5: a message does not keep the record

#include <atomic>
#include <cstdint>
#include <fstream>
#include <iostream>

#include "mutant.hpp"

#include <relacy/relacy.hpp>

#undef delete  // Macros of Relacy's, which `= delete` does not survive.
#undef new

// The state names the orders as members of std; Relacy's macros, and these, turn them into those.
namespace std {
using rl::mo_relaxed;
const rl::memory_order acq_rel_here = mutant == 1 ? rl::mo_relaxed : rl::mo_acq_rel;
const rl::memory_order release_here = mutant == 2 ? rl::mo_relaxed : rl::mo_release;
const rl::memory_order acquire_here = mutant == 3 ? rl::mo_relaxed : rl::mo_acquire;
}  // namespace std

#undef memory_order_acq_rel
#define memory_order_acq_rel acq_rel_here, $
#undef memory_order_release
#define memory_order_release release_here, $
#undef memory_order_acquire
#define memory_order_acquire acquire_here, $

#include <lariat/sched/task/detail/record_state.hpp>

namespace {

struct model_yield {
  void operator()() const { rl::yield(1, $); }
};

using state = lariat::detail::basic_record_state<rl::atomic<std::uint32_t>, model_yield>;

constexpr int cancel = 0;
constexpr int let_go = 1;

struct record_state_model : rl::test_suite<record_state_model, 2> {
  state record;
  rl::var<int> result;
  rl::var<bool> loop_gone;
  rl::var<bool> deleted;
  rl::atomic<bool> posted[2];
  bool taken[2] = {};

  void before() {
    loop_gone($) = false;
    deleted($) = false;
    posted[cancel].store(false, rl::mo_relaxed, $);
    posted[let_go].store(false, rl::mo_relaxed, $);
  }

  void thread(unsigned index) {
    if (index == 0) {
      run_loop();
    } else {
      use_handle();
    }
  }

  void after() { RL_ASSERT(deleted($)); }

  void run_loop() {
    take_messages();
    result($) = 42;
    if (record.end()) destroy();
    take_messages();  // The loop looks for the last time.
    loop_gone($) = true;
  }

  void take_messages() {
    for (int each : {cancel, let_go}) {
      if (taken[each] || !posted[each].load(rl::mo_relaxed, $)) continue;
      taken[each] = true;
      RL_ASSERT(!deleted($));
      if (each == let_go && record.drop()) destroy();
      if (mutant != 5 && record.drop()) destroy();
    }
  }

  void use_handle() {
    (void)send(cancel);
    if (!record.done() && send(let_go)) return;
    RL_ASSERT(result($) == 42);
    if (record.drop()) destroy();
  }

  bool send(int message) {
    if (mutant == 4 ? record.done() : !record.try_send()) return false;
    if (mutant != 5) record.refer();
    RL_ASSERT(!loop_gone($));
    // Relaxed: that the loop sees it at its last look is the record's doing.
    posted[message].store(true, rl::mo_relaxed, $);
    if (mutant != 4) record.sent();
    return true;
  }

  void destroy() {
    RL_ASSERT(!deleted($));
    deleted($) = true;
  }
};

template <class Model>
bool passes(rl::scheduler_type_e scheduler, std::uint64_t iterations) {
  rl::test_params parameters;
  parameters.search_type = scheduler;
  parameters.iteration_count = iterations;
  parameters.context_bound = 1;
  static std::ofstream progress("/dev/null");
  parameters.progress_stream = &progress;
  return rl::simulate<Model>(parameters);
}

}  // namespace

int main() {
  return passes<record_state_model>(rl::fair_context_bound_scheduler_type, 1'000'000) &&
                 passes<record_state_model>(rl::random_scheduler_type, 1'000'000)
             ? 0
             : 1;
}
