#include <lariat/sched/executor/detail/timer_wheel.hpp>

#include <algorithm>
#include <bit>
#include <cassert>

namespace lariat::detail {
namespace {

bool empty(const timer_link& list) noexcept { return list.next == &list; }

void append(timer_link& list, timer_link& entry) noexcept {
  entry.previous = list.previous;
  entry.next = &list;
  list.previous->next = &entry;
  list.previous = &entry;
}

void unlink(timer_link& entry) noexcept {
  entry.previous->next = entry.next;
  entry.next->previous = entry.previous;
  entry.next = entry.previous = nullptr;
}

// Moves all of `from` to the end of `to`.
void splice(timer_link& to, timer_link& from) noexcept {
  if (empty(from)) return;
  from.next->previous = to.previous;
  to.previous->next = from.next;
  from.previous->next = &to;
  to.previous = from.previous;
  from.next = from.previous = &from;
}

}  // namespace

timer_wheel::timer_wheel(clock_ns now) noexcept
    : elapsed_(static_cast<std::uint64_t>(now) >> tick_bits) {
  for (level& each : levels_) {
    for (timer_link& slot : each.slot) slot.next = slot.previous = &slot;
  }
}

// The level is that of the highest digit in which the tick differs from `elapsed_`. Until elapsed_
// enters that slot, every timer of the same tick lands in the same slot: equal deadlines keep
// their order.
timer_wheel::position timer_wheel::place(std::uint64_t tick) const noexcept {
  const std::uint64_t differing = tick ^ elapsed_;
  const unsigned highest =
      differing == 0 ? 0 : static_cast<unsigned>(std::bit_width(differing) - 1) / slot_bits;
  const auto slot = static_cast<unsigned>(tick >> (highest * slot_bits)) & (slots - 1);
  return {highest, slot, tick};
}

void timer_wheel::link(timer_entry& entry) noexcept {
  // A deadline in the past goes into the slot that is collected first.
  const std::uint64_t tick = std::max(tick_of(entry.deadline_), elapsed_);
  const position where = place(tick);
  levels_[where.level].occupied |= std::uint64_t{1} << where.slot;
  append(levels_[where.level].slot[where.slot], entry);
}

void timer_wheel::insert(timer_entry& entry, clock_ns deadline) noexcept {
  assert(!entry.armed() && "a timer is inserted once at a time");
  entry.deadline_ = std::max<clock_ns>(deadline, 0);
  link(entry);
  ++size_;
}

void timer_wheel::cancel(timer_entry& entry) noexcept {
  assert(entry.armed() && "only an armed timer can be cancelled");
  unlink(entry);
  --size_;
}

// Lower levels hold nearer times, so the first occupied slot of the lowest occupied level is next.
bool timer_wheel::first_occupied(position& found) noexcept {
  for (unsigned index = 0; index < levels; ++index) {
    level& each = levels_[index];
    while (each.occupied != 0) {
      const auto slot = static_cast<unsigned>(std::countr_zero(each.occupied));
      // Emptied by cancels, which do not clear the bit of their slot.
      if (empty(each.slot[slot])) {
        each.occupied &= each.occupied - 1;
        continue;
      }
      // All slots of a level lie ahead of elapsed_ within one turn of it, so the digits above
      // this level's are elapsed_'s own.
      const unsigned shift = index * slot_bits;
      const std::uint64_t above =
          shift + slot_bits >= 64 ? 0 : elapsed_ >> (shift + slot_bits) << (shift + slot_bits);
      found = {index, slot, above | (std::uint64_t{slot} << shift)};
      return true;
    }
  }
  return false;
}

clock_ns timer_wheel::beginning_of(const position& slot) noexcept {
  // The top slots begin before, and end after, the largest clock_ns.
  constexpr std::uint64_t last = static_cast<std::uint64_t>(no_deadline) >> tick_bits;
  return static_cast<clock_ns>(std::min(slot.tick, last) << tick_bits);
}

clock_ns timer_wheel::next_deadline() noexcept {
  position first;
  if (size_ == 0 || !first_occupied(first)) return no_deadline;
  return beginning_of(first);
}

clock_ns timer_wheel::next_wake() noexcept {
  position first;
  // Called before each sleep, so the common case is quick: the search takes 100 instructions to
  // find nothing.
  if (size_ == 0 || !first_occupied(first)) return no_deadline;
  if (first.level != 0) return beginning_of(first);
  constexpr std::uint64_t bunch = (std::uint64_t{1} << bunch_slots) - 1;
  level& finest = levels_[0];
  std::uint64_t near = finest.occupied & (bunch << (first.slot / bunch_slots * bunch_slots));
  unsigned last = first.slot;
  for (; near != 0; near &= ~(std::uint64_t{1} << last)) {
    last = static_cast<unsigned>(std::bit_width(near)) - 1;
    if (!empty(finest.slot[last])) break;
  }
  return static_cast<clock_ns>(first.tick - first.slot + last) << tick_bits;
}

void timer_wheel::collect(clock_ns now, timer_link& due) noexcept {
  const std::uint64_t now_tick = static_cast<std::uint64_t>(now) >> tick_bits;
  position first;
  while (size_ != 0 && first_occupied(first) && first.tick <= now_tick) {
    timer_link reached;
    reached.next = reached.previous = &reached;
    timer_link& slot = levels_[first.level].slot[first.slot];
    splice(reached, slot);
    levels_[first.level].occupied &= ~(std::uint64_t{1} << first.slot);
    if (first.level == 0) {
      elapsed_ = first.tick;
      // A slot is 1024 ns wide, so its timers have to be sorted. Nearly always they are in order
      // already.
      while (!empty(reached)) {
        auto& entry = static_cast<timer_entry&>(*reached.next);
        unlink(entry);
        timer_link* after = due.previous;
        while (after != &due && static_cast<timer_entry*>(after)->deadline_ > entry.deadline_) {
          after = after->previous;
        }
        append(*after->next, entry);
      }
      continue;
    }
    elapsed_ = first.tick;  // Enter the slot: now its timers differ only in lower digits.
    deal(first.level - 1, reached);
  }
  if (now_tick > elapsed_) elapsed_ = now_tick;
}

// Deals the timers of a slot that elapsed_ has just entered to the level below, whose slots are all
// empty. Timers lie anywhere, so a walk through a list waits for memory at each: two walks, from
// both ends, wait half as long.
void timer_wheel::deal(unsigned below, timer_link& timers) noexcept {
  level& target = levels_[below];
  std::array<timer_link*, slots> last_of_front;  // After it come those of the walk from the back.
  for (unsigned slot = 0; slot < slots; ++slot) last_of_front[slot] = &target.slot[slot];
  const auto put = [&](timer_link& each) {
    const std::uint64_t tick = tick_of(static_cast<timer_entry&>(each).deadline_);
    const auto slot = static_cast<unsigned>(tick >> (below * slot_bits)) & (slots - 1);
    target.occupied |= std::uint64_t{1} << slot;
    append(*last_of_front[slot]->next, each);
    return slot;
  };
  timer_link* front = timers.next;
  timer_link* back = timers.previous;
  while (front != &timers) {
    timer_link* const next = front->next;
    timer_link* const previous = back->previous;
    last_of_front[put(*front)] = front;
    if (front == back) break;
    put(*back);
    if (next == back) break;
    front = next;
    back = previous;
  }
  if (below == 0 || empty(target.slot[0])) return;
  // The first slot begins at elapsed_, so it has been entered as well.
  timer_link entered;
  entered.next = entered.previous = &entered;
  splice(entered, target.slot[0]);
  target.occupied &= ~std::uint64_t{1};
  deal(below - 1, entered);
}

}  // namespace lariat::detail
