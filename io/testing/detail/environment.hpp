#pragma once  // lint: allow(pragma) lint: allow(listed): of the sources only, not installed.

#include <lariat/io/testing/detail/event_queue.hpp>
#include <lariat/io/testing/detail/random_source.hpp>
#include <lariat/io/testing/fault_plan.hpp>
#include <lariat/sched/time/timer.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace lariat::io::testing {

/// What an operation does, for the errors that it may fail with.
enum class call_kind : unsigned char {
  file_read,
  file_write,
  file_sync,
  socket_transfer,
  connect,
  accept,
  make_descriptor,
  make_name,
  other,
};

/// What all parts of a simulated machine share: its time, its chance, and what is going to happen.
class environment {
 public:
  environment(std::uint64_t seed, const fault_plan& plan) noexcept : plan_(plan), random_(seed) {}
  environment(const environment&) = delete;
  environment& operator=(const environment&) = delete;

  [[nodiscard]] const fault_plan& plan() const noexcept { return plan_; }
  void set_plan(const fault_plan& plan) noexcept { plan_ = plan; }
  [[nodiscard]] random_source& random() noexcept { return random_; }
  [[nodiscard]] event_queue& events() noexcept { return events_; }

  [[nodiscard]] clock_ns now() const noexcept { return now_; }
  void set_now(clock_ns now) noexcept { now_ = std::max(now_, now); }

  /// Lets `what` fire so much later; before or after others of that time, as it comes.
  void fire_after(event& what, clock_ns delay) {
    events_.schedule(what, lariat::detail::deadline_after(now_, delay), random_.next());
  }

  /// How long something takes that is sometimes late.
  [[nodiscard]] clock_ns some_delay() noexcept {
    if (plan_.delay_max_ns <= 0 || !random_.chance(plan_.delayed)) return 0;
    return static_cast<clock_ns>(
        random_.mostly_small(static_cast<std::uint64_t>(plan_.delay_max_ns)));
  }

  /// How many of so many bytes are moved at once.
  [[nodiscard]] std::size_t some_bytes(std::size_t size) noexcept {
    if (size < 2 || !random_.chance(plan_.short_transfer)) return size;
    return 1 + random_.below(size - 1);
  }

  /// Whether a ring's operation is given up: 0, or the negative errno by which.
  int give_up() noexcept {
    if (!random_.chance(plan_.given_up)) return 0;
    constexpr int errors[] = {ECANCELED, EINTR, EAGAIN};
    return -errors[random_.below(std::size(errors))];
  }

  /// Called once for each operation that may fail: 0, or the negative errno that it fails with.
  int fault(call_kind kind) noexcept;

  /// How many operations have asked for a fault; and which of them is to have one, once.
  [[nodiscard]] std::uint64_t calls() const noexcept { return calls_; }
  void set_fault_at(std::uint64_t call) noexcept { fault_at_ = call; }

  /// Notes what the program did and must not do.
  void note_misuse(std::string what) { misuses_.push_back(std::move(what)); }
  [[nodiscard]] std::vector<std::string> take_misuses() { return std::exchange(misuses_, {}); }

 private:
  fault_plan plan_;
  random_source random_;
  event_queue events_;
  clock_ns now_ = 1'000'000'000'000;  // Any, but not zero.
  std::uint64_t calls_ = 0;
  std::uint64_t fault_at_ = ~std::uint64_t{0};
  std::vector<std::string> misuses_;
};

}  // namespace lariat::io::testing
