#include <lariat/io/testing/detail/simulated_driver.hpp>

#include <lariat/io/op/detail/multishot.hpp>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace lariat::io::testing {
namespace {

constexpr clock_ns turn_ns = 1'000;

}  // namespace

simulated_driver::~simulated_driver() { drain(); }

void simulated_driver::poll() noexcept {
  on_turn_();
  kernel_.world().set_now(kernel_.world().now() + turn_ns);
  enter();
  fire_due();
}

void simulated_driver::park(clock_ns deadline) noexcept {
  const bool awake = on_turn_();
  enter();
  // Relaxed: what the waker has posted is ordered by the inbox.
  if (fire_due() || awake || woken_.exchange(false, std::memory_order_relaxed)) return;
  environment& world = kernel_.world();
  const clock_ns next = std::min(world.events().next_time(), deadline);
  if (next >= time_limit_) {
    if (next != no_deadline) world.set_now(time_limit_);
    return stuck();
  }
  world.set_now(next);
  fire_due();
}

// Nobody is asleep: a loop that is woken runs on this thread.
void simulated_driver::wake() noexcept { woken_.store(true, std::memory_order_relaxed); }

void simulated_driver::stuck() noexcept {
  if (on_stuck_()) return;
  std::fputs("lariat: simulation: nothing is ever going to happen\n", stderr);
  std::abort();
}

void simulated_driver::enter() noexcept {
  std::swap(queue_, entering_);
  for (const entry& each : entering_) {
    if (each.start != nullptr) {
      each.start->begin();
    } else {
      cancel_now(each.cancel);
    }
  }
  entering_.clear();
}

void simulated_driver::cancel_now(const void* operation) noexcept {
  for (std::size_t index = in_flight_.size(); index-- > 0;) {
    ticket& each = *in_flight_[index];
    const bool meant =
        operation == nullptr || operation == each.operation || operation == each.repeated;
    if (meant) each.cancel();
  }
}

// What is due now. False if that is nothing.
bool simulated_driver::fire_due() noexcept {
  environment& world = kernel_.world();
  bool any = false;
  for (; world.events().next_time() <= world.now(); any = true) world.events().pop().fire();
  return any;
}

simulated_driver::ticket& simulated_driver::take_ticket() {
  if (free_.empty()) {
    all_.push_back(std::make_unique<ticket>(kernel_, *this));
    free_.push_back(all_.back().get());
  }
  ticket& taken = *free_.back();
  free_.pop_back();
  taken.operation = nullptr;
  taken.repeated = nullptr;
  taken.index = in_flight_.size();
  taken.entry() = {};
  in_flight_.push_back(&taken);
  return taken;
}

void simulated_driver::give_back(ticket& over) noexcept {
  assert(in_flight_[over.index] == &over && "an operation has completed that is not in flight");
  in_flight_[over.index] = in_flight_.back();
  in_flight_[over.index]->index = over.index;
  in_flight_.pop_back();
  over.release();
  free_.push_back(&over);
}

void simulated_driver::submit(detail::op& operation) noexcept {
  ticket& taken = take_ticket();
  taken.operation = &operation;
  operation.prepare_entry(taken.entry());
  taken.prepare();
  queue_.push_back({&taken, nullptr});
}

void simulated_driver::submit(detail::multishot& operation) noexcept {
  note_submitted(operation);
  ticket& taken = take_ticket();
  taken.repeated = &operation;
  operation.prepare_entry(taken.entry());
  taken.prepare();
  queue_.push_back({&taken, nullptr});
}

void simulated_driver::cancel(detail::op& operation) noexcept {
  queue_.push_back({nullptr, &operation});
}

void simulated_driver::cancel(detail::multishot& operation) noexcept {
  note_cancelled(operation);
  queue_.push_back({nullptr, &operation});
}

void simulated_driver::completed(kernel_request& request) noexcept {
  auto& done = static_cast<ticket&>(request);
  const std::int32_t result = request.result();
  const std::uint32_t flags = request.flags();
  if (request.more()) {
    request.go_on();
    note_more(*done.repeated);
    return done.repeated->on_completion(result, flags, true);
  }
  detail::op* const operation = done.operation;
  detail::multishot* const repeated = done.repeated;
  give_back(done);
  if (repeated != nullptr) {
    if (goes_on(*repeated, result)) return submit(*repeated);
    return repeated->on_completion(result, flags, false);
  }
  if (finish(*operation, result, flags)) return;
  ticket& again = take_ticket();
  again.operation = operation;
  prepare_again(*operation, again.entry());
  again.prepare();
  queue_.push_back({&again, nullptr});
}

void simulated_driver::drain() noexcept {
  environment& world = kernel_.world();
  draining_ = true;
  while (!in_flight_.empty()) {
    enter();
    cancel_now(nullptr);
    const clock_ns next = world.events().next_time();
    if (next == no_deadline) return stuck();
    world.set_now(next);
    fire_due();
  }
  draining_ = false;
}

bool simulated_driver::supports(unsigned opcode) const noexcept {
  return kernel_request::supports(opcode);
}

int simulated_driver::register_resource(unsigned, void*, unsigned) noexcept {
  return -EOPNOTSUPP;  // There is no ring.
}

}  // namespace lariat::io::testing
