// A channel's ring and its two locks, as detail/channel_core.hpp and detail/channel_state.hpp have
// them, restated: two threads send and receive through a ring of one place, which grows to two when
// it is first full, so that both sides wait often. Checked: every value arrives once, in order; a
// place is used again only when the one before has been taken out of it; nobody waits for ever.
//
// mutant 1: the sender's index is stored without releasing the value
// mutant 2: the receiver does not acquire the value with the sender's index
// mutant 3: the receiver's index is stored without releasing the place
// mutant 4: the sender does not acquire the place with the receiver's index
// mutant 5: a sender waits without looking again under both locks
// mutant 6: a receiver waits without looking again under both locks
// mutant 7: a sender enters the list of those that wait under its own lock alone
// mutant 8: a receiver does not look for senders that wait
// mutant 9: a sender does not look for receivers that wait
// mutant 10: who has waited is told before its value is there
// mutant 11: the ring grows under the tail's lock alone
// mutant 12: what is in the ring is left behind when it grows

#include <atomic>
#include <cstdint>
#include <mutex>

#include "mutant.hpp"
#include "relacy_model.hpp"

namespace {

constexpr std::uint64_t capacity = 2;
constexpr int values = 6;

std::memory_order unless(int broken, std::memory_order order) {
  return mutant == broken ? std::memory_order_relaxed : order;
}

struct waiter {
  model::plain<int> value;
  model::word<int> told{0};

  void tell() { told.store(1, std::memory_order_release); }
  void wait() {
    rl::linear_backoff backoff;
    while (told.load(std::memory_order_acquire) == 0) backoff.yield($);
  }
};

struct channel_model : rl::test_suite<channel_model, 2> {
  model::mutex head_lock;
  model::word<std::uint64_t> head{0};
  model::plain<std::uint64_t> seen_tail;
  model::plain<waiter*> waiting_sender;

  model::mutex tail_lock;
  model::word<std::uint64_t> tail{0};
  model::plain<std::uint64_t> seen_head;
  model::plain<waiter*> waiting_receiver;

  // Under either lock; written under both.
  model::plain<std::uint64_t> places;
  model::plain<int> first_ring[1];
  model::plain<int> second_ring[capacity];

  void before() {
    places = 1;
    seen_tail = 0;
    seen_head = 0;
    waiting_sender = nullptr;
    waiting_receiver = nullptr;
  }

  void thread(unsigned index) {
    for (int i = 1; i <= values; ++i) {
      if (index == 0) {
        send(i);
      } else {
        RL_ASSERT(receive() == i);
      }
    }
  }

  model::plain<int>& item(std::uint64_t index) {
    return places == 1 ? first_ring[0] : second_ring[index % capacity];
  }

  // Under the tail's lock.
  bool has_room() {
    const std::uint64_t end = tail.load(std::memory_order_relaxed);
    if (end - seen_head < places) return true;
    seen_head = head.load(unless(4, std::memory_order_acquire));
    return end - seen_head < places;
  }
  // Under both.
  void grow() {
    const std::uint64_t end = tail.load(std::memory_order_relaxed);
    const std::uint64_t begin = head.load(std::memory_order_relaxed);
    for (std::uint64_t i = begin; i != end && mutant != 12; ++i) {
      const int value = first_ring[0];
      second_ring[i % capacity] = value;
    }
    places = capacity;
  }
  // Under the head's lock.
  bool has_item() {
    const std::uint64_t begin = head.load(std::memory_order_relaxed);
    if (begin != seen_tail) return true;
    seen_tail = tail.load(unless(2, std::memory_order_acquire));
    return begin != seen_tail;
  }

  // Under the tail's lock, when there is room. Gives a receiver that is to be told.
  waiter* put(int value) {
    waiter* const receiver = waiting_receiver;
    if (receiver != nullptr && mutant != 9) {
      waiting_receiver = nullptr;
      if (mutant == 10) receiver->tell();
      receiver->value = value;
      return receiver;
    }
    const std::uint64_t end = tail.load(std::memory_order_relaxed);
    item(end) = value;
    tail.store(end + 1, unless(1, std::memory_order_release));
    return nullptr;
  }
  // Under the head's lock, when there is something.
  int take() {
    const std::uint64_t begin = head.load(std::memory_order_relaxed);
    const int value = item(begin);
    item(begin) = 0;  // It is moved from.
    head.store(begin + 1, unless(3, std::memory_order_release));
    return value;
  }
  // Under both.
  waiter* serve_sender() {
    waiter* const sender = waiting_sender;
    if (sender == nullptr || !has_room()) return nullptr;
    waiting_sender = nullptr;
    RL_ASSERT(put(sender->value) == nullptr);  // The only receiver is here.
    return sender;
  }

  void send(int value) {
    waiter self;
    waiter* receiver = nullptr;
    bool sent = false;
    bool full = false;
    {
      const std::lock_guard tails(tail_lock);
      if (has_room()) {
        receiver = put(value);
        sent = true;
      } else {
        full = places < capacity;
      }
    }
    if (full) {
      std::unique_lock heads(head_lock, std::defer_lock);
      if (mutant != 11) heads.lock();
      const std::lock_guard tails(tail_lock);
      if (places < capacity) grow();
      if (has_room()) {
        receiver = put(value);
        sent = true;
      }
    }
    if (!sent) {
      std::unique_lock heads(head_lock, std::defer_lock);
      if (mutant != 7) heads.lock();
      const std::lock_guard tails(tail_lock);
      if (mutant != 5 && has_room()) {
        receiver = put(value);
        sent = true;
      } else {
        self.value = value;
        waiting_sender = &self;
      }
    }
    if (receiver != nullptr) receiver->tell();
    if (!sent) self.wait();
  }

  int receive() {
    int value = 0;
    waiter* sender = nullptr;
    {
      const std::lock_guard heads(head_lock);
      const bool look = waiting_sender != nullptr && mutant != 8;
      std::unique_lock tails(tail_lock, std::defer_lock);
      if (look) tails.lock();
      if (has_item()) value = take();
      if (look) sender = serve_sender();
    }
    if (sender != nullptr) sender->tell();
    if (value != 0) return value;

    waiter self;
    {
      const std::lock_guard heads(head_lock);
      const std::lock_guard tails(tail_lock);
      if (mutant != 6 && has_item()) {
        value = take();
      } else {
        waiting_receiver = &self;
      }
      sender = mutant == 8 ? nullptr : serve_sender();
    }
    if (sender != nullptr) sender->tell();
    if (value != 0) return value;
    self.wait();
    return self.value;
  }
};

}  // namespace

int main() { return model::passes<channel_model>(rl::random_scheduler_type, 1'000'000) ? 0 : 1; }
