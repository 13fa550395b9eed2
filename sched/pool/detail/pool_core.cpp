#include <lariat/sched/pool/detail/pool_core.hpp>

#include <lariat/sched/pool/detail/fork_group.hpp>
#include <lariat/sched/pool/pool.hpp>
#include <lariat/sched/text/detail/shown_name.hpp>
#include <lariat/sched/thread/detail/backoff.hpp>
#include <lariat/sched/thread/detail/name_thread.hpp>
#include <lariat/sched/thread/detail/start_thread.hpp>
#include <lariat/sched/thread/detail/usable_cpus.hpp>

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <cassert>
#include <limits>
#include <string>
#include <system_error>
#include <utility>

namespace lariat::detail {
namespace {

// An owner that forks answers a thief at its next fork, usually within some 20 ns. One that has not
// answered for this long is assumed to be busy, and is raided.
constexpr clock_ns raid_after_ns = 20'000;
// The first and the longest sleep of a worker in `run_nested` that finds nothing to help with.
constexpr clock_ns nap_min_ns = 50'000;
constexpr clock_ns nap_max_ns = 2'000'000;

// Binds this thread to the index-th CPU of the affinity mask. If the mask has fewer CPUs, counting
// goes on with its first one.
void pin_thread(std::size_t index) noexcept {
  cpu_set_t usable;
  if (::sched_getaffinity(0, sizeof usable, &usable) != 0) return;
  auto left = static_cast<int>(index) % std::max(CPU_COUNT(&usable), 1);
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &usable) || left-- != 0) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    // A failure is ignored: the worker runs on any CPU then, which is slower at worst.
    ::pthread_setaffinity_np(::pthread_self(), sizeof one, &one);
    return;
  }
}

}  // namespace

/// One worker's search for something to steal: looks at the other workers, the victims, in turn,
/// and remembers since when each of its rounds has found hidden forks.
class pool_core::sweep {
 public:
  explicit sweep(pool_core& core, pool_worker& self) noexcept : core_(core), self_(self) {}

  /// Returns null if nothing can be stolen now.
  void* steal(clock_ns now) noexcept {
    bool hidden = false;
    for (std::size_t i = 1; i < core_.workers_.size(); ++i) {
      void* child = nullptr;
      const steal_result result =
          steal_from(victim(i), child, now, hidden, pool_worker::fork_deque::accept_all());
      if (result == steal_result::stolen) return child;
      // A parallel algorithm that splits its range on demand has nothing in the deque, and gives
      // work away only when it is asked.
      if (result == steal_result::empty) victim(i).forks().ask();
    }
    if (void* const child = take_own(hidden)) return child;
    note(hidden, now);
    return nullptr;
  }

  /// The same, but takes only forks of the call `scope`, and none of this worker's own.
  void* steal_of(const fork_scope& scope, clock_ns now) noexcept {
    bool hidden = false;
    for (std::size_t i = 1; i < core_.workers_.size(); ++i) {
      const auto is_of_it = [&](std::int64_t index) {
        return victim(i).origin().covers(&scope, index);
      };
      void* child = nullptr;
      const steal_result result = steal_from(victim(i), child, now, hidden, is_of_it);
      if (result == steal_result::stolen) return child;
      constexpr std::int64_t newest = std::numeric_limits<std::int64_t>::max();
      if (result == steal_result::empty && is_of_it(newest)) victim(i).forks().ask();
    }
    note(hidden, now);
    return nullptr;
  }

 private:
  // Counts from this worker's own index, so that thieves do not all begin with the same victim.
  [[nodiscard]] pool_worker& victim(std::size_t turn) const noexcept {
    return *core_.workers_[(self_.index() + turn) % core_.workers_.size()];
  }

  // Steals one fork of `other`. If there are only hidden ones, the deque's `steal` asks the owner
  // to share them. If rounds have found hidden forks for long, the owner is too busy to answer, and
  // is raided.
  template <class Accept>
  [[nodiscard]] steal_result steal_from(pool_worker& other, void*& child, clock_ns now,
                                        bool& hidden, Accept accept) noexcept {
    const steal_result result = other.forks().steal(child, accept);
    if (result != steal_result::hidden) return result;
    hidden = true;
    if (hidden_since_ == 0 || now - hidden_since_ < raid_after_ns) return result;
    hidden_since_ = now;
    return other.forks().raid(child, accept);
  }

