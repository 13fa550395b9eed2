#pragma once  // lint: allow(pragma) lint: allow(listed): of the sources only, not installed.

#include <lariat/io/net/address.hpp>
#include <lariat/io/testing/detail/event_queue.hpp>
#include <lariat/io/testing/detail/network.hpp>
#include <lariat/io/testing/detail/open_description.hpp>
#include <lariat/io/testing/detail/tcp_connection.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>

#include <sys/socket.h>

namespace lariat::io::testing {

/// A simulated TCP socket, in any of its states. An event, too: its handshake.
class tcp_socket final : public open_description, private event {
 public:
  /// What setsockopt(2) can set.
  struct option_set {
    int keep_alive_times[3] = {7200, 75, 9};  // TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT.
    bool reuse_address = false;
    bool reuse_port = false;
    bool only_v6 = false;
    bool no_delay = false;
    bool keep_alive = false;
    bool zero_linger = false;
    std::size_t send_buffer = 0;
    std::size_t receive_buffer = 0;
  };

  tcp_socket(network& net, int family) noexcept;
  ~tcp_socket() override;

  [[nodiscard]] const option_set& options() const noexcept { return options_; }
  [[nodiscard]] int family() const noexcept { return family_; }
  [[nodiscard]] const address& local() const noexcept { return local_; }
  void set_local(const address& name) noexcept { local_ = name; }
  [[nodiscard]] bool listening() const noexcept { return state_ == state::listening; }

  // The system calls of the same names: a value, or a negative errno.
  int bind(const address& name);
  int listen(int backlog);
  int shutdown(int how) noexcept;
  int set_option(int level, int option, const void* value, socklen_t size) noexcept;
  int get_option(int level, int option, void* value, socklen_t* size) noexcept;
  [[nodiscard]] const address* peer() const noexcept;
  [[nodiscard]] std::size_t available() const noexcept;

  /// Starts to connect: -EAGAIN, or a failure at once. \param unheard Nobody answers: it times out.
  int start_connect(const address& peer, bool unheard);
  /// Then: 0, a failure, or -EAGAIN while it is under way.
  int connect_result() noexcept;
  /// A cancel came first.
  void stop_connecting() noexcept;

  /// A connection that waits to be accepted; null if there is none.
  [[nodiscard]] std::shared_ptr<tcp_socket> accept();
  /// What accept(2) fails with here; 0 if nothing.
  [[nodiscard]] int accept_error() const noexcept;

  int read(std::span<const iovec> into, std::uint64_t offset) noexcept override;
  int write(std::span<const iovec> from, std::uint64_t offset) noexcept override;
  [[nodiscard]] unsigned events() const noexcept override;
  [[nodiscard]] std::string describe() const override;
  [[nodiscard]] tcp_socket* as_socket() noexcept override { return this; }

  /// Whether both directions are shut: bytes that come now break the connection.
  [[nodiscard]] bool takes_no_more() const noexcept;

  /// The network's: something came, or went.
  void notify() noexcept { changed(); }
  /// The connection is gone, by `error`.
  void fail(int error) noexcept;
  /// An injected fault: both ends lose the connection.
  void break_connection() noexcept;

 private:
  enum class state : unsigned char { fresh, listening, connecting, connected, dead };

  void fire() noexcept override;
  void send_syn();
  void take_syn(tcp_socket& listener);
  void join(std::shared_ptr<tcp_connection> connection, int end) noexcept;
  [[nodiscard]] tcp_direction& incoming() const noexcept { return connection_->to(end_); }
  [[nodiscard]] tcp_direction& outgoing() const noexcept { return connection_->from(end_); }
  int* int_option(int level, int option) noexcept;
  bool* flag_option(int level, int option) noexcept;

  network& net_;
  int family_;
  state state_ = state::fresh;
  option_set options_;
  address local_;
  bool bound_ = false;
  bool shut_read_ = false;
  int error_ = 0;

  // Connecting.
  address target_;
  int tries_ = 0;
  int outcome_ = 0;  // What the answer says, once it is on its way.
  bool answered_ = false;

  // Connected.
  std::shared_ptr<tcp_connection> connection_;
  int end_ = 0;

  // Listening.
  std::deque<std::shared_ptr<tcp_socket>> backlog_;
  std::size_t backlog_max_ = 0;
};

}  // namespace lariat::io::testing
