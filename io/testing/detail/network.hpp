#pragma once  // lint: allow(pragma) lint: allow(listed): of the sources only, not installed.

#include <lariat/io/net/address.hpp>
#include <lariat/io/testing/detail/environment.hpp>
#include <lariat/io/testing/link_options.hpp>

#include <map>
#include <utility>
#include <vector>

namespace lariat::io::testing {

class tcp_socket;

/// The simulated hosts' network: who is bound to which address, and what becomes of packets. Hosts
/// are addresses without a port; every address is one of this machine.
class network {
 public:
  explicit network(environment& world) noexcept : world_(world) {}
  network(const network&) = delete;
  network& operator=(const network&) = delete;

  [[nodiscard]] environment& world() const noexcept { return world_; }

  /// Gives `who` an address: `wanted`, with a free port if it has none. A negative errno if it
  /// cannot have it.
  [[nodiscard]] int bind(tcp_socket& who, const address& wanted);

  /// Does nothing if it is not bound.
  void unbind(tcp_socket& who) noexcept;

  /// Who takes connections to `to`; null if nobody.
  [[nodiscard]] tcp_socket* listener_at(const address& to) const noexcept;

  /// Where a connection to `peer` comes from if its socket is not bound: the same host if that is
  /// the loopback, otherwise 10.0.0.1 or fd00::1.
  [[nodiscard]] static address source_for(const address& peer);

  /// Both directions between two hosts; the port does not matter. Any address stands for all hosts
  /// without a link of their own.
  void set_link(const address& a, const address& b, const link_options& link);
  [[nodiscard]] const link_options& link(const address& from, const address& to) const noexcept;

  /// How long one packet takes; longer if it is lost and sent again.
  [[nodiscard]] clock_ns transit(const address& from, const address& to) noexcept;

 private:
  using host_pair = std::pair<address, address>;
  [[nodiscard]] static host_pair hosts_of(const address& a, const address& b) noexcept;
  [[nodiscard]] bool is_free(const tcp_socket& who, const address& wanted) const noexcept;

  environment& world_;
  std::map<std::uint16_t, std::vector<tcp_socket*>> bound_;  // By port.
  std::map<host_pair, link_options> links_;
  link_options default_link_;
};

}  // namespace lariat::io::testing
