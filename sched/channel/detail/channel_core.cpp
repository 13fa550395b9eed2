#include <lariat/sched/channel/detail/channel_core.hpp>

#include <lariat/sched/loop/detail/task_text.hpp>
#include <lariat/sched/thread/detail/pause.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <stdexcept>

namespace lariat::detail {

void channel_queue::push(channel_waiter& waiter) noexcept {
  waiter.queued_ = true;
  waiter.previous_ = last_;
  waiter.next_ = nullptr;
  (last_ == nullptr ? first_ : last_->next_) = &waiter;
  last_ = &waiter;
}

bool channel_queue::remove(channel_waiter& waiter) noexcept {
  if (!waiter.queued_) return false;
  waiter.queued_ = false;
  (waiter.previous_ == nullptr ? first_ : waiter.previous_->next_) = waiter.next_;
  (waiter.next_ == nullptr ? last_ : waiter.next_->previous_) = waiter.previous_;
  return true;
}

channel_waiter& channel_queue::pop() noexcept {
  channel_waiter& oldest = *first_;
  (void)remove(oldest);
  return oldest;
}

channel_waiter* channel_queue::take_all() noexcept {
  channel_waiter* const all = first_;
  for (channel_waiter* each = all; each != nullptr; each = each->next_) each->queued_ = false;
  first_ = last_ = nullptr;
  return all;
}

channel_core::channel_core(std::size_t capacity, std::size_t places)
    : capacity_(capacity), limit_(std::min(places, capacity)) {
  if (capacity == 0) {
    throw std::invalid_argument("lariat: channel: its capacity must be 1 at least");
  }
}

channel_core::~channel_core() = default;

void channel_core::abort_if_waiting(const channel_queue& own, spin_lock& lock) noexcept {
  const std::lock_guard guard(lock);
  if (own.empty()) return;
  const operation* const waits = own.oldest().waiting_in();
  std::fprintf(stderr, "lariat: the last end of a channel's side was destroyed while %s\n",
               waits == nullptr ? "a thread waits in it" : waiting_text(*waits).c_str());
  std::abort();
}

void channel_core::deliver_all(channel_waiter* list) noexcept {
  while (list != nullptr) {
    channel_waiter* const next = list->next_;
    list->deliver();
    list = next;
  }
}

channel_waiter* channel_core::serve_senders() noexcept {
  channel_waiter* first = nullptr;
  channel_waiter** end = &first;
  const auto append = [&end](channel_waiter& served) {
    served.next_ = nullptr;
    *end = &served;
    end = &served.next_;
  };
  while (!waiting_senders_.empty() && has_room(tail_.load(std::memory_order_relaxed))) {
    channel_waiter& sender = waiting_senders_.pop();
    if (channel_waiter* const receiver = accept_from(sender)) append(*receiver);
    sender.told_ = outcome::served;
    append(sender);
  }
  return first;
}

void channel_core::give_back_room() noexcept {
  channel_waiter* served;
  {
    const std::lock_guard head(head_lock_);
    const std::lock_guard tail(tail_lock_);
    --reserved_;
    served = serve_senders();
  }
  deliver_all(served);
}

void channel_core::end(bool clear) noexcept {
  channel_waiter* refused;
  channel_waiter* ended;
  {
    const std::lock_guard head(head_lock_);
    const std::lock_guard tail(tail_lock_);
    closed_.store(true, std::memory_order_release);
    refused = waiting_senders_.take_all();
    ended = waiting_receivers_.take_all();  // They wait only while there is no value.
    for (auto* each = refused; each != nullptr; each = each->next_) each->told_ = outcome::closed;
    for (auto* each = ended; each != nullptr; each = each->next_) each->told_ = outcome::closed;
    if (clear) clear_buffer();
  }
  deliver_all(refused);
  deliver_all(ended);
}

void channel_core::close() noexcept { end(false); }

void channel_core::close_and_clear() noexcept { end(true); }

void channel_core::drop_sender() noexcept {
  // Release and acquire, here and below: whatever others did to the channel happens before its
  // deletion.
  if (senders_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  abort_if_waiting(waiting_senders_, head_lock_);
  end(false);
  if (sides_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

void channel_core::drop_receiver() noexcept {
  if (receivers_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  abort_if_waiting(waiting_receivers_, tail_lock_);
  end(true);
  if (sides_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

std::size_t channel_core::size() const noexcept {
  const std::uint64_t head = head_.load(std::memory_order_acquire);
  const std::uint64_t tail = tail_.load(std::memory_order_acquire);
  // The tail is read after the head, so it may be ahead by more than the capacity.
  return tail - head < capacity_ ? tail - head : capacity_;
}

template <class Count>
bool channel_core::spin_habit::spin(const Count& available) noexcept {
  constexpr int looks_max = 8;
  // Between two looks; a look takes the cache line that the other side writes.
  constexpr int pauses = 32;
  constexpr std::uint32_t skip_max = 255;
  const std::uint32_t skip = skip_.load(std::memory_order_relaxed);
  if (skip > 0) {
    skip_.store(skip - 1, std::memory_order_relaxed);
    return false;
  }
  std::size_t seen = 0;
  for (int looks = 0; looks < looks_max; ++looks) {
    for (int i = 0; i < pauses; ++i) pause();
    // As long as there is more at each look it pays to go on, because what has come together is
    // taken together.
    const std::size_t now = available();
    if (now > 0 && now <= seen) break;
    seen = now;
  }
  if (seen > 0) {
    skip_next_.store(1, std::memory_order_relaxed);
    return true;
  }
  const std::uint32_t next = skip_next_.load(std::memory_order_relaxed);
  skip_.store(next, std::memory_order_relaxed);
  skip_next_.store(std::min(2 * next + 1, skip_max), std::memory_order_relaxed);
  return false;
}

bool channel_core::spin_for_room() noexcept {
  // Closed counts as ready, here and below: the caller goes and finds out.
  return room_habit_.spin([this] { return closed() ? capacity_ : capacity_ - size(); });
}

bool channel_core::spin_for_item() noexcept {
  return item_habit_.spin([this] { return closed() ? capacity_ : size(); });
}

bool channel_core::withdraw_receiver(channel_waiter& waiter) noexcept {
  const std::lock_guard tail(tail_lock_);
  if (!waiting_receivers_.remove(waiter)) return false;
  waiter.told_ = outcome::cancelled;
  return true;
}

bool channel_core::withdraw_sender(channel_waiter& waiter) noexcept {
  const std::lock_guard head(head_lock_);
  if (!waiting_senders_.remove(waiter)) return false;
  waiter.told_ = outcome::cancelled;
  return true;
}

}  // namespace lariat::detail
