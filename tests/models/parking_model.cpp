// A pool's sleep: an owner that forks without ever popping, as if busy for long, a thread that
// posts, and two workers that look for work and sleep as pool_core does, over the real deque, inbox
// and parking; with membarrier (fences none and everywhere) and without (all full). Checked: each
// piece runs once and sees what its maker wrote; work that is left while all sleep is a deadlock.
//
// mutant 1: a worker sleeps without looking a last time
// mutant 2: summon makes no fence behind the work
// mutant 3: a worker looks a last time before it lies down
// mutant 4: who finds work wakes nobody for what else there is
// mutant 5: a worker asks no owner before it looks a last time
// mutant 6: a worker's fence before it looks a last time is its own only
// mutant 7: without membarrier, an owner makes no fence between its work and whether it was asked
// mutant 8: an owner that was asked shares and wakes nobody
// mutant 9: a worker that takes one of several steps does not show the others

#include <lariat/sched/executor/detail/inbox.hpp>
#include <lariat/sched/pool/detail/deque.hpp>
#include <lariat/sched/pool/detail/parking.hpp>

#include <cstddef>
#include <mutex>

#include "mutant.hpp"
#include "relacy_model.hpp"

namespace {

constexpr unsigned workers = 2;
constexpr unsigned owner = 2;
constexpr unsigned poster = 3;
constexpr unsigned threads = 4;
constexpr int posts = 2;

struct piece {
  model::plain<piece*> next_;
  model::plain<int> payload;
  int number = 0;
  int runs = 0;
  bool meets = false;  // Runs until the other one that does has begun: so both workers are needed.
};

class piece_queue {
 public:
  [[nodiscard]] bool empty() const { return head_ == tail_; }
  void push(piece& each) { all_[tail_++] = &each; }
  piece* pop() { return empty() ? nullptr : all_[head_++]; }

 private:
  piece* all_[posts];
  int head_ = 0;
  int tail_ = 0;
};

// As detail::parker.
class parker {
 public:
  void start() { woken_ = false; }
  void park() {
    const std::lock_guard<model::mutex> lock(mutex_);
    while (!woken_) condition_.wait(mutex_.relacy(), $);
    woken_ = false;
  }
  void wake() {
    const std::lock_guard<model::mutex> lock(mutex_);
    woken_ = true;
    condition_.notify_one($);
  }

 private:
  model::mutex mutex_;
  rl::condition_variable condition_;
  model::plain<bool> woken_;
};

// Of std::vector what parking uses.
class sleepers {
 public:
  using value_type = parker*;
  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] std::size_t size() const { return count_; }
  parker*& back() { return all_[count_ - 1]; }
  parker*& operator[](std::size_t i) { return all_[i]; }
  void push_back(parker* each) { all_[count_++] = each; }
  void pop_back() { --count_; }

 private:
  parker* all_[workers];
  std::size_t count_ = 0;
};

struct membarrier_fences {
  static void light() {}
  static void heavy() { mutant == 6 ? model::full_fence() : model::fence_everywhere<threads>(); }
  static void full() { model::full_fence(); }
};

struct full_fences {
  static void light() {
    if (mutant != 7) model::full_fence();
  }
  static void heavy() { model::full_fence(); }
  static void full() { model::full_fence(); }
};

struct parking_fences {
  static void full() {
    if (mutant != 2) model::full_fence();
  }
};

using parking = lariat::detail::basic_parking<sleepers, model::word<std::uint32_t>, model::mutex,
                                              parking_fences>;

template <class Fences, int forks_made>
struct parking_model : rl::test_suite<parking_model<Fences, forks_made>, threads> {
  using deque = lariat::detail::basic_deque<piece*, model::word, Fences, 2>;
  using inbox = lariat::detail::basic_inbox<piece, piece_queue, model::word<piece*>>;
  using steal_result = lariat::detail::steal_result;

