// Two threads ask something of an object whose loop becomes known meanwhile: one adds to a count,
// twice, the other sets a flag. Checked: each request is taken, and the count once; what led to it
// is seen; whoever posts the step knows the loop, and finds the step unlinked.
//
// mutant 1: a request is made without releasing what led to it
// mutant 2: a request is made without acquiring
// mutant 3: the step takes requests without acquiring what led to them
// mutant 4: the step takes requests without releasing itself
// mutant 5: the loop is made known without releasing it
// mutant 6: requests from before the loop was known are taken without acquiring
// mutant 7: a request posts the step though one has posted it
// mutant 8: the loop is noted behind the exchange that makes it known
// mutant 9: the step looks and clears, which is not one operation
// mutant 10: requests from before the loop was known are left to a step that nobody posts

#include <lariat/sched/sync/detail/remote_requests.hpp>

#include "mutant.hpp"
#include "relacy_model.hpp"

namespace {

constexpr unsigned owner = 2;
constexpr unsigned threads = 3;

// What is left of `order` without its release, or without its acquire.
constexpr std::memory_order weakened(std::memory_order order, bool release, bool acquire) {
  return release ? std::memory_order_acquire : acquire ? std::memory_order_release : order;
}

class request_word : public model::word<std::uint64_t> {
 public:
  using base = model::word<std::uint64_t>;
  using base::base;
  std::uint64_t fetch_add(std::uint64_t value, std::memory_order order) {
    return first(base::fetch_add(value, weakened(order, mutant == 1, mutant == 2)));
  }
  std::uint64_t fetch_or(std::uint64_t value, std::memory_order order) {
    return first(base::fetch_or(value, weakened(order, mutant == 1, mutant == 2)));
  }
  // The first is `bind`, the others are `take`.
  std::uint64_t exchange(std::uint64_t value, std::memory_order order) {
    if (!bound_) {
      bound_ = true;
      const std::uint64_t before = base::exchange(value, weakened(order, mutant == 5, mutant == 6));
      return mutant == 10 ? 0 : before;
    }
    if (mutant == 9) {
      const std::uint64_t before = base::load(std::memory_order_acquire);
      base::store(value, std::memory_order_release);
      return before;
    }
    return base::exchange(value, weakened(order, mutant == 4, mutant == 3));
  }

 private:
  static std::uint64_t first(std::uint64_t before) { return mutant == 7 ? 0 : before; }
  bool bound_ = false;  // The owner's.
};

struct remote_requests_model : rl::test_suite<remote_requests_model, threads> {
  static constexpr std::uint64_t one = 1;
  static constexpr std::uint64_t flag = 16;

  lariat::detail::basic_remote_requests<request_word> requests{false};
  model::word<int> loop{0};    // 1 when it is known.
  model::word<int> posted{0};  // The loop's inbox: the step, or nothing.
  model::plain<int> link;      // The step's, which a post writes and the owner reads.
  model::plain<int> counted[2];
  model::plain<int> flagged;
  int count = 0;
  bool has_flag = false;

  void before() {
    link = 0;
    counted[0] = 0;
    counted[1] = 0;
    flagged = 0;
  }

  void thread(unsigned index) {
    if (index == owner) {
      own();
    } else if (index == 0) {
      for (int i = 0; i < 2; ++i) {
        counted[i] = 42;
        if (requests.add(one)) post();
      }
    } else {
      flagged = 42;
      if (requests.raise(flag)) post();
    }
  }

  void post() {
    RL_ASSERT(loop.load(std::memory_order_relaxed) == 1);
    RL_ASSERT(link == 0);
    link = 1;
    RL_ASSERT(posted.exchange(1, std::memory_order_release) == 0);
  }

  void own() {
    if (mutant != 8) loop.store(1, std::memory_order_relaxed);
    apply(requests.bind());
    if (mutant == 8) loop.store(1, std::memory_order_relaxed);
    for (int turn = 0; turn < 2; ++turn) run_step();
  }

  void run_step() {
    if (posted.exchange(0, std::memory_order_acquire) == 0) return;
    RL_ASSERT(link == 1);
    link = 0;
    apply(requests.take());
  }

  void apply(std::uint64_t taken) {
    for (std::uint64_t left = taken % flag; left > 0; --left) {
      RL_ASSERT(count < 2);
      RL_ASSERT(counted[count++] == 42);
    }
    if (taken >= flag) {
      RL_ASSERT(!has_flag && flagged == 42);
      has_flag = true;
    }
  }

  void after() {
    run_step();
    RL_ASSERT(!requests.posted());
    RL_ASSERT(count == 2 && has_flag);
  }
};

}  // namespace

int main() {
  return model::passes<remote_requests_model>(rl::fair_context_bound_scheduler_type, 10'000'000) &&
                 model::passes<remote_requests_model>(rl::random_scheduler_type, 1'000'000)
             ? 0
             : 1;
}
