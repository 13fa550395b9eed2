#include <lariat/sched/pool/detail/pool_job.hpp>

#include <lariat/sched/loop/loop.hpp>
#include <lariat/sched/pool/detail/pool_core.hpp>
#include <lariat/sched/pool/detail/pool_wait.hpp>
#include <lariat/sched/pool/pool.hpp>
#include <lariat/sched/thread/detail/backoff.hpp>
#include <lariat/sched/thread/detail/usable_cpus.hpp>

#include <sched.h>

#include <atomic>
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
  // Relaxed: the queue has ordered everything else before this.
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
  current_stacklet().scope = nullptr;  // The scope may be destroyed from here on.
  waiter_->job_ended();
}

namespace {

// Asked once: it reads files.
bool only_one_cpu() noexcept {
  static constinit std::atomic<unsigned> known{0};
  unsigned cpus = known.load(std::memory_order_relaxed);
  if (cpus == 0) known.store(cpus = usable_cpus(), std::memory_order_relaxed);
  return cpus == 1;
}

// A thread that only waits. It spins first, because falling asleep and being woken takes longer
// than many calls.
class waiting_thread final : public pool_waiter {
 public:
  void job_ended() noexcept override {
    // Release: publishes the result. After this, or after the wake, nothing that the thread owns
    // may be touched.
    if (stage_.exchange(stage::ended, std::memory_order_acq_rel) == stage::asleep) parker_.wake();
  }
  void wait() noexcept {
    // On one CPU spinning keeps the call from running.
    const auto ended = [this] { return stage_.load(std::memory_order_acquire) == stage::ended; };
    const clock_ns end = only_one_cpu() ? 0 : monotonic_now() + spin_ns;
    do {
      if (spin_until(64, ended)) return;
      ::sched_yield();  // Lets a worker run, where there are as many workers as CPUs.
    } while (monotonic_now() < end);
    stage expected = stage::awake;
    // Acquire, if the job has ended: the result is read next.
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

// A worker that waits. Others use its parker as well, so it has to check why it was woken.
class helping_worker final : public pool_waiter {
 public:
  explicit helping_worker(pool_worker& self) noexcept : self_(self) {}

  void job_ended() noexcept override {
    ended_.store(true, std::memory_order_release);  // Publishes the result.
    if (current_worker() != &self_) self_.own_parker().wake();
    left_.store(true, std::memory_order_release);
  }
  void run(runnable& job, const fork_scope& scope) noexcept {
    self_.core().run_nested(self_, job, scope, ended_);
    // This object must outlive the wake.
    while (!left_.load(std::memory_order_acquire)) ::sched_yield();
  }

 private:
  pool_worker& self_;
  std::atomic<bool> ended_{false};
  std::atomic<bool> left_{false};
};

// Makes the inner call stop together with the call of the function that runs here and waits for it.
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
