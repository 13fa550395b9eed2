// The inbox and the loop's sleep: two threads post, the loop drains and sleeps on a parker that
// works as a driver's `park` and `wake` do. Checked: every step arrives, once, in the order of its
// sender; what the sender wrote before the post is seen; the loop is woken, once for each sleep.
//
// mutant 1: push publishes the step relaxed
// mutant 2: drain takes the steps relaxed
// mutant 3: the owner sleeps without looking whether something came
// mutant 4: the pusher that finds the owner asleep does not wake it
// mutant 5: the owner looks before it announces its sleep, and not again
// mutant 6: a wake is not remembered for a park that has not begun

#include <atomic>
#include <fstream>
#include <iostream>

#include "mutant.hpp"

#include <relacy/relacy.hpp>

#undef delete  // Macros of Relacy's, which `= delete` does not survive.
#undef new

// The inbox names the orders as members of std; Relacy's macros, and these, turn them into those.
namespace std {
using rl::mo_relaxed;
const rl::memory_order release_here = mutant == 1 ? rl::mo_relaxed : rl::mo_release;
const rl::memory_order acquire_here = mutant == 2 ? rl::mo_relaxed : rl::mo_acquire;
}  // namespace std

#undef memory_order_release
#define memory_order_release release_here, $
#undef memory_order_acquire
#define memory_order_acquire acquire_here, $

#include <lariat/sched/executor/detail/inbox.hpp>

namespace {

// A plain field that Relacy watches, with the syntax of one.
template <class T>
class plain {
 public:
  plain& operator=(T value) {
    value_($) = value;
    return *this;
  }
  operator T() const { return value_($); }

 private:
  rl::var<T> value_;
};

struct step {
  plain<step*> next_;
  plain<int> payload;
  int sender = 0;
  int number = 0;
};

constexpr int senders = 2;
constexpr int steps_each = 2;

class taken_steps {
 public:
  void push(step& taken) {
    RL_ASSERT(taken.number == next_[taken.sender]++);
    RL_ASSERT(taken.payload == 10 * taken.sender + taken.number);
    ++count_;
  }
  [[nodiscard]] int count() const { return count_; }

 private:
  int next_[senders] = {};
  int count_ = 0;
};

using inbox = lariat::detail::basic_inbox<step, taken_steps, rl::atomic<step*>>;

// What `park` and `wake` promise: a wake ends a park in progress, or the next one.
class parker {
 public:
  void park() {
    mutex_.lock($);
    if (mutant == 6) woken_($) = false;
    while (!woken_($)) condition_.wait(mutex_, $);
    woken_($) = false;
    mutex_.unlock($);
  }
  void wake() {
    mutex_.lock($);
    woken_($) = true;
    ++wakes_($);
    mutex_.unlock($);
    condition_.notify_one($);
  }
  [[nodiscard]] int wakes() {
    mutex_.lock($);
    const int count = wakes_($);
    mutex_.unlock($);
    return count;
  }
  void start() {
    woken_($) = false;
    wakes_($) = 0;
  }

 private:
  rl::mutex mutex_;
  rl::condition_variable condition_;
  rl::var<bool> woken_;
  rl::var<int> wakes_;
};

struct inbox_model : rl::test_suite<inbox_model, senders + 1> {
  inbox box;
  parker place;
  step steps[senders][steps_each];
  taken_steps taken;
  int slept = 0;

  void before() { place.start(); }

  void thread(unsigned index) {
    if (index < senders) {
      send(static_cast<int>(index));
    } else {
      own();
    }
  }

  void send(int sender) {
    for (int number = 0; number < steps_each; ++number) {
      step& each = steps[sender][number];
      each.sender = sender;
      each.number = number;
      each.payload = 10 * sender + number;
      const bool asleep = box.push(each);
      if (asleep && mutant != 4) place.wake();
    }
  }

  void own() {
    while (taken.count() < senders * steps_each) turn();
  }

  // loop::turn and loop::sleep, as far as they touch the inbox.
  void turn() {
    box.drain(taken);
    if (taken.count() == senders * steps_each) return;
    if (mutant == 5) {
      if (!box.maybe_filled()) sleep();
    } else if (box.try_sleep() || mutant == 3) {
      sleep();
    } else {
      box.drain(taken);
    }
  }

  void sleep() {
    place.park();
    ++slept;
    RL_ASSERT(place.wakes() == slept);
    box.drain(taken);
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
  return passes<inbox_model>(rl::fair_context_bound_scheduler_type, 1'000'000) &&
                 passes<inbox_model>(rl::random_scheduler_type, 1'000'000)
             ? 0
             : 1;
}
