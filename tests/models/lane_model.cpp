// Two threads of a lane, one of which spins before it sleeps, and two callers with two calls each,
// one of whom takes its first back and one may hand both in together. Each caller's last call waits
// until the other's runs: so the two need both threads, and a call that nobody looks at, or a
// thread that is not summoned, is a deadlock or a spin without end.
//
// mutant 1: a thread that stops looking does not say so
// mutant 2: a caller does not attend to what it put in unseen
// mutant 3: whoever withdraws a call says by that that somebody looks
// mutant 4: a thread that takes one of several calls summons nobody for the others
// mutant 5: a thread that was summoned does not tell that it has arrived
// mutant 6: the spinning thread is not told of calls that another one has collected

#include <lariat/sched/blocking/detail/lane_intake.hpp>
#include <lariat/sched/executor/detail/inbox.hpp>

#include <cstdio>
#include <fstream>

#include "mutant.hpp"

#include <relacy/relacy.hpp>

#undef memory_order_relaxed
#undef memory_order_acquire
#undef memory_order_release

namespace {

constexpr rl::memory_order order_of(std::memory_order order) {
  return order == std::memory_order_relaxed   ? rl::mo_relaxed
         : order == std::memory_order_acquire ? rl::mo_acquire
                                              : rl::mo_release;
}

// std::atomic's face for Relacy's words.
template <class T>
class word {
 public:
  word(T value) : value_(value) {}
  T load(std::memory_order order) const { return value_.load(order_of(order), $); }
  void store(T value, std::memory_order order) { value_.store(value, order_of(order), $); }
  T exchange(T value, std::memory_order order) {
    return value_.exchange(value, order_of(order), $);
  }
  bool compare_exchange_weak(T& expected, T value, std::memory_order order, std::memory_order) {
    return value_.compare_exchange_weak(expected, value, order_of(order), $);
  }
  bool compare_exchange_strong(T& expected, T value, std::memory_order order) {
    return value_.compare_exchange_strong(expected, value, order_of(order), $);
  }

 private:
  rl::atomic<T> value_;
};

struct call {
  call* next_ = nullptr;
  bool queued = false;
  bool meets = false;  // Waits for the other one that does.
  bool done = false;
};

// At most four calls, in order.
class call_queue {
 public:
  bool empty() const { return count_ == 0; }
  void push(call& each) {
    each.queued = true;
    calls_[count_++] = &each;
  }
  call* pop() { return count_ == 0 ? nullptr : take(0); }
  bool remove(call& wanted) {
    for (int i = 0; i < count_; ++i) {
      if (calls_[i] == &wanted) return take(i) != nullptr;
    }
    return false;
  }

 private:
  call* take(int at) {
    call* taken = calls_[at];
    for (int i = at + 1; i < count_; ++i) calls_[i - 1] = calls_[i];
    --count_;
    taken->queued = false;
    return taken;
  }
  call* calls_[4];
  int count_ = 0;
};

// Of mutant 6 it says nothing.
struct flag : word<bool> {
  using word<bool>::word;
  bool load(std::memory_order order) const {
    const bool value = word<bool>::load(order);
    return value && mutant != 6;
  }
};

using inbox = lariat::detail::basic_inbox<call, call_queue, word<call*>>;
using real_intake = lariat::detail::lane_intake<inbox, call_queue, flag>;

struct intake : real_intake {
  bool check_attention(bool available) {
    if (mutant == 1 && queue().empty()) return false;
    if (mutant == 4) {
      (void)real_intake::check_attention(false);
      return false;
    }
    return real_intake::check_attention(available);
  }
  void collect() { mutant == 3 ? real_intake::look() : real_intake::collect(); }
  void arrived() {
    if (mutant != 5) real_intake::arrived();
  }
};

struct lane_model : rl::test_suite<lane_model, 4> {
  static constexpr int workers = 2;

  rl::mutex mutex;
  rl::condition_variable parkers[workers];
  bool asleep[workers] = {};
  bool woken[workers] = {};
  int asleep_count = 0;
  bool stopping = false;
  intake calls;

  rl::mutex meeting;
  rl::condition_variable met;
  rl::condition_variable ended;
  int arrived = 0;
  int open = 0;
  call all[4];

