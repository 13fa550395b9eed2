#include <lariat/sched/blocking/detail/lane_workers.hpp>

#include <lariat/sched/coroutine/detail/thread_state.hpp>
#include <lariat/sched/thread/detail/backoff.hpp>
#include <lariat/sched/thread/detail/name_thread.hpp>
#include <lariat/sched/thread/detail/start_thread.hpp>
#include <lariat/sched/thread/detail/usable_cpus.hpp>
#include <lariat/sched/time/timer.hpp>

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <new>
#include <system_error>
#include <utility>

namespace lariat::detail {
namespace {

constexpr unsigned default_threads_max = 32;
constexpr unsigned spare_threads = 4;  // More than one per CPU, as a blocked thread needs no CPU.
constexpr int yields = 3;              // Instead of spinning, if callers need the only CPU.

unsigned threads_of(const lane_options& options) noexcept {
  if (options.threads_max != 0) return options.threads_max;
  return std::min(default_threads_max, usable_cpus() + spare_threads);
}

}  // namespace

lane_workers::worker* lane_workers::current() noexcept {
  return static_cast<worker*>(this_thread_state().lane_worker);
}

lane_workers::lane_workers(lane& front, std::string name, const lane_options& options)
    : front(front),
      name(std::move(name)),
      threads_max(threads_of(options)),
      queue_max(options.queue_max),
      idle_ns_(saturating_ns(options.idle_timeout)),
      spin_max_ns_(saturating_ns(options.spin)),
      one_cpu_(usable_cpus() == 1),
      threads_limit_(threads_max) {
  (void)check_attention();  // Lets the first `put` tell its caller that no thread looks.
}

lane_workers::lane_workers(const lane_workers* parents)
    : front(parents->front),
      name(parents->name),
      threads_max(parents->threads_max),
      queue_max(parents->queue_max),
      idle_ns_(parents->idle_ns_),
      spin_max_ns_(parents->spin_max_ns_),
      one_cpu_(parents->one_cpu_),
      threads_limit_(threads_max),
      parents_(parents),
      for_ever_(parents->for_ever_) {
  if (current() != nullptr && &current()->owner == parents) {
    own_thread_state().lane_worker = nullptr;
  }
  (void)check_attention();
}

lane_workers::~lane_workers() {
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

bool lane_workers::submit(thread_operation& call) noexcept {
  if (queue_max != unbounded) [[unlikely]]
    return submit_bounded(call);
  worker* self = current();
  if (self != nullptr && &self->owner == this) {
    const lock held(mutex_);
    if (!enter_nested(*self)) return false;
  }
  if (intake_.put(call)) attend();
  return true;
}

void lane_workers::submit(call_chain& calls) noexcept {
  if (intake_.put(calls)) attend();
}

// Calls enter a bounded lane under the mutex only, so none comes between the look at the queue and
// the push.
bool lane_workers::submit_bounded(thread_operation& call) noexcept {
  lock held(mutex_);
  intake_.collect();
  const std::size_t taken = running_ + intake_.queue().size();
  if (taken >= threads_limit_ && taken - threads_limit_ >= queue_max) {
    ++refused_;
    held.unlock();
    call.refuse_as_full();
    return true;
  }
  worker* self = current();
  if (self != nullptr && &self->owner == this && !enter_nested(*self)) return false;
  call.counted_ = true;
  if (intake_.put(call)) attend(held);
  return true;
}

// Called by the thread before the caller can know that its function has ended: otherwise the
// caller's next call could find the thread busy with this one.
void lane_workers::call_ended() noexcept {
  const lock held(mutex_);
  current()->counted = false;
  --running_;
}

// Called with the mutex held.
bool lane_workers::enter_nested(worker& self) noexcept {
  if (self.waits == 0 && threads_waiting_ + 1 == threads_max) return false;
  if (self.waits++ == 0) ++threads_waiting_;
  return true;
}

void lane_workers::nested_call_ended() noexcept {
  const lock held(mutex_);
  if (--current()->waits == 0) --threads_waiting_;
}

bool lane_workers::withdraw(thread_operation& call) noexcept {
  const lock held(mutex_);
  intake_.collect();
  return intake_.queue().remove(call);
}

lane_metrics lane_workers::metrics() noexcept {
  const lock held(mutex_);
  intake_.collect();
  return {threads_, asleep_, intake_.queue().size(), calls_, refused_};
}

// Called after `put` has returned true: no thread was going to look at what was added. If there is
// no thread and none can be started, the queued calls end by an error.
void lane_workers::attend() noexcept {
  lock held(mutex_);
  attend(held);
}

// Releases the mutex.
void lane_workers::attend(lock& held) noexcept {
  worker* sleeper = check_attention();
  while (threads_ == 0 && !intake_.queue().empty()) [[unlikely]] {
    intake_.queue().pop()->refuse(start_error_);
    sleeper = check_attention();
  }
  held.unlock();
  if (sleeper != nullptr) sleeper->parker.wake();
}

// Called with the mutex held, by a thread that stops looking at the queue, or that has put a call
// where no thread looks. Returns the sleeper that the caller has to wake when it has released the
// mutex; null if there is none to wake.
lane_workers::worker* lane_workers::check_attention() noexcept {
  const bool available = sleepers_ != nullptr || threads_ < threads_limit_;
  return intake_.check_attention(available) ? summon() : nullptr;
}

// Called with the mutex held: chooses a sleeper, for the caller to wake, or starts a thread. Only
// one thread is on its way at a time; when it has taken a call and finds more, it summons the next.
// So each call that blocks gets a thread, while a burst of short calls, which are done before a
// second thread could come, costs one wake-up.
lane_workers::worker* lane_workers::summon() noexcept {
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

// Called with the mutex held, which is slow but rare: so the new thread cannot get to `leave`,
// which takes its handle, before the handle is stored.
void lane_workers::start_worker() noexcept {
  worker** place = &all_;
  unsigned number = 0;
  for (; *place != nullptr && (*place)->number == number; ++number) place = &(*place)->next;
  std::unique_ptr<worker> started;
  try {
    started = std::make_unique<worker>(*this, number);
    started->thread = start_thread(
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
    // The lane goes on with the threads that it has, and tries again when one of them has ended.
    if (threads_ > 0) threads_limit_ = threads_;
    return;
  }
  started->next = *place;
  *place = started.release();
  ++threads_;
  intake_.summoned();
}

void lane_workers::work(worker& self) noexcept {
  own_thread_state().lane_worker = &self;
  name_this_thread(name, self.number);  // Cannot fail: the name is too short to allocate memory.
  lock held(mutex_);
  intake_.arrived();
  while (thread_operation* call = next_call(self, held)) {
    ++calls_;
    ++running_;
    self.counted = true;
    this_thread_state().lane_task = call->task_;
    // Copied, because once the mutex is released the task may abandon the call, which destroys it.
    const auto function = call->function_;
    void* const state = call->state_;
    worker* sleeper = check_attention();
    held.unlock();
    if (sleeper != nullptr) sleeper->parker.wake();
    function(state);
    held.lock();
    if (std::exchange(self.counted, false)) --running_;
    this_thread_state().lane_task = nullptr;
  }
  leave(self, held);
}

// Returns null if the thread has to end.
thread_operation* lane_workers::next_call(worker& self, lock& held) noexcept {
  for (;;) {
    // Looks into the inbox only when the queue is empty: a busy loop adds calls all the time, and
    // each look transfers the inbox's cache line between CPUs.
    if (intake_.queue().empty()) intake_.look();
    if (thread_operation* call = intake_.queue().pop()) return call;
    if (stopping_) return nullptr;
    if (spin_max_ns_ > 0 && !intake_.spinning() && spin(self, held)) continue;
    if (!stopping_ && !sleep(self, held)) return nullptr;
  }
}

// Returns true if calls have come. Spins for longer the more often they do.
bool lane_workers::spin(worker& self, lock& held) noexcept {
  const auto filled = [this] { return intake_.maybe_filled(); };
  intake_.set_spinning(true);
  held.unlock();
  if (one_cpu_) {
    for (int i = 0; i < yields && !filled(); ++i) ::sched_yield();
  } else {
    const clock_ns end = monotonic_now() + self.spin_ns;
    while (!filled() && monotonic_now() < end) (void)spin_until(16, filled);
  }
  held.lock();
  intake_.set_spinning(false);
  intake_.look();
  self.spin_ns =
      intake_.queue().empty() ? std::max(self.spin_ns / 2, spin_min_ns) : self.spin_ns * 2;
  self.spin_ns = std::min(self.spin_ns, spin_max_ns_);
  return !intake_.queue().empty();
}

// Returns false if the thread has been idle for so long that it has to end.
bool lane_workers::sleep(worker& self, lock& held) noexcept {
  self.next_idle = std::exchange(sleepers_, &self);
  self.asleep = true;
  ++asleep_;
  worker* sleeper = check_attention();
  held.unlock();
  if (sleeper != nullptr) sleeper->parker.wake();  // Wakes itself if a call has just come.
  const bool woken = self.parker.park(deadline_after(monotonic_now(), idle_ns_));
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
    // The idle time is over, but another thread has chosen this one meanwhile and is about to wake
    // it. Waits for that, because the wake-up uses the parker, which goes when this thread ends.
    held.unlock();
    (void)self.parker.park(no_deadline);
    held.lock();
  }
  return true;
}

void lane_workers::leave(worker& self, lock& held) noexcept {
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

}  // namespace lariat::detail
