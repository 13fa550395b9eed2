// A gate, as detail/basic_gate.hpp has it: as a lock of which a waiter withdraws, as permits of
// which somebody wants two, as an event that is cleared, and one that goes when it was passed.
// Checked: who has passed is alone, and sees what was done before that; nobody waits for ever; a
// permit is not lost; who adds does not touch the gate when it may be gone.
//
// mutant 1: what is added is not released
// mutant 2: who passes does not acquire
// mutant 3: what is left by those who were served is not released
// mutant 4: who begins to wait does not look whether the count has changed
// mutant 5: who adds goes on under the lock when the last waiter has left
// mutant 6: withdrawing does not look whether the waiter is still there
// mutant 7: who withdraws does not let those go on that were behind it
// mutant 8: clearing does not acquire what the set has published
// mutant 9: waiters are delivered before what they are told

#include <lariat/sched/concurrent/detail/basic_gate.hpp>

#include "mutant.hpp"
#include "relacy_model.hpp"

namespace {

// Read at each step on the gate; written when it goes.
model::plain<int>* gone = nullptr;
bool locked_here[3];

unsigned here() { return rl::thread_index(); }

class gate_word {
 public:
  gate_word(std::uint64_t value) : word_(value) {}
  std::uint64_t load(std::memory_order order) const {
    touch();
    if (mutant == 2) order = std::memory_order_relaxed;
    const std::uint64_t now = word_.load(order);
    return mutant == 5 && gone != nullptr && here() == 0 && locked_here[0] ? now | 1 : now;
  }
  void store(std::uint64_t value, std::memory_order order) {
    touch();
    word_.store(value, mutant == 3 ? std::memory_order_relaxed : order);
  }
  bool compare_exchange_weak(std::uint64_t& expected, std::uint64_t value, std::memory_order order,
                             std::memory_order failure) {
    touch();
    const bool sets_bit = order == std::memory_order_relaxed;
    if (sets_bit && mutant == 4) {
      word_.store(value, order);
      return true;
    }
    if (order == std::memory_order_release && mutant == 1) order = std::memory_order_relaxed;
    if (order == std::memory_order_acquire && mutant == 2) order = std::memory_order_relaxed;
    return word_.compare_exchange_weak(expected, value, order, failure);
  }
  bool compare_exchange_strong(std::uint64_t& expected, std::uint64_t value,
                               std::memory_order order, std::memory_order failure) {
    touch();
    return word_.compare_exchange_strong(expected, value,
                                         mutant == 8 ? std::memory_order_release : order, failure);
  }

 private:
  static void touch() {
    if (gone != nullptr) (void)static_cast<int>(*gone);
  }
  mutable model::word<std::uint64_t> word_;
};

class gate_lock {
 public:
  void lock() {
    mutex_.lock();
    locked_here[here()] = true;
  }
  void unlock() {
    if (gone != nullptr) (void)static_cast<int>(*gone);
    locked_here[here()] = false;
    mutex_.unlock();
  }

 private:
  model::mutex mutex_;
};

struct queued_flag {
  bool set = false;
  queued_flag& operator=(bool value) {
    set = value;
    return *this;
  }
  operator bool() const { return set || mutant == 6; }
};

using lariat::detail::gate_outcome;

struct told_outcome {
  model::plain<int> value;
  told_outcome& operator=(gate_outcome outcome) {
    value = static_cast<int>(outcome);
    return *this;
  }
  operator gate_outcome() const { return static_cast<gate_outcome>(static_cast<int>(value)); }
};

struct waiter {
  waiter(std::uint64_t needed, std::uint64_t taken) : need(needed), take(taken) {
    told = gate_outcome::waiting;
  }

  void deliver() {
    delivered.store(1, mutant == 9 ? std::memory_order_relaxed : std::memory_order_release);
  }
  void wait() {
    rl::linear_backoff backoff;
    while (delivered.load(std::memory_order_acquire) == 0) backoff.yield($);
  }