  // Takes a fork from this worker's own deque. Only a stacklet that `run_nested` has put aside can
  // have left one there.
  [[nodiscard]] void* take_own(bool& hidden) noexcept {
    void* child = nullptr;
    steal_result result = self_.forks().steal(child);
    if (result == steal_result::hidden) {
      hidden = true;
      self_.forks().share();
      result = self_.forks().steal(child);
    }
    return result == steal_result::stolen ? child : nullptr;
  }

  void note(bool hidden, clock_ns now) noexcept {
    if (!hidden) {
      hidden_since_ = 0;
    } else if (hidden_since_ == 0) {
      hidden_since_ = now;
    }
  }

  pool_core& core_;
  pool_worker& self_;
  clock_ns hidden_since_ = 0;
};

pool_core::pool_core(pool& owner, const pool_options& options)
    : owner_(owner), spin_ns_(options.spin.count()), pin_(options.pin) {
  const unsigned cpus = usable_cpus();
  const std::size_t count = owner.workers();
  crowded_ = count > cpus || cpus == 1;
  for (std::size_t i = 0; i < count; ++i) {
    workers_.push_back(std::make_unique<pool_worker>(*this, i));
    parking_.search();
  }
  start_threads();
}

pool_core::pool_core(pool& owner) : owner_(owner), spin_ns_(0), pin_(false), crowded_(true) {
  workers_.push_back(std::make_unique<pool_worker>(*this, 0));
}

void pool_core::run_here(runnable& step) noexcept {
  set_current_worker(workers_.front().get());
  step.run();
  current_stacklet().scope = nullptr;
  set_current_worker(nullptr);
  current_stacklet().frames.release();
}

void pool_core::start_threads() {
  // A worker that gets no thread stays in the list: it is a victim that never has anything.
  for (auto& each : workers_) {
    try {
      threads_.push_back(start_thread(
          [](void* self) {
            pool_worker& worker = *static_cast<pool_worker*>(self);
            pool_core& core = worker.core();
            name_this_thread(core.owner().name(), worker.index());
            if (core.pin_) pin_thread(worker.index());
            core.run(worker);
          },
          each.get()));
    } catch (const std::system_error& error) {
      if (threads_.empty()) {
        throw std::system_error(
            error.code(),
            no_thread_text("pool " + shown_name(owner_.name()) + " cannot start any of its " +
                           std::to_string(workers_.size()) + " workers"));
      }
      // The workers that have a thread may all be asleep by now: one of them looks for work, so
      // that not all sleep while none counts as searching.
      wake(parking_.found());
    }
  }
}

pool_core::~pool_core() {
  stopping_.store(true, std::memory_order_seq_cst);
  for (auto& each : workers_) each->own_parker().wake();
  for (std::thread& each : threads_) each.join();
}

void pool_core::leave_behind() noexcept {
  if (current_worker() != nullptr && &current_worker()->core() == this) {
    set_current_worker(nullptr);
    current_stacklet() = {};
  }
  // The fork may have left the core in any state, so it is never destroyed. It is linked into a
  // list so that a leak checker finds it.
  static constinit pool_core* left_last = nullptr;
  left_before_ = std::exchange(left_last, this);
}

void pool_core::wake(pool_worker* sleeper) noexcept {
  if (sleeper != nullptr) sleeper->own_parker().wake();
}

void pool_core::wake_one() noexcept { wake(parking_.summon()); }

void pool_core::post(runnable& step) noexcept {
  (void)arriving_.push(step);
  wake_one();
}

runnable* pool_core::take_injected() noexcept {
  // Relaxed: only decides whether to take the mutex, which orders. A step that is overlooked here
  // is found by the worker's last look before it sleeps.
  if (!left_over_.load(std::memory_order_relaxed) && !arriving_.maybe_filled()) return nullptr;
  const std::lock_guard lock(injected_mutex_);
  if (injected_.empty()) arriving_.drain(injected_);
  runnable* step = injected_.pop();
  left_over_.store(!injected_.empty(), std::memory_order_relaxed);
  return step;
}

