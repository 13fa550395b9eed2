#include <lariat/io/testing/detail/tcp_socket.hpp>

#include <sys/socket.h>

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace lariat::io::testing {
namespace {

constexpr clock_ns syn_retry_ns = 1'000'000'000;
constexpr int syn_tries_max = 7;  // 127 s in all.

}  // namespace

tcp_socket::tcp_socket(network& net, int family) noexcept
    : net_(net),
      family_(family),
      local_(family == AF_INET ? address::any_v4() : address::any_v6()) {
  options_.send_buffer = options_.receive_buffer = net.world().plan().socket_buffer_bytes;
}

tcp_socket::~tcp_socket() {
  if (bound_) net_.unbind(*this);
  // Connections that nobody has accepted are reset.
  for (const auto& each : backlog_) each->options_.zero_linger = true;
  if (connection_ == nullptr) return;
  connection_->set_end(end_, nullptr);
  if (state_ == state::dead) return;
  if (options_.zero_linger || state_ == state::connecting || !incoming().arrived().empty()) {
    outgoing().send_reset();
  } else {
    outgoing().send_end();
  }
}

int tcp_socket::bind(const address& name) {
  if (bound_ || state_ != state::fresh) return -EINVAL;
  const int result = net_.bind(*this, name);
  bound_ = result == 0;
  return result;
}

int tcp_socket::listen(int backlog) {
  if (state_ != state::fresh && state_ != state::listening) return -EINVAL;
  if (!bound_) {
    if (const int result = bind(local_); result != 0) return result;
  }
  state_ = state::listening;
  backlog_max_ = static_cast<std::size_t>(std::clamp(backlog, 1, 4096));
  return 0;
}

const address* tcp_socket::peer() const noexcept {
  return state_ == state::connected ? &connection_->name(1 - end_) : nullptr;
}

std::size_t tcp_socket::available() const noexcept {
  return connection_ == nullptr ? 0 : incoming().arrived().size();
}

int tcp_socket::start_connect(const address& peer, bool unheard) {
  if (state_ == state::connected) return -EISCONN;
  if (state_ != state::fresh) return -EALREADY;
  if (!bound_) {
    if (const int result = bind(net_.source_for(peer)); result != 0) return result;
  } else if (local_.is_any()) {
    local_ = net_.source_for(peer).with_port(local_.port());
  }
  target_ = peer.is_any() ? net_.source_for(peer).with_port(peer.port()) : peer;
  state_ = state::connecting;
  tries_ = 0;
  if (unheard) {
    answered_ = true;
    outcome_ = ETIMEDOUT;
    net_.world().fire_after(*this, syn_retry_ns << syn_tries_max);
  } else {
    send_syn();
  }
  return -EAGAIN;
}

void tcp_socket::send_syn() { net_.world().fire_after(*this, net_.transit(local_, target_)); }

void tcp_socket::fire() noexcept {
  if (answered_) {
    state_ = outcome_ == 0 ? state::connected : state::dead;
    error_ = outcome_;
    return changed();
  }
  tcp_socket* const listener = net_.listener_at(target_);
  const bool lost = net_.link(local_, target_).cut ||
                    (listener != nullptr && listener->backlog_.size() >= listener->backlog_max_);
  if (lost) {
    answered_ = ++tries_ == syn_tries_max;
    outcome_ = ETIMEDOUT;
    return net_.world().fire_after(*this, syn_retry_ns << (tries_ - 1));
  }
  answered_ = true;
  if (listener == nullptr) {
    outcome_ = ECONNREFUSED;
  } else {
    outcome_ = 0;
    take_syn(*listener);
  }
  net_.world().fire_after(*this, net_.transit(target_, local_));
}

// The other half of the handshake, at the listener.
void tcp_socket::take_syn(tcp_socket& listener) {
  auto connection = std::make_shared<tcp_connection>(net_, local_, target_);
  auto accepted = std::make_shared<tcp_socket>(net_, listener.family_);
  accepted->options_ = listener.options_;
  accepted->local_ = target_;
  accepted->state_ = state::connected;
  accepted->join(connection, 1);
  join(std::move(connection), 0);
  listener.backlog_.push_back(std::move(accepted));
  listener.changed();
}

void tcp_socket::join(std::shared_ptr<tcp_connection> connection, int end) noexcept {
  connection_ = std::move(connection);
  end_ = end;
  connection_->set_end(end, this);
}

int tcp_socket::connect_result() noexcept {
  if (state_ == state::connecting) return -EAGAIN;
  if (state_ == state::connected) return 0;
  return error_ != 0 ? -std::exchange(error_, 0) : -ECONNABORTED;
}

void tcp_socket::stop_connecting() noexcept {
  if (state_ != state::connecting) return;
  unschedule();
  fail(ECONNABORTED);
  if (connection_ != nullptr) outgoing().send_reset();
}

std::shared_ptr<tcp_socket> tcp_socket::accept() {
  if (backlog_.empty()) return nullptr;
  std::shared_ptr<tcp_socket> first = std::move(backlog_.front());
  backlog_.pop_front();
  return first;
}

int tcp_socket::accept_error() const noexcept {
  return state_ == state::listening && !shut_read_ ? 0 : EINVAL;
}

bool tcp_socket::takes_no_more() const noexcept { return shut_read_ && outgoing().end_sent(); }

void tcp_socket::fail(int error) noexcept {
  if (state_ == state::dead) return;
  state_ = state::dead;
  error_ = error;
  if (connection_ != nullptr) outgoing().clear();
  changed();
}

void tcp_socket::break_connection() noexcept {
  if (state_ != state::connected) return;
  fail(ECONNRESET);
  outgoing().send_reset();
}

int tcp_socket::shutdown(int how) noexcept {
  if (state_ == state::listening) {
    shut_read_ = shut_read_ || how != SHUT_WR;
    changed();
    return 0;
  }
  if (state_ != state::connected) return -ENOTCONN;
  if (how != SHUT_WR) shut_read_ = true;
  if (how != SHUT_RD) outgoing().send_end();
  changed();
  return 0;
}

int tcp_socket::read(std::span<const iovec> into, std::uint64_t) noexcept {
  if (connection_ == nullptr && state_ != state::dead) return -ENOTCONN;
  if (connection_ != nullptr && !incoming().arrived().empty()) {
    const std::size_t count = incoming().arrived().take(into, size_of(into));
    // There is room now.
    if (tcp_socket* const sender = connection_->end(1 - end_)) sender->changed();
    return static_cast<int>(count);
  }
  // The end comes before an error that came after it.
  if (connection_ != nullptr && incoming().end_arrived()) return 0;
  if (error_ != 0) return -std::exchange(error_, 0);
  if (state_ == state::connecting) return -EAGAIN;
  if (state_ == state::dead || shut_read_ || incoming().end_arrived()) return 0;
  return -EAGAIN;
}

int tcp_socket::write(std::span<const iovec> from, std::uint64_t) noexcept {
  if (error_ != 0) return -std::exchange(error_, 0);
  if (state_ == state::connecting) return -EAGAIN;
  if (state_ != state::connected || outgoing().end_sent()) return -EPIPE;
  const std::size_t size = size_of(from);
  if (size == 0) return 0;
  const std::size_t count = std::min(size, outgoing().room());
  if (count == 0) return -EAGAIN;
  outgoing().send(from, count);
  return static_cast<int>(count);
}

unsigned tcp_socket::events() const noexcept {
  if (state_ == state::listening) return shut_read_ || !backlog_.empty() ? POLLIN : 0;
  if (state_ == state::fresh) return POLLOUT | POLLHUP;
  if (state_ == state::connecting) return 0;
  unsigned all = 0;
  const bool no_more = state_ == state::dead || shut_read_ || incoming().end_arrived();
  if (no_more) all |= POLLIN | POLLRDHUP;
  if (available() != 0) all |= POLLIN;
  if (error_ != 0) all |= POLLERR;
  if (state_ == state::dead) return all | POLLHUP | POLLOUT;
  if (no_more && outgoing().end_sent()) all |= POLLHUP;
  if (outgoing().end_sent() || outgoing().room() != 0) all |= POLLOUT;
  return all;
}

std::string tcp_socket::describe() const {
  if (state_ == state::listening) return "listener " + local_.to_string();
  if (state_ == state::fresh) return "socket";
  const address& other = connection_ == nullptr ? target_ : connection_->name(1 - end_);
  return "tcp " + local_.to_string() + " to " + other.to_string();
}

}  // namespace lariat::io::testing
