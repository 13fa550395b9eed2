#include <lariat/io/testing/detail/tcp_connection.hpp>

#include <lariat/io/testing/detail/tcp_socket.hpp>

#include <algorithm>
#include <cerrno>

namespace lariat::io::testing {
namespace {

constexpr clock_ns retry_first_ns = 200'000'000;
constexpr clock_ns retry_max_ns = 120'000'000'000;
constexpr clock_ns give_up_ns = 924'600'000'000;  // What tcp_retries2 = 15 comes to.

}  // namespace

std::size_t tcp_direction::room() const noexcept {
  const tcp_socket* const sender = owner_.end(sender_);
  const tcp_socket* const receiver = owner_.end(1 - sender_);
  std::size_t limit = sender == nullptr ? 0 : sender->options().send_buffer;
  if (receiver != nullptr) limit += receiver->options().receive_buffer;
  // Each counts for half, as the kernel keeps its books in the other half.
  limit = std::max<std::size_t>(limit / 2, 1);
  const std::size_t used = on_the_way_.size() + arrived_.size();
  return used < limit ? limit - used : 0;
}

void tcp_direction::send(std::span<const iovec> from, std::size_t size) {
  on_the_way_.append(from, size);
  send_packet(packet::kind::data, size);
}

void tcp_direction::send_end() {
  if (std::exchange(end_sent_, true)) return;
  send_packet(packet::kind::end, 0);
}

void tcp_direction::send_reset() {
  end_sent_ = true;
  packets_.clear();
  on_the_way_.clear();
  send_packet(packet::kind::reset, 0);
}

void tcp_direction::send_packet(packet::kind what, std::size_t size) {
  environment& world = owner_.net().world();
  const clock_ns transit = owner_.net().transit(owner_.name(sender_), owner_.name(1 - sender_));
  last_due_ = std::max(last_due_, world.now() + transit);  // A stream keeps its order.
  packets_.push_back({what, last_due_, size});
  if (!scheduled()) world.fire_after(*this, last_due_ - world.now());
}

void tcp_direction::fire() noexcept {
  environment& world = owner_.net().world();
  if (held_up()) return;
  while (!packets_.empty() && packets_.front().due <= world.now()) {
    const packet next = packets_.front();
    packets_.pop_front();
    deliver(next);
  }
  if (!packets_.empty()) world.fire_after(*this, packets_.front().due - world.now());
}

// Whether the link is cut: then it is tried again, less and less often.
bool tcp_direction::held_up() noexcept {
  environment& world = owner_.net().world();
  if (!owner_.net().link(owner_.name(0), owner_.name(1)).cut) {
    held_since_ = -1;
    return false;
  }
  if (held_since_ < 0) {
    held_since_ = world.now();
    retry_ns_ = retry_first_ns;
  }
  if (world.now() - held_since_ >= give_up_ns) {
    clear();
    if (tcp_socket* const sender = owner_.end(sender_)) sender->fail(ETIMEDOUT);
    return true;
  }
  world.fire_after(*this, retry_ns_);
  retry_ns_ = std::min(2 * retry_ns_, retry_max_ns);
  return true;
}

void tcp_direction::deliver(const packet& next) noexcept {
  tcp_socket* const receiver = owner_.end(1 - sender_);
  switch (next.what) {
    case packet::kind::data: {
      const auto bytes = on_the_way_.view().first(next.size);
      const bool refused = receiver != nullptr && receiver->takes_no_more();
      if (receiver != nullptr && !refused) arrived_.append(bytes);
      on_the_way_.drop(next.size);
      if (receiver != nullptr && !refused) return receiver->notify();
      if (refused) receiver->fail(ECONNRESET);
      // Nobody is there to read it.
      if (owner_.end(sender_) != nullptr) owner_.from(1 - sender_).send_reset();
      return;
    }
    case packet::kind::end:
      end_arrived_ = true;
      if (receiver != nullptr) receiver->notify();
      return;
    case packet::kind::reset:
      if (receiver != nullptr) receiver->fail(end_arrived_ ? EPIPE : ECONNRESET);
      return;
  }
}

void tcp_direction::clear() noexcept {
  unschedule();
  packets_.clear();
  on_the_way_.clear();
  end_sent_ = true;
}

}  // namespace lariat::io::testing