bool pool_core::run_injected() noexcept {
  runnable* const step = take_injected();
  if (step == nullptr) return false;
  wake(parking_.found());
  step->run();
  current_stacklet().scope = nullptr;
  parking_.search();
  return true;
}

bool pool_core::run_forked(pool_worker& self, sweep& victims, clock_ns now) noexcept {
  void* const child = victims.steal(now);
  if (child == nullptr) return false;
  wake(parking_.found());
  run_stolen(self, child);
  parking_.search();
  return true;
}

// Runs one piece of work. Searches in rounds and waits a little between them; a round looks at the
// posted steps, then the other workers' deques, then this worker's own. Returns false if the worker
// should go to sleep. The worker counts as searching when this is called and when it returns.
bool pool_core::run_one(pool_worker& self, const std::atomic<bool>& done) noexcept {
  assert(parking_.searching() != 0 && "a worker looks for work and does not count as searching");
  sweep victims(*this, self);
  spin_backoff between_rounds(crowded_);
  const clock_ns begin = monotonic_now();
  for (clock_ns now = begin;; now = monotonic_now()) {
    if (run_injected() || run_forked(self, victims, now)) return true;
    if (done.load(std::memory_order_acquire) || now - begin >= spin_ns_) return false;
    if (!between_rounds.wait()) return false;
  }
}

bool pool_core::anything_visible() const noexcept {
  if (left_over_.load(std::memory_order_relaxed) || arriving_.maybe_filled()) return true;
  return std::any_of(workers_.begin(), workers_.end(),
                     [](const auto& each) { return each->forks().maybe_filled(); });
}

void pool_core::sleep(pool_worker& self, const std::atomic<bool>& done) noexcept {
  parking_.fall_asleep(&self);
  for (auto& each : workers_) each->forks().ask();
  asymmetric::heavy_fence();
  const bool stay = anything_visible() || done.load(std::memory_order_acquire);
  if (!stay) self.own_parker().park(no_deadline);
  // False if another thread has summoned this worker: then it is off the list of sleepers already,
  // and counts as searching. If that thread's wake-up has not come yet, because the worker stayed
  // awake, it ends the next sleep early, which does no harm.
  (void)parking_.rise(&self);
}

void pool_core::run(pool_worker& self) noexcept {
  set_current_worker(&self);
  for (;;) {
    if (run_one(self, stopping_)) continue;
    // Other workers may still run functions that fork, but they finish without help.
    if (stopping_.load(std::memory_order_acquire) && !anything_visible()) break;
    sleep(self, stopping_);
  }
  set_current_worker(nullptr);
  current_stacklet().frames.release();
}

void pool_core::run_stolen(pool_worker& self, void* child) noexcept {
  const pool_worker::fork_origin::mark outer = self.enter(fork_group::scope_of(child));
  fork_group::run_stolen(child);
  current_stacklet().scope = nullptr;
  self.leave(outer);
}

// Meanwhile the worker counts neither as searching nor as asleep: it takes work of one call only,
// so threads that add other work must not rely on it.
void pool_core::run_nested(pool_worker& self, runnable& job, const fork_scope& scope,
                           const std::atomic<bool>& done) noexcept {
  stacklet waiting;
  self.put_aside(waiting);
  job.run();
  current_stacklet().scope = nullptr;
  sweep victims(*this, self);
  clock_ns idle_since = monotonic_now();
  clock_ns nap_ns = nap_min_ns;
  while (!done.load(std::memory_order_acquire)) {
    const clock_ns now = monotonic_now();
    if (void* child = victims.steal_of(scope, now)) {
      run_stolen(self, child);
      idle_since = monotonic_now();
      nap_ns = nap_min_ns;
    } else if (now - idle_since < spin_ns_ && !crowded_) {
      pause_times(spin_backoff::pauses_max);
    } else {
      // Sleeps for a short time only, because other workers do not wake this one when they fork
      // more work of the call.
      (void)self.own_parker().park(now + nap_ns);
      nap_ns = std::min(2 * nap_ns, nap_max_ns);
    }
  }
  self.go_on_with(waiting);
}

}  // namespace lariat::detail