  waiter* previous = nullptr;
  waiter* next = nullptr;
  std::uint64_t need;
  std::uint64_t take;
  queued_flag queued;
  told_outcome told;
  model::word<int> delivered{0};
};

using gate = lariat::detail::basic_gate<waiter, gate_word, gate_lock>;

// True if it has passed. If it has to wait and `hasty`, it withdraws at once.
bool pass(gate& at, std::uint64_t need, std::uint64_t take, bool hasty) {
  if (at.try_pass(need, take)) return true;
  waiter self(need, take);
  if (at.pass_or_wait(self) == gate_outcome::served) return true;
  waiter* served = nullptr;
  if (hasty && at.withdraw(self, served)) {
    RL_ASSERT(self.told == gate_outcome::cancelled);
    if (mutant != 7) gate::deliver_all(served);
    return false;
  }
  self.wait();
  RL_ASSERT(self.told == gate_outcome::served);
  return true;
}

void add(gate& at, std::uint64_t more) {
  waiter* served = nullptr;
  const bool added = at.add(more, gate::count_max, served);
  RL_ASSERT(added);
  gate::deliver_all(served);
}

struct lock_model : rl::test_suite<lock_model, 3> {
  gate lock{1};
  model::plain<int> number;
  model::word<int> passed{0};

  void before() {
    gone = nullptr;
    number = 0;
  }
  void thread(unsigned index) {
    for (int i = 0; i < (index == 0 ? 2 : 1); ++i) {
      if (!pass(lock, 1, 1, index == 2)) continue;
      number = number + 1;
      passed.fetch_add(1, std::memory_order_relaxed);
      add(lock, 1);
    }
  }
  void after() {
    RL_ASSERT(lock.available() == 1 && !lock.is_waited_for());
    RL_ASSERT(number == passed.load(std::memory_order_relaxed));
  }
};

// One permit: the first thread wants two, and withdraws; the second wants one, which may be behind.
struct permits_model : rl::test_suite<permits_model, 3> {
  gate permits{1};
  model::plain<int> before_last;
  model::word<int> given{0};

  void before() {
    gone = nullptr;
    before_last = 0;
  }
  void thread(unsigned index) {
    if (index == 0) {
      if (pass(permits, 2, 2, true)) {
        RL_ASSERT(before_last == 1);
        add(permits, 2);
      }
    } else if (index == 1) {
      const bool has = pass(permits, 1, 1, false);
      RL_ASSERT(has);
      add(permits, 1);
    } else {
      before_last = 1;
      add(permits, 1);
    }
  }
  void after() { RL_ASSERT(permits.available() == 2 && !permits.is_waited_for()); }
};

struct event_model : rl::test_suite<event_model, 2> {
  gate event{0};
  model::word<int> ready{0};
  model::plain<int> result;

  void before() { gone = nullptr; }
  void thread(unsigned index) {
    if (index == 0) {
      result = 42;
      ready.store(1, std::memory_order_relaxed);
      waiter* served = nullptr;
      event.set(served);
      gate::deliver_all(served);
    } else {
      event.clear();
      if (ready.load(std::memory_order_relaxed) != 0) return;
      const bool passed = pass(event, 1, 0, false);
      RL_ASSERT(passed);
      RL_ASSERT(result == 42);
    }
  }
};

// Who comes when a waiter was served passes without the lock.
struct late_model : rl::test_suite<late_model, 3> {
  gate event{0};
  model::plain<int> result;

  void before() { gone = nullptr; }
  void thread(unsigned index) {
    if (index == 0) {
      result = 42;
      waiter* served = nullptr;
      event.set(served);
      gate::deliver_all(served);
    } else if (index == 1 ? pass(event, 1, 0, false) : event.try_pass(1, 0)) {
      RL_ASSERT(result == 42);
    }
  }
};

// Who passes by what the other adds ends the gate.
struct lifetime_model : rl::test_suite<lifetime_model, 2> {
  gate once{0};
  model::plain<int> ended;

  void before() {
    gone = &ended;
    ended = 0;
  }
  void thread(unsigned index) {
    if (index == 0) {
      add(once, 1);
      return;
    }
    if (!pass(once, 1, 1, true)) {
      rl::linear_backoff backoff;
      while (!once.try_pass(1, 1)) backoff.yield($);
    }
    ended = 1;
  }
};

template <class Model>
bool both_ways() {
  return model::passes<Model>(rl::fair_context_bound_scheduler_type, 2'000'000, 2) &&
         model::passes<Model>(rl::random_scheduler_type, 300'000);
}

}  // namespace

int main() {
  return both_ways<lifetime_model>() && both_ways<event_model>() && both_ways<late_model>() &&
                 both_ways<permits_model>() && both_ways<lock_model>()
             ? 0
             : 1;
}
