#include <lariat/sched/blocking/lane.hpp>

#include <lariat/sched/blocking/detail/lane_intake.hpp>
#include <lariat/sched/blocking/detail/thread_operation.hpp>
#include <lariat/sched/coroutine/detail/thread_state.hpp>
#include <lariat/sched/thread/clock.hpp>
#include <lariat/sched/thread/detail/backoff.hpp>
#include <lariat/sched/thread/detail/name_thread.hpp>
#include <lariat/sched/thread/detail/parker.hpp>
#include <lariat/sched/thread/detail/start_thread.hpp>
#include <lariat/sched/thread/detail/usable_cpus.hpp>
#include <lariat/sched/time/timer.hpp>

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <new>
#include <system_error>
#include <utility>

namespace lariat {
namespace {

constexpr unsigned default_threads_max = 32;
constexpr unsigned spare_threads = 4;  // Beyond one per CPU: blocked ones need none.
constexpr clock_ns spin_min_ns = 2'000;
constexpr int yields = 3;  // Instead of spinning, where the submitter needs this CPU.

unsigned threads_of(const lane_options& options) noexcept {
  if (options.threads_max != 0) return options.threads_max;
  return std::min(default_threads_max, detail::usable_cpus() + spare_threads);
}

}  // namespace

class lane::workers {
 public:
  workers(lane& front, std::string name, const lane_options& options);
  /// In a forked child: one that is made as `parents` was, which has none of its threads.
  explicit workers(const workers* parents);
  ~workers();

  [[nodiscard]] bool submit(detail::thread_operation& call) noexcept;
  void submit(detail::call_chain& calls) noexcept;
  [[nodiscard]] bool withdraw(detail::thread_operation& call) noexcept;
  void nested_call_ended() noexcept;
  [[nodiscard]] lane_metrics metrics() noexcept;
  void live_for_ever() noexcept { for_ever_ = true; }

  // One thread, from its start to its end.
  struct worker {
    worker(workers& owner, unsigned number) noexcept : owner(owner), number(number) {}

    workers& owner;
    const unsigned number;
    worker* next = nullptr;       // In the list of all.
    worker* next_idle = nullptr;  // In the list of sleepers.
    bool asleep = false;          // Whether it is in that.
    unsigned waits = 0;           // Calls to its own lane that its function waits for.
    clock_ns spin_ns = spin_min_ns;
    std::thread thread;
    detail::parker parker;
  };

  // This thread's; null on threads of no lane.
  static worker* current() noexcept;

  lane& front;
  const std::string name;
  const unsigned threads_max;

 private:
  using lock = std::unique_lock<std::mutex>;

  [[nodiscard]] bool enter_nested(worker& self) noexcept;
  void attend() noexcept;
  [[nodiscard]] worker* check_attention() noexcept;
  [[nodiscard]] worker* summon() noexcept;
  void start_worker() noexcept;

  void work(worker& self) noexcept;
  [[nodiscard]] detail::thread_operation* next_call(worker& self, lock& held) noexcept;
  [[nodiscard]] bool spin(worker& self, lock& held) noexcept;
  [[nodiscard]] bool sleep(worker& self, lock& held) noexcept;
  void leave(worker& self, lock& held) noexcept;

  const clock_ns idle_ns_;
  const clock_ns spin_max_ns_;
  const bool one_cpu_;

