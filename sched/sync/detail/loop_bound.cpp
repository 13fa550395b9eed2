#include <lariat/sched/sync/detail/loop_bound.hpp>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace lariat::detail {

loop_bound::loop_bound() noexcept : loop_(loop::current()), requests_(loop::current() != nullptr) {}

void loop_bound::require(loop& where, const char* operation) {
  if (bound_to(where)) return;
  if (loop_.load(std::memory_order_relaxed) !=
      nullptr) {  // Not this loop, whichever thread stored it.
    throw std::logic_error(std::string("lariat: ") + operation +
                           ": it belongs to another loop. Tasks of one loop only may wait in it or "
                           "ask it; other threads may only release, set, notify and close");
  }
  // Relaxed: the release in `requests_.bind` publishes it to threads that make requests from then
  // on.
  loop_.store(&where, std::memory_order_relaxed);
  const std::uint64_t before = requests_.bind();
  if (before != 0) apply(before);
}

void loop_bound::bind_here(const char* operation) {
  loop* current = loop::current();
  if (current == nullptr) {
    throw std::logic_error(std::string("lariat: ") + operation +
                           ": no loop runs on this thread, and only the tasks of its loop may call "
                           "this; other threads may only release, set, notify and close");
  }
  require(*current, operation);
}

void loop_bound::request_count(std::uint64_t counts) noexcept {
  // A larger count would overflow into the word's flags.
  if (counts > (std::uint64_t{1} << 48)) [[unlikely]]
    die_misused("so much cannot be counted at once, from another thread.");
  // A zero would leave the word at 0, so the next request would post the step a second time.
  if (counts == 0 || !requests_.add(counts)) return;
  // Relaxed: `add` has acquired what `require` wrote.
  loop_.load(std::memory_order_relaxed)->post(*this);
}

void loop_bound::request_flag(std::uint64_t flag) noexcept {
  if (!requests_.raise(flag)) return;
  loop_.load(std::memory_order_relaxed)->post(*this);  // As above.
}

void loop_bound::die_misused(const char* rule) noexcept {
  std::fprintf(stderr, "lariat: %s\n", rule);
  std::abort();
}

void loop_bound::die_requested() noexcept {
  // The loop has the address of the step, which lies in the object.
  die_misused(
      "a mutex, event, queue or the like was destroyed while a request of another thread was on "
      "its way to it. It has to outlive the calls of its members and the loop's next turn.");
}

}  // namespace lariat::detail
