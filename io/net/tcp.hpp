#pragma once

#include <lariat/io/net/stream_socket.hpp>

#include <chrono>
#include <optional>

namespace lariat::io {

class connect_op;
class accept_op;

/// How a TCP connection is made.
struct connect_options {
  bool no_delay = true;          ///< See tcp_stream::set_no_delay.
  bool keep_alive = false;       ///< See tcp_stream::set_keep_alive.
  std::optional<address> local;  ///< What to connect from; the kernel's choice if empty.
};

/// When the kernel finds out that an idle connection's peer is gone.
struct keep_alive_times {
  std::chrono::seconds idle{60};      ///< Silence before the first probe.
  std::chrono::seconds interval{10};  ///< Between probes.
  int probes = 6;                     ///< Unanswered ones before the connection fails.
};

/// A TCP connection. See stream_socket for reading and writing.
class tcp_stream : public stream_socket {
 public:
  /// A closed one.
  tcp_stream() noexcept = default;

  /// Takes over `fd`, a connected TCP socket.
  /// \throws std::system_error if it is not connected.
  explicit tcp_stream(int fd);

  /// Connects to `peer`. Takes as long as the kernel tries, minutes if nobody answers:
  /// `co_await timeout(5s, io::tcp_stream::connect(peer))`.
  ///
  /// \throws std::system_error as "connect 10.0.0.7:80: Connection refused". On this host, where
  /// nobody listens, the kernel may choose the very port that is connected to, and so connect the
  /// socket to itself; that counts as refused too, unless `options.local` asks for that port.
  ///
  /// \par Cancellation
  /// The attempt is given up.
  [[nodiscard]] static connect_op connect(const address& peer,
                                          const connect_options& options = {}) noexcept;

  [[nodiscard]] const address& peer_address() const noexcept { return name(); }

  /// Whether small writes go out at once (TCP_NODELAY) rather than wait until the peer has
  /// acknowledged the one before. On by default in `connect` and `bind`, as in Go: each `write_all`
  /// is taken for a whole message; collect small ones in a buffered_writer.
  /// \throws std::system_error
  void set_no_delay(bool on);
  [[nodiscard]] bool no_delay() const;

  /// Lets the kernel probe a silent peer, so that reads fail when it is gone. Off by default.
  /// \throws std::system_error
  void set_keep_alive(const keep_alive_times& times);
  void set_keep_alive(bool on);
  [[nodiscard]] bool keep_alive() const;

  /// Makes closing reset the connection: what was not sent is dropped, the peer gets ECONNRESET and
  /// no TIME_WAIT is left. (A linger time is not offered: close would block the loop for it.)
  /// \throws std::system_error
  void set_zero_linger();

 private:
  friend class connect_op;
  friend class accept_op;
  tcp_stream(int fd, const address& peer) noexcept : stream_socket(fd, peer) {}
};

/// How a listener is made.
struct listen_options {
  int backlog = 4096;         ///< Connections not accepted yet; the kernel caps it (somaxconn).
  bool reuse_address = true;  ///< Bind although connections of a former listener linger.
  bool reuse_port = false;    ///< Several listeners on one address; the kernel spreads connections.
  bool ipv6_only = false;     ///< [::] does not take IPv4 connections too.
  bool no_delay = true;       ///< What accepted streams begin with. See tcp_stream::set_no_delay.
};

/// Waits for TCP connections.
class tcp_listener : public socket {
 public:
  /// A closed one.
  tcp_listener() noexcept = default;

  /// Takes over `fd`, a listening TCP socket: one that was inherited, for instance.
  explicit tcp_listener(int fd);

  /// Binds and listens; port 0 for a free one, which `local_address` tells. Not awaited: bind(2)
  /// and listen(2) do not block.
  /// \throws std::system_error as "bind 127.0.0.1:80: Address already in use".
  [[nodiscard]] static tcp_listener bind(const address& where, const listen_options& options = {});

  /// Waits for a connection. Several tasks may: each gets one of its own.
  ///
  /// A connection that was gone before it was accepted is passed over. When descriptors or memory
  /// run out (EMFILE, ENFILE, ENOBUFS, ENOMEM) it waits, 1 to 100 ms, and tries again: a server
  /// survives that. The connections stay in the backlog meanwhile.
  /// \throws std::system_error for other errors, and ECANCELED when another task closes it.
  ///
  /// \par Cancellation
  /// No connection is lost: one that was accepted is given out.
  [[nodiscard]] accept_op accept() noexcept;

 private:
  tcp_listener(int fd, const address& name) noexcept : socket(fd, name) {}
};

}  // namespace lariat::io

#include <lariat/io/net/detail/accept_op.hpp>
#include <lariat/io/net/detail/connect_op.hpp>