  std::mutex mutex_;  // Protects what follows, and the members of workers and calls.
  worker* all_ = nullptr;
  worker* sleepers_ = nullptr;  // The last to fall asleep is the first.
  unsigned threads_ = 0;
  unsigned asleep_ = 0;
  unsigned threads_limit_;        // Below the most while no more could be started.
  unsigned threads_waiting_ = 0;  // Those whose function waits for a call to this lane.
  std::uint64_t calls_ = 0;
  int start_error_ = 0;
  bool stopping_ = false;
  std::condition_variable all_left_;
  // Of the process that forked this one: nothing of it may be given back, for it is as the fork
  // found it.
  [[maybe_unused]] const workers* const parents_ = nullptr;
  std::thread left_last_;  // Whoever leaves joins the one before: none is left behind.
  bool for_ever_ = false;  // Nobody will join the last: each is on its own.
  detail::lane_intake<detail::call_inbox, detail::call_queue, std::atomic<bool>> intake_;
};

lane::workers::worker* lane::workers::current() noexcept {
  return static_cast<worker*>(detail::this_thread_state().lane_worker);
}

lane::workers::workers(lane& front, std::string name, const lane_options& options)
    : front(front),
      name(std::move(name)),
      threads_max(threads_of(options)),
      idle_ns_(detail::saturating_ns(options.idle_timeout)),
      spin_max_ns_(detail::saturating_ns(options.spin)),
      one_cpu_(detail::usable_cpus() == 1),
      threads_limit_(threads_max) {
  (void)check_attention();
}

lane::workers::workers(const workers* parents)
    : front(parents->front),
      name(parents->name),
      threads_max(parents->threads_max),
      idle_ns_(parents->idle_ns_),
      spin_max_ns_(parents->spin_max_ns_),
      one_cpu_(parents->one_cpu_),
      threads_limit_(threads_max),
      parents_(parents),
      for_ever_(parents->for_ever_) {
  if (current() != nullptr && &current()->owner == parents) {
    detail::own_thread_state().lane_worker = nullptr;
  }
  (void)check_attention();
}

lane::workers::~workers() {
  lock held(mutex_);
  stopping_ = true;
  while (worker* sleeper = sleepers_) {
    sleepers_ = sleeper->next_idle;
    sleeper->asleep = false;
    --asleep_;
    sleeper->parker.wake();
  }
  all_left_.wait(held, [this] { return threads_ == 0; });
  held.unlock();
  if (left_last_.joinable()) left_last_.join();
}

bool lane::workers::submit(detail::thread_operation& call) noexcept {
  worker* self = current();
  if (self != nullptr && &self->owner == this && !enter_nested(*self)) return false;
  if (intake_.put(call)) attend();
  return true;
}

void lane::workers::submit(detail::call_chain& calls) noexcept {
  if (intake_.put(calls)) attend();
}

bool lane::workers::enter_nested(worker& self) noexcept {
  const lock held(mutex_);
  if (self.waits == 0 && threads_waiting_ + 1 == threads_max) return false;
  if (self.waits++ == 0) ++threads_waiting_;
  return true;
}

void lane::workers::nested_call_ended() noexcept {
  const lock held(mutex_);
  if (--current()->waits == 0) --threads_waiting_;
}

bool lane::workers::withdraw(detail::thread_operation& call) noexcept {
  const lock held(mutex_);
  intake_.collect();
  return intake_.queue().remove(call);
}

lane_metrics lane::workers::metrics() noexcept {
  const lock held(mutex_);
  intake_.collect();
  return {threads_, asleep_, intake_.queue().size(), calls_};
}

// Called by whoever put a call where nobody was going to look.
void lane::workers::attend() noexcept {
  lock held(mutex_);
  worker* sleeper = check_attention();
  while (threads_ == 0 && !intake_.queue().empty()) [[unlikely]] {
    intake_.queue().pop()->refuse(start_error_);
    sleeper = check_attention();
  }
  held.unlock();
  if (sleeper != nullptr) sleeper->parker.wake();
}

// With the mutex held, by a thread that stops looking at the queue, or put a call where nobody
// looks. Gives the sleeper to be woken without the mutex.
lane::workers::worker* lane::workers::check_attention() noexcept {
  const bool available = sleepers_ != nullptr || threads_ < threads_limit_;
  return intake_.check_attention(available) ? summon() : nullptr;
}

// With the mutex held: wakes or starts a thread. One at a time: whoever comes and finds more than
// it takes summons the next. So as many blocking calls get as many threads, and a burst of short
// ones, done before the second thread could come, pays for one wake-up.
lane::workers::worker* lane::workers::summon() noexcept {
  if (worker* sleeper = sleepers_) {
    sleepers_ = sleeper->next_idle;
    sleeper->asleep = false;
    --asleep_;
    intake_.summoned();
    return sleeper;
  }
  start_worker();
  return nullptr;
}

// With the mutex held, rare as it is: the thread may not leave before its handle is stored.
void lane::workers::start_worker() noexcept {
  worker** place = &all_;
  unsigned number = 0;
  for (; *place != nullptr && (*place)->number == number; ++number) place = &(*place)->next;
  std::unique_ptr<worker> started;
  try {
    started = std::make_unique<worker>(*this, number);
    started->thread = detail::start_thread(
        [](void* self) {
          const std::unique_ptr<worker> owned(static_cast<worker*>(self));
          owned->owner.work(*owned);
        },
        started.get());
  } catch (const std::system_error& error) {
    start_error_ = error.code().value();
  } catch (const std::bad_alloc&) {
    start_error_ = ENOMEM;
  }
  if (started == nullptr || !started->thread.joinable()) {
    // Go on with those that there are, until one of them leaves.
    if (threads_ > 0) threads_limit_ = threads_;
    return;
  }
  started->next = *place;
  *place = started.release();
  ++threads_;
  intake_.summoned();
}

void lane::workers::work(worker& self) noexcept {
  detail::own_thread_state().lane_worker = &self;
  detail::name_this_thread(name, self.number);  // Too short to allocate.
  lock held(mutex_);
  intake_.arrived();
  while (detail::thread_operation* call = next_call(self, held)) {
    ++calls_;
    detail::this_thread_state().lane_task = call->task_;
    // From here on the call may be abandoned: only what it stands for is touched.
    const auto function = call->function_;
    void* const state = call->state_;
    worker* sleeper = check_attention();
    held.unlock();
    if (sleeper != nullptr) sleeper->parker.wake();
    function(state);
    held.lock();
    detail::this_thread_state().lane_task = nullptr;
  }
  leave(self, held);
}

// Null when the thread is to leave.
detail::thread_operation* lane::workers::next_call(worker& self, lock& held) noexcept {
  for (;;) {
    // Not before the queue is empty: a loop that is at work puts calls in all the time, and the
    // fewer looks the fewer transfers of that line.
    if (intake_.queue().empty()) intake_.look();
    if (detail::thread_operation* call = intake_.queue().pop()) return call;
    if (stopping_) return nullptr;
    if (spin_max_ns_ > 0 && !intake_.spinning() && spin(self, held)) continue;
    if (!stopping_ && !sleep(self, held)) return nullptr;
  }
}

// True if there may be work. Spins longer the more often it finds some.
bool lane::workers::spin(worker& self, lock& held) noexcept {
  const auto filled = [this] { return intake_.maybe_filled(); };
  intake_.set_spinning(true);
  held.unlock();
  if (one_cpu_) {
    for (int i = 0; i < yields && !filled(); ++i) ::sched_yield();
  } else {
    const clock_ns end = monotonic_now() + self.spin_ns;
    while (!filled() && monotonic_now() < end) (void)detail::spin_until(16, filled);
  }
  held.lock();
  intake_.set_spinning(false);
  intake_.look();
  self.spin_ns =
      intake_.queue().empty() ? std::max(self.spin_ns / 2, spin_min_ns) : self.spin_ns * 2;
  self.spin_ns = std::min(self.spin_ns, spin_max_ns_);
  return !intake_.queue().empty();
}

// False if it has slept so long that it is to leave.
bool lane::workers::sleep(worker& self, lock& held) noexcept {
  self.next_idle = std::exchange(sleepers_, &self);
  self.asleep = true;
  ++asleep_;
  worker* sleeper = check_attention();
  held.unlock();
  if (sleeper != nullptr) sleeper->parker.wake();  // Itself, if a call has just come.
  const bool woken = self.parker.park(detail::deadline_after(monotonic_now(), idle_ns_));
  held.lock();
  if (!woken && self.asleep) {
    worker** place = &sleepers_;
    while (*place != &self) place = &(*place)->next_idle;
    *place = self.next_idle;
    self.asleep = false;
    --asleep_;
    return false;
  }
  intake_.arrived();
  if (!woken) {
    // Chosen at the last moment: the wake-up is on its way, and must not outlive the thread.
    held.unlock();
    (void)self.parker.park(no_deadline);
    held.lock();
  }
  return true;
}

void lane::workers::leave(worker& self, lock& held) noexcept {
  worker** place = &all_;
  while (*place != &self) place = &(*place)->next;
  *place = self.next;
  --threads_;
  threads_limit_ = threads_max;
  worker* sleeper = check_attention();
  std::thread before;
  if (for_ever_) {
    self.thread.detach();
  } else {
    before = std::exchange(left_last_, std::move(self.thread));
  }
  if (threads_ == 0) all_left_.notify_all();
  held.unlock();
  if (sleeper != nullptr) sleeper->parker.wake();
  if (before.joinable()) before.join();
}

lane::lane(std::string name, lane_options options)
    : workers_(std::make_unique<workers>(*this, std::move(name), options)) {}

lane::~lane() = default;

void lane::live_for_ever() noexcept { workers_->live_for_ever(); }

void lane::after_fork(void* self) noexcept {
  auto& all = *static_cast<lane*>(self);
  if (auto* const gathered = detail::call_gatherer::current(); gathered != nullptr) {
    gathered->forget();
  }
  all.workers_ = std::make_unique<workers>(all.workers_.release());
}

const std::string& lane::name() const noexcept { return workers_->name; }

unsigned lane::threads_max() const noexcept { return workers_->threads_max; }

lane_metrics lane::metrics() const noexcept { return workers_->metrics(); }

lane* lane::current() noexcept {
  const workers::worker* self = workers::current();
  return self == nullptr ? nullptr : &self->owner.front;
}

const context* lane::current_task() noexcept { return detail::this_thread_state().lane_task; }

bool lane::submit(detail::thread_operation& call) noexcept { return workers_->submit(call); }

void lane::submit(detail::call_chain& calls) noexcept { workers_->submit(calls); }

bool lane::withdraw(detail::thread_operation& call) noexcept { return workers_->withdraw(call); }

void lane::nested_call_ended() noexcept { workers_->nested_call_ended(); }

}  // namespace lariat
