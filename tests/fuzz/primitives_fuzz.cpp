// A mutex, a semaphore and an event against what they stand for. The input is a series of what
// tasks of one loop do with them: each wait is in a task of its own, so that the fuzzer chooses who
// waits, who is cancelled, and how far the loop runs in between.

#include "input.hpp"
#include "on_loop.hpp"

#include <lariat/sched/cancel/cancelled.hpp>
#include <lariat/sched/sync/event.hpp>
#include <lariat/sched/sync/mutex.hpp>
#include <lariat/sched/sync/semaphore.hpp>

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <stdexcept>
#include <utility>

using namespace lariat;

namespace {

constexpr std::size_t permits_max = 6;

enum kind { lock, acquire, wait };

struct model {
  void begin(attempt& self) {
    if (!attempts::begin(self)) return;
    switch (self.kind) {
      case lock:
        if (begin_wait(self, !locked, locks)) locked = true;
        break;
      case acquire:
        if (begin_wait(self, can_take(count(self)), acquires)) take(count(self));
        break;
      default:
        (void)begin_wait(self, set, waits);
    }
  }
  void withdraw(const attempt& self) {
    locks.remove(self);
    waits.remove(self);
    acquires.remove(self);
    hand_out();  // To those behind it, if it asked for more than there was.
  }
  void unlock() {
    if (locks.empty()) {
      locked = false;
    } else {
      locks.tell(attempt::end::served);  // It stays locked.
    }
  }
  void hand_out() {
    while (!acquires.empty() && count(acquires.first()) <= free) {
      take(count(acquires.tell(attempt::end::served)));
    }
  }
  void take(std::size_t permits) {
    free -= permits;
    lent += permits;
  }
  void give_back(std::size_t permits) {
    lent -= permits;
    release(permits);
  }
  void release(std::size_t permits) {
    free += permits;
    hand_out();
  }
  void open() {
    set = true;
    waits.tell_all(attempt::end::served);
  }
  [[nodiscard]] bool can_take(std::size_t permits) const {
    return acquires.empty() && permits <= free;
  }
  static std::size_t count(const attempt& self) { return static_cast<std::size_t>(self.value); }

  bool locked = false;
  std::size_t free = 0;
  std::size_t lent = 0;  // To permits that somebody holds.
  bool set = false;
  waiting_line locks;
  waiting_line acquires;
  waiting_line waits;

 private:
  static bool begin_wait(attempt& self, bool passes, waiting_line& line) {
    if (passes) {
      self.told = attempt::end::served;
    } else {
      line.push(self);
    }
    return passes;
  }
};

class scenario {
 public:
  explicit scenario(input& choices)
      : choices_(choices), semaphore_(choices.below(permits_max + 1), permits_max) {
    model_.free = semaphore_.available();
  }

  task<> run() {
    while (!choices_.empty()) {
      const std::size_t choice = choices_.below(17);
      if (choice >= 15) {
        co_await yield();
      } else if (choice == 14) {
        co_await settle();
        all_.check_settled();
      } else {
        act(choice);
      }
      check();
    }
    all_.cancel_all(model_);
    co_await settle();
    all_.check_settled();
    check();
    unlock();
    permits_.clear();
    require(!mutex_.locked(), "the mutex is free when its guard is gone");
  }

 private:
  void act(std::size_t choice) {
    switch (choice) {
      case 0:
      case 1:
        return begin(lock, 0, &scenario::lock_one);
      case 2:
      case 3:
        return begin(acquire, static_cast<int>(choices_.below(permits_max + 1)),
                     &scenario::acquire_one);
      case 4:
        return begin(wait, 0, &scenario::wait_one);
      case 5:
      case 6:
        return all_.cancel(choices_.below(16), model_);
      case 7:
        return unlock();
      case 8:
        return try_lock();
      case 9:
      case 10:
        return give_back(choice == 9);
      case 11:
        return try_acquire(choices_.below(permits_max + 1));
      case 12:
        return release(choices_.below(permits_max + 2));
      default:
        return set_or_clear(choices_.below(2) == 0);
    }
  }

  void begin(kind what, int count, task<> (scenario::*body)(attempt&)) {
    attempt& self = all_.add(what, count);
    self.handle = spawn(body, this, std::ref(self));
  }

  task<> lock_one(attempt& self) {
    attempt::end how = attempt::end::served;
    model_.begin(self);
    try {
      mutex::guard got = co_await mutex_.lock();
      require(!guard_, "one holds the mutex at a time");
      guard_.emplace(std::move(got));
    } catch (const operation_cancelled&) {
      how = attempt::end::cancelled;
    }
    attempts::finish(self, how);
  }
  task<> acquire_one(attempt& self) {
    attempt::end how = attempt::end::served;
    model_.begin(self);
    try {
      semaphore::permit got = co_await semaphore_.acquire(model::count(self));
      require(got.count() == model::count(self), "a permit holds as many as were asked for");
      permits_.push_back(std::move(got));
    } catch (const operation_cancelled&) {
      how = attempt::end::cancelled;
    }
    attempts::finish(self, how);
  }
  task<> wait_one(attempt& self) {
    attempt::end how = attempt::end::served;
    model_.begin(self);
    try {
      co_await event_.wait();
    } catch (const operation_cancelled&) {
      how = attempt::end::cancelled;
    }
    attempts::finish(self, how);
  }

  void unlock() {
    if (!guard_) return;
    mutex::guard held = *std::move(guard_);
    guard_.reset();
    model_.unlock();
    held.unlock();
  }
  void try_lock() {
    mutex::guard got = mutex_.try_lock();
    require(got.owns_lock() == !model_.locked, "try_lock takes a free mutex, and no other");
    if (!got.owns_lock()) return;
    model_.locked = true;
    guard_.emplace(std::move(got));
  }

  void give_back(bool forgets) {
    if (permits_.empty()) return;
    semaphore::permit held = std::move(permits_.front());
    permits_.pop_front();
    if (forgets) {
      model_.lent -= held.count();
      held.forget();
    } else {
      model_.give_back(held.count());
    }
  }
  void try_acquire(std::size_t count) {
    const bool takes = model_.can_take(count);
    semaphore::permit got = semaphore_.try_acquire(count);
    require(static_cast<bool>(got) == takes, "try_acquire takes what is free if nobody waits");
    if (!takes) return;
    model_.take(count);
    permits_.push_back(std::move(got));
  }

  void release(std::size_t count) {
    const bool refused = count > permits_max - model_.free;
    // Or one of those that hold permits would have to be refused.
    if (!refused && model_.free + model_.lent + count > permits_max) return;
    bool threw = false;
    try {
      semaphore_.release(count);
    } catch (const std::logic_error&) {
      threw = true;
    }
    require(threw == refused, "there are never more permits than the limit");
    if (!refused) model_.release(count);
  }

  void set_or_clear(bool sets) {
    if (sets) {
      event_.set();
      model_.open();
    } else {
      event_.clear();
      model_.set = false;
    }
  }

  void check() {
    require(mutex_.locked() == model_.locked, "the mutex is locked as the model's is");
    require(semaphore_.available() == model_.free, "the semaphore has as many permits");
    require(event_.is_set() == model_.set, "the event is set as the model's is");
  }

  input& choices_;
  model model_;
  attempts all_;
  mutex mutex_;
  semaphore semaphore_;
  event event_;
  std::optional<mutex::guard> guard_;
  std::deque<semaphore::permit> permits_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  input choices(data, size);
  run_on_fresh_loop([&]() -> task<> {
    scenario played(choices);
    co_await played.run();
  });
  return 0;
}
