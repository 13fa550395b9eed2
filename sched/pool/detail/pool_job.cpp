#include <lariat/sched/pool/detail/pool_job.hpp>

#include <lariat/sched/loop/loop.hpp>
#include <lariat/sched/pool/detail/pool_core.hpp>
#include <lariat/sched/pool/detail/pool_wait.hpp>
#include <lariat/sched/pool/pool.hpp>
#include <lariat/sched/thread/detail/backoff.hpp>
#include <lariat/sched/thread/detail/usable_cpus.hpp>

#include <sched.h>

#include <stdexcept>

namespace lariat::detail {

void pool_job::submit(pool& where, pool_waiter& waiter, const context* task) {
  waiter_ = &waiter;
  scope_.task = task;
  where.start();
  where.post(*this);
}

void pool_job::run() noexcept {
  stage expected = stage::waiting;
  // Relaxed: the queue has ordered everything else.
  if (!stage_.compare_exchange_strong(expected, stage::started, std::memory_order_relaxed)) {
    delete this;
    return;
  }
  current_stacklet().scope = &scope_;
  pool_worker& here = *current_worker();
  const pool_worker::fork_origin::mark outer = here.enter(scope_);
  execute();
  here.leave(outer);
}

bool pool_job::take_back() noexcept {
  stage expected = stage::waiting;
  // Release: whatever was done to the job comes before its end by the pool.
  return stage_.compare_exchange_strong(expected, stage::taken_back, std::memory_order_release,
                                        std::memory_order_relaxed);
}

void pool_job::request_stop() noexcept { scope_.stop(); }

void pool_job::finish() noexcept {
  current_stacklet().scope = nullptr;  // It may go now.
  waiter_->job_ended();
}

namespace {

// A thread that does nothing else. It spins first: falling asleep and being woken takes longer than
// many a call.
class waiting_thread final : public pool_waiter {
 public:
  void job_ended() noexcept override {
    // Release: the result. The last touch of all that the thread owns, or the wake is.
    if (stage_.exchange(stage::ended, std::memory_order_acq_rel) == stage::asleep) parker_.wake();
  }
  void wait() noexcept {
    static const bool one_cpu = usable_cpus() == 1;  // Then spinning keeps the call from running.
    const auto ended = [this] { return stage_.load(std::memory_order_acquire) == stage::ended; };
    const clock_ns end = one_cpu ? 0 : monotonic_now() + spin_ns;
    do {
      if (spin_until(64, ended)) return;
      ::sched_yield();  // To a worker, where there are as many as CPUs.
    } while (monotonic_now() < end);
    stage expected = stage::awake;
    // Acquire, if it has ended: the result.
    if (stage_.compare_exchange_strong(expected, stage::asleep, std::memory_order_acquire)) {
      (void)parker_.park(no_deadline);
    }
  }

 private:
  enum class stage : unsigned char { awake, asleep, ended };
  static constexpr clock_ns spin_ns = 20'000;
  std::atomic<stage> stage_{stage::awake};
  parker parker_;
};

// A worker, whose parker others use as well.
class helping_worker final : public pool_waiter {
 public:
  explicit helping_worker(pool_worker& self) noexcept : self_(self) {}

  void job_ended() noexcept override {
    ended_.store(true, std::memory_order_release);  // The result.
    if (current_worker() != &self_) self_.own_parker().wake();
    left_.store(true, std::memory_order_release);
  }
  void run(runnable& job, const fork_scope& scope) noexcept {
    self_.core().run_nested(self_, job, scope, ended_);
    // This must outlast the wake.
    while (!left_.load(std::memory_order_acquire)) ::sched_yield();
  }

 private:
  pool_worker& self_;
  std::atomic<bool> ended_{false};
  std::atomic<bool> left_{false};
};

// The call of the function that runs here, and waits: to be stopped with that.
class nested_scope {
 public:
  explicit nested_scope(fork_scope& inner) : inner_(inner) {
    if (fork_scope* const outer = current_stacklet().scope; outer != nullptr) {
      inner_.task = outer->task;
      inner_.nest_in(*outer);
    }
  }
  nested_scope(const nested_scope&) = delete;
  nested_scope& operator=(const nested_scope&) = delete;
  ~nested_scope() { inner_.leave_outer(); }

 private:
  fork_scope& inner_;
};

}  // namespace

void pool_job::wait(pool& where) {
  const nested_scope nested(scope_);
  waiting_thread waiter;
  submit(where, waiter, scope_.task);
  waiter.wait();
}

void pool_job::wait_nested(pool_worker& here) {
  const nested_scope nested(scope_);
  helping_worker waiter(here);
  waiter_ = &waiter;
  waiter.run(*this, scope_);
}

void wait_for_job(pool& where, pool_job& job) {
  if (loop::current() != nullptr) {
    throw std::logic_error(
        "lariat: to_pool(...).get() would block the loop that runs on this thread; co_await it");
  }
  const pool_worker* const here = current_worker();
  if (here == nullptr) return job.wait(where);
  pool& own = here->core().owner();
  if (&own == &where) return job.wait_nested(*current_worker());
  const pool_wait wait(own, where);
  job.wait(where);
}

}  // namespace lariat::detail