  void before() {
    all[0].meets = all[1].meets = true;
    open = 4;
    for (bool& each : asleep) each = true;
    asleep_count = workers;
    (void)calls.check_attention(true);
  }

  void thread(unsigned index) {
    if (index < workers) return work(static_cast<int>(index));
    if (index == 2) {
      submit(all[2]);
      withdraw(all[2]);
      submit(all[0]);
    } else {
      submit_two(all[3], all[1]);
    }
    wait_for_end();
  }

  template <class Calls>
  void submit(Calls& some) {
    if (!calls.put(some) || mutant == 2) return;
    mutex.lock($);
    const int sleeper = check_attention();
    mutex.unlock($);
    wake(sleeper);
  }

  void submit_two(call& first, call& second) {
    if (rl::rand(2) == 0) {
      submit(first);
      submit(second);
    } else {
      inbox::chain both;
      both.add(first);
      both.add(second);
      submit(both);
    }
  }

  void withdraw(call& each) {
    mutex.lock($);
    calls.collect();
    const bool removed = calls.queue().remove(each);
    mutex.unlock($);
    if (removed) end(each);
  }

  // With the mutex. The thread to wake, or -1.
  int check_attention() {
    if (!calls.check_attention(asleep_count > 0)) return -1;
    for (int i = 0; i < workers; ++i) {
      if (!asleep[i]) continue;
      asleep[i] = false;
      --asleep_count;
      calls.summoned();
      return i;
    }
    RL_ASSERT(false);
    return -1;
  }

  void wake(int sleeper) {
    if (sleeper < 0) return;
    mutex.lock($);
    woken[sleeper] = true;
    parkers[sleeper].notify_one($);
    mutex.unlock($);
  }

  void work(int self) {
    mutex.lock($);
    sleep_here(self);
    while (call* taken = next(self)) {
      const int sleeper = check_attention();
      mutex.unlock($);
      wake(sleeper);
      run(*taken);
      mutex.lock($);
    }
    mutex.unlock($);
  }

  call* next(int self) {
    for (;;) {
      if (calls.queue().empty()) calls.look();
      if (call* taken = calls.queue().pop()) return taken;
      if (stopping) return nullptr;
      if (self == 0 && !calls.spinning()) {
        calls.set_spinning(true);
        mutex.unlock($);
        // Without an end of its own: what is to end it must be seen.
        while (!calls.maybe_filled() && !stop_seen()) rl::yield(1, $);
        mutex.lock($);
        calls.set_spinning(false);
        calls.look();
        continue;
      }
      asleep[self] = true;
      ++asleep_count;
      const int sleeper = check_attention();
      if (sleeper == self) {
        calls.arrived();
        continue;
      }
      mutex.unlock($);
      wake(sleeper);
      mutex.lock($);
      sleep_here(self);
    }
  }

  void sleep_here(int self) {
    while (!woken[self]) parkers[self].wait(mutex, $);
    woken[self] = false;
    calls.arrived();
  }

  bool stop_seen() {
    mutex.lock($);
    const bool seen = stopping;
    mutex.unlock($);
    return seen;
  }

  void run(call& taken) {
    if (taken.meets) {
      meeting.lock($);
      ++arrived;
      met.notify_all($);
      while (arrived < 2) met.wait(meeting, $);
      meeting.unlock($);
    }
    end(taken);
  }

  void end(call& each) {
    RL_ASSERT(!each.done && !each.queued);
    each.done = true;
    meeting.lock($);
    if (--open == 0) ended.notify_all($);
    meeting.unlock($);
  }

  void wait_for_end() {
    meeting.lock($);
    while (open > 0) ended.wait(meeting, $);
    meeting.unlock($);
    mutex.lock($);
    stopping = true;
    for (int i = 0; i < workers; ++i) {
      if (!asleep[i]) continue;
      asleep[i] = false;
      --asleep_count;
      woken[i] = true;
      parkers[i].notify_one($);
    }
    mutex.unlock($);
  }
};

}  // namespace

int main() {
  rl::test_params params;
  params.iteration_count = 1'000'000;
  std::ofstream quiet("/dev/null");
  params.progress_stream = &quiet;
  return rl::simulate<lane_model>(params) ? 0 : 1;
}
