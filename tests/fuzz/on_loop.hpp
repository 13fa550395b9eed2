#pragma once

#include "input.hpp"

#include "../fake_driver.hpp"

#include <lariat/sched/loop/loop.hpp>
#include <lariat/sched/task/join_handle.hpp>
#include <lariat/sched/task/spawn.hpp>
#include <lariat/sched/task/task.hpp>
#include <lariat/sched/task/yield.hpp>

#include <algorithm>
#include <deque>
#include <source_location>

/// One wait of a task of its own, as the model sees it. The model knows how it ends at the same
/// instant as the code under test does; the task that waits learns it later, and compares.
struct attempt {
  enum class end : unsigned char { waiting, served, closed, cancelled };

  int kind = 0;
  int value = 0;  // What it sends, was given or asks for.
  end told = end::waiting;
  bool cancel_asked = false;
  bool begun = false;
  bool ended = false;
  lariat::join_handle<void> handle;
};

/// The attempts that wait for the same thing, in the order of their coming.
class waiting_line {
 public:
  [[nodiscard]] bool empty() const { return line_.empty(); }
  [[nodiscard]] attempt& first() const { return *line_.front(); }
  void push(attempt& last) { line_.push_back(&last); }
  void remove(const attempt& which) { std::erase(line_, &which); }

  /// Tells the first how it ends.
  attempt& tell(attempt::end how) {
    attempt& told = *line_.front();
    line_.pop_front();
    told.told = how;
    return told;
  }
  void tell_all(attempt::end how) {
    while (!line_.empty()) tell(how);
  }

 private:
  std::deque<attempt*> line_;
};

/// All attempts of an input.
class attempts {
 public:
  [[nodiscard]] attempt& add(int kind, int value) {
    attempt& made = all_.emplace_back();
    made.kind = kind;
    made.value = value;
    return made;
  }

  /// To be called by the task of `self` before it waits. False if its wait is cancelled already:
  /// the model knows.
  static bool begin(attempt& self) {
    self.begun = true;
    return !self.cancel_asked;
  }

  /// To be called by the task of `self` when its wait is over, with what came of it.
  static void finish(attempt& self, attempt::end how) {
    require(self.told != attempt::end::waiting, "nobody goes on whom the model lets wait");
    require(self.told == how, "a wait ends as the model says");
    self.ended = true;
  }

  /// Cancels one of the last that were made; a model's `withdraw` takes it out of its line.
  template <class Model>
  void cancel(std::size_t back, Model& model) {
    if (back < all_.size()) cancel(all_[all_.size() - 1 - back], model);
  }
  template <class Model>
  void cancel_all(Model& model) {
    for (attempt& each : all_) cancel(each, model);
  }

  /// Lets the tasks go, with what they were given.
  void clear() { all_.clear(); }

  /// When the loop has nothing to do.
  void check_settled() const {
    for (const attempt& each : all_) {
      require(each.handle.done() == (each.told != attempt::end::waiting),
              "all go on whom the model lets go on");
      require(each.ended == (each.begun && each.handle.done()), "no task ends by an exception");
    }
  }

 private:
  template <class Model>
  void cancel(attempt& which, Model& model) {
    if (which.ended) return;
    which.cancel_asked = true;
    if (which.told == attempt::end::waiting) {
      // If it has not begun to wait it is in no line.
      which.told = attempt::end::cancelled;
      model.withdraw(which);
    }
    which.handle.cancel();
  }

  std::deque<attempt> all_;  // Their addresses stay.
};

/// Lets all run that is ready, and what that makes ready.
inline lariat::task<> settle() {
  for (int i = 0; i < 6; ++i) co_await lariat::yield();
}

/// Runs `body`, a function that gives a task, on a fresh loop. Afterwards no task may be left.
template <class Body>
void run_on_fresh_loop(Body body) {
  fake_driver driver;
  lariat::loop loop(driver);
  bool done = false;
  auto main = [&]() -> lariat::task<> {
    co_await body();
    done = true;
  };
  lariat::detail::launch(lariat::detail::spawn_place{loop}, "scenario",
                         std::source_location::current(), main)
      .detach();
  loop.run_until(done);
  require(loop.live() == 0, "no task is left");
}
