// The timer wheel against a std::multimap. The input is a series of inserts, cancels and advances;
// a timer that fires may insert or cancel others.

#include "input.hpp"

#include <lariat/sched/executor/detail/timer_wheel.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <vector>

using lariat::clock_ns;
using lariat::no_deadline;

namespace {

constexpr clock_ns slot_ns = 1024;
constexpr clock_ns latest = std::numeric_limits<clock_ns>::max();

// The first time that is no earlier than `deadline` and that the wheel can tell apart.
std::uint64_t slot_end(clock_ns deadline) {
  return (static_cast<std::uint64_t>(deadline) + slot_ns - 1) / slot_ns * slot_ns;
}

struct step final : lariat::runnable {
  void run() noexcept override {}
  lariat::detail::timer_entry timer{*this};
  std::multimap<clock_ns, step*>::iterator expected;
};

class comparison {
 public:
  explicit comparison(input& choices) : choices_(choices), now_(start(choices)), wheel_(now_) {}

  void run() {
    while (!choices_.empty()) {
      switch (choices_.below(8)) {
        case 0:
        case 1:
        case 2:
          insert_one();
          break;
        case 3:
          cancel_one();
          break;
        case 4:
          advance_to(latest - now_ < distance() ? latest : now_ + last_distance_);
          break;
        case 5:
          advance_to(std::max(now_, wheel_.next_wake()));
          break;
        case 6:
          advance_to_first();
          break;
        default:
          advance_to(now_);
      }
      check();
    }
    while (!expected_.empty()) cancel(*expected_.begin()->second);
    check();
  }

 private:
  static clock_ns start(input& choices) {
    const auto any = static_cast<clock_ns>(choices.word() >> 1);
    return choices.below(2) == 0 ? any : any % 1'000'000'000;
  }

  // All magnitudes are equally likely.
  clock_ns distance() {
    const unsigned bits = static_cast<unsigned>(choices_.below(64));
    const std::uint64_t low = choices_.word() & 0xffff;
    const std::uint64_t power = bits == 63 ? 0 : std::uint64_t{1} << bits;
    last_distance_ = static_cast<clock_ns>((power + low % (power + 1)) & latest);
    return last_distance_;
  }

  clock_ns deadline() {
    switch (choices_.below(8)) {
      case 0:
        return expected_.empty() ? now_ : expected_.begin()->first;  // The same again.
      case 1:
        return expected_.empty() ? now_ : expected_.rbegin()->first;
      case 2:
        return now_ - std::min(now_, distance());
      case 3:
        return latest - static_cast<clock_ns>(choices_.byte()) * 256;
      case 4:
        return -1 - distance();  // It counts as 0.
      default:
        return latest - now_ < distance() ? latest : now_ + last_distance_;
    }
  }

  void insert_one() {
    const auto idle = std::ranges::find_if(steps_, [](step& s) { return !s.timer.armed(); });
    if (idle == steps_.end()) return;
    const clock_ns when = deadline();
    wheel_.insert(idle->timer, when);
    idle->expected = expected_.emplace(std::max<clock_ns>(when, 0), &*idle);
    require(idle->timer.deadline() == idle->expected->first, "a timer tells its deadline");
  }

  void cancel(step& which) {
    wheel_.cancel(which.timer);
    expected_.erase(which.expected);
    std::erase(due_, &which);
  }

  void cancel_one() {
    step& which = steps_[choices_.below(steps_.size())];
    if (which.timer.armed()) cancel(which);
  }

  void advance_to(clock_ns now) {
    require(now >= now_, "time does not go back");
    now_ = now;
    due_.clear();
    for (auto& [deadline, which] : expected_) {
      if (slot_end(deadline) <= static_cast<std::uint64_t>(now)) due_.push_back(which);
    }
    wheel_.advance(now, [&](lariat::runnable& fired) {
      auto& which = static_cast<step&>(fired);
      require(which.expected->first <= now, "no timer fires early");
      require(!due_.empty() && due_.front() == &which,
              "timers fire in order of deadline and of insertion");
      require(!which.timer.armed(), "a timer that fires is not armed");
      ++fired_;
      due_.erase(due_.begin());
      expected_.erase(which.expected);
      const std::size_t then = choices_.below(8);
      if (then == 1) insert_one();
      if (then == 2) cancel_one();
    });
    require(due_.empty(), "every timer fires that is due");
  }

  // As a loop does that sleeps: at most one wake-up for each level, and then a timer.
  void advance_to_first() {
    if (expected_.empty() || slot_end(expected_.begin()->first) > std::uint64_t{latest}) return;
    const std::size_t before = fired_;
    for (int wakes = 0; fired_ == before; ++wakes) {
      require(wakes <= 9, "nine levels take nine wake-ups");
      advance_to(std::max(now_, wheel_.next_deadline()));
    }
  }

  void check() {
    require(wheel_.size() == expected_.size(), "the wheel has as many timers");
    const clock_ns next = wheel_.next_deadline();
    const clock_ns wake = wheel_.next_wake();
    if (expected_.empty()) {
      require(next == no_deadline && wake == no_deadline, "an empty wheel asks for nothing");
      return;
    }
    const std::uint64_t first = slot_end(expected_.begin()->first);
    require(next >= 0 && static_cast<std::uint64_t>(next) <=
                             std::max(first, static_cast<std::uint64_t>(now_)),
            "the next deadline is not after the first timer's");
    require(wake >= next && wake - next < 16 * slot_ns, "wake-ups are bunched by 16 slots");
    for (const step& each : steps_) {
      require(!each.timer.armed() || each.timer.deadline() == each.expected->first,
              "a deadline stays");
    }
  }

  input& choices_;
  clock_ns last_distance_ = 0;
  clock_ns now_;
  lariat::detail::timer_wheel wheel_;
  std::array<step, 48> steps_;
  std::multimap<clock_ns, step*> expected_;
  std::size_t fired_ = 0;
  std::vector<step*> due_;  // Of this advance, in order.
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  input choices(data, size);
  comparison(choices).run();
  return 0;
}