  deque forks;
  inbox arriving;
  model::mutex injected_mutex;
  piece_queue injected;
  model::word<bool> left_over{false};
  model::word<bool> stopping{false};
  parking places;
  parker parkers[workers];
  piece forked[forks_made];
  piece posted[posts];
  int open = forks_made + posts;
  rl::mutex meeting;
  rl::condition_variable met;
  int begun = 0;

  void before() {
    forked[forks_made - 1].meets = posted[0].meets = true;
    for (parker& each : parkers) {
      each.start();
      places.search();
    }
  }

  void thread(unsigned index) {
    if (index == owner) {
      for (int i = 0; i < forks_made; ++i) fork(forked[i], i);
    } else if (index == poster) {
      for (int i = 0; i < posts; ++i) post(posted[i], forks_made + i);
    } else {
      work(parkers[index]);
    }
  }

  // fork_group::start and pool_worker::share.
  void fork(piece& each, int number) {
    make(each, number);
    forks.push(1, [&](std::size_t) { return &each; });
    if (!forks.asked()) return;
    forks.share();
    if (mutant != 8) wake(places.summon());
  }

  void post(piece& each, int number) {
    make(each, number);
    (void)arriving.push(each);
    wake(places.summon());
  }

  void make(piece& each, int number) {
    each.number = number;
    each.payload = 10 * number;
  }

  void wake(parker* sleeper) {
    if (sleeper != nullptr) sleeper->wake();
  }

  // From here on as in pool_core.
  void work(parker& self) {
    for (;;) {
      if (run_one()) continue;
      if (stopping.load(std::memory_order_acquire)) return;
      sleep(self);
    }
  }

  bool run_one() {
    for (bool patient : {true, false}) {
      if (piece* each = take_injected()) return run(*each);
      piece* child = nullptr;
      steal_result result = forks.steal(child);
      if (result == steal_result::hidden && !patient) result = forks.raid(child);
      if (result == steal_result::stolen) return run(*child);
    }
    return false;
  }

  piece* take_injected() {
    if (!left_over.load(std::memory_order_relaxed) && !arriving.maybe_filled()) return nullptr;
    const std::lock_guard<model::mutex> lock(injected_mutex);
    if (injected.empty()) arriving.drain(injected);
    piece* each = injected.pop();
    left_over.store(mutant != 9 && !injected.empty(), std::memory_order_relaxed);
    return each;
  }

  bool run(piece& each) {
    parker* const next = places.found();
    if (mutant != 4) wake(next);
    RL_ASSERT(each.payload == 10 * each.number);
    RL_ASSERT(++each.runs == 1);
    if (each.meets) meet();
    if (--open == 0) stop();
    places.search();
    return true;
  }

  void meet() {
    meeting.lock($);
    ++begun;
    met.notify_all($);
    while (begun < 2) met.wait(meeting, $);
    meeting.unlock($);
  }

  void stop() {
    stopping.store(true, std::memory_order_seq_cst);
    for (parker& each : parkers) each.wake();
  }

  bool anything_visible() {
    return left_over.load(std::memory_order_relaxed) || arriving.maybe_filled() ||
           forks.maybe_filled();
  }

  void sleep(parker& self) {
    bool stay = mutant == 3 && anything_visible();
    places.fall_asleep(&self);
    if (mutant != 5) forks.ask();
    Fences::heavy();
    if (mutant != 1 && mutant != 3) {
      stay = anything_visible() || stopping.load(std::memory_order_acquire);
    }
    if (!stay) self.park();
    (void)places.rise(&self);
  }
};

// A few random schedules find a missing fence, and all with one switch a worker that is not told.
template <class Fences>
bool holds_at_random() {
  return model::passes<parking_model<Fences, 2>>(rl::random_scheduler_type, 200'000);
}
template <class Fences>
bool holds_in_order() {
  return model::passes<parking_model<Fences, 1>>(rl::fair_context_bound_scheduler_type, 2'000'000);
}

}  // namespace

int main() {
  return holds_at_random<membarrier_fences>() && holds_at_random<full_fences>() &&
                 holds_in_order<membarrier_fences>() && holds_in_order<full_fences>()
             ? 0
             : 1;
}
