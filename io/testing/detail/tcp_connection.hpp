#pragma once  // lint: allow(pragma) lint: allow(listed): of the sources only, not installed.

#include <lariat/io/net/address.hpp>
#include <lariat/io/testing/detail/byte_queue.hpp>
#include <lariat/io/testing/detail/event_queue.hpp>
#include <lariat/io/testing/detail/network.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include <sys/uio.h>

namespace lariat::io::testing {

class tcp_connection;
class tcp_socket;

/// One direction of a connection: packets on their way, and bytes that have arrived.
class tcp_direction final : public event {
 public:
  tcp_direction(tcp_connection& owner, int sender) noexcept : owner_(owner), sender_(sender) {}

  /// How many bytes there is room for, on the way and at the receiver.
  [[nodiscard]] std::size_t room() const noexcept;

  /// Sends the first `size` bytes of the buffers. \pre They fit, and it has not ended.
  void send(std::span<const iovec> from, std::size_t size);

  /// Sends the end of the stream. Does nothing after that.
  void send_end();

  /// Gives up what is on its way, and tells the receiver that the connection is gone.
  void send_reset();

  [[nodiscard]] bool end_sent() const noexcept { return end_sent_; }

  /// For the receiver: what has arrived, and whether nothing more will.
  [[nodiscard]] byte_queue& arrived() noexcept { return arrived_; }
  [[nodiscard]] bool end_arrived() const noexcept { return end_arrived_; }

  /// Drops everything: nobody sends or receives any more.
  void clear() noexcept;

 private:
  struct packet {
    enum class kind : unsigned char { data, end, reset } what;
    clock_ns due;
    std::size_t size;
  };

  void send_packet(packet::kind what, std::size_t size);
  void fire() noexcept override;
  [[nodiscard]] bool held_up() noexcept;
  void deliver(const packet& next) noexcept;

  tcp_connection& owner_;
  int sender_;
  std::deque<packet> packets_;
  byte_queue on_the_way_;
  byte_queue arrived_;
  clock_ns last_due_ = 0;
  clock_ns held_since_ = -1;  // Since when the link is cut for what is on its way.
  clock_ns retry_ns_ = 0;
  bool end_sent_ = false;
  bool end_arrived_ = false;
};

/// What two sockets, the connecting one and the accepted one, have in common.
class tcp_connection {
 public:
  /// `client` and `server` are the addresses of the two ends.
  tcp_connection(network& net, const address& client, const address& server)
      : net_(net), names_{client, server} {}
  tcp_connection(const tcp_connection&) = delete;
  tcp_connection& operator=(const tcp_connection&) = delete;

  [[nodiscard]] network& net() const noexcept { return net_; }
  [[nodiscard]] const address& name(int end) const noexcept { return names_[end]; }

  /// The socket at an end; null once it is closed.
  [[nodiscard]] tcp_socket* end(int which) const noexcept { return ends_[which]; }
  void set_end(int which, tcp_socket* socket) noexcept { ends_[which] = socket; }

  /// What the socket at `end` sends, and what it receives.
  [[nodiscard]] tcp_direction& from(int end) noexcept { return directions_[end]; }
  [[nodiscard]] tcp_direction& to(int end) noexcept { return directions_[1 - end]; }

 private:
  network& net_;
  address names_[2];
  tcp_socket* ends_[2] = {nullptr, nullptr};
  tcp_direction directions_[2] = {{*this, 0}, {*this, 1}};
};

}  // namespace lariat::io::testing
