#include <lariat/io/testing/detail/network.hpp>

#include <lariat/io/testing/detail/tcp_socket.hpp>

#include <cerrno>

namespace lariat::io::testing {
namespace {

constexpr std::uint16_t ephemeral_begin = 32768;
constexpr std::uint16_t ephemeral_end = 61000;
constexpr clock_ns retransmit_ns = 200'000'000;
constexpr int retransmits_max = 8;  // After so many losses the packet gets through.

// Whether a socket bound to `bound` is addressed by packets to `host`.
bool takes(const address& bound, const address& host) noexcept {
  return bound.is_any() ? bound.is_v6() || host.is_v4() : bound.with_port(0) == host.with_port(0);
}

bool overlap(const address& a, const address& b) noexcept { return takes(a, b) || takes(b, a); }

}  // namespace

int network::bind(tcp_socket& who, const address& wanted) {
  address chosen = wanted;
  for (int tries = 0; chosen.port() == 0 || !is_free(who, chosen); ++tries) {
    if (wanted.port() != 0) return -EADDRINUSE;
    if (tries == 1000) return -EADDRNOTAVAIL;
    chosen = wanted.with_port(static_cast<std::uint16_t>(
        ephemeral_begin + world_.random().below(ephemeral_end - ephemeral_begin)));
  }
  bound_[chosen.port()].push_back(&who);
  who.set_local(chosen);
  return 0;
}

bool network::is_free(const tcp_socket& who, const address& wanted) const noexcept {
  const auto same_port = bound_.find(wanted.port());
  if (same_port == bound_.end()) return true;
  for (const tcp_socket* each : same_port->second) {
    if (!overlap(each->local(), wanted)) continue;
    if (each->options().reuse_port && who.options().reuse_port) continue;
    const bool reuse = each->options().reuse_address && who.options().reuse_address;
    if (!reuse || each->listening()) return false;
  }
  return true;
}

void network::unbind(tcp_socket& who) noexcept {
  const auto same_port = bound_.find(who.local().port());
  if (same_port == bound_.end()) return;
  std::erase(same_port->second, &who);
  if (same_port->second.empty()) bound_.erase(same_port);
}

tcp_socket* network::listener_at(const address& to) const noexcept {
  const auto same_port = bound_.find(to.port());
  if (same_port == bound_.end()) return nullptr;
  std::vector<tcp_socket*> best;  // More than one if they share the address: one of them is drawn.
  for (tcp_socket* each : same_port->second) {
    if (!each->listening() || !takes(each->local(), to)) continue;
    if (to.is_v4() && each->local().is_v6() && each->options().only_v6) continue;
    // One that is bound to the address itself wins over 0.0.0.0 and [::].
    if (!best.empty() && best.front()->local().is_any() && !each->local().is_any()) best.clear();
    if (best.empty() || best.front()->local() == each->local()) best.push_back(each);
  }
  if (best.empty()) return nullptr;
  return best.size() == 1 ? best.front() : best[world_.random().below(best.size())];
}

address network::source_for(const address& peer) {
  if (peer.is_loopback() || peer.is_any()) {
    return peer.is_v4() ? address::loopback_v4() : address::loopback_v6();
  }
  return peer.is_v4() ? address("10.0.0.1", 0) : address("fd00::1", 0);
}

network::host_pair network::hosts_of(const address& a, const address& b) noexcept {
  host_pair hosts(a.with_port(0), b.with_port(0));
  if (hosts.second < hosts.first) std::swap(hosts.first, hosts.second);
  return hosts;
}

void network::set_link(const address& a, const address& b, const link_options& link) {
  if (a.is_any() || b.is_any()) {
    default_link_ = link;
  } else {
    links_[hosts_of(a, b)] = link;
  }
}

const link_options& network::link(const address& from, const address& to) const noexcept {
  if (links_.empty()) return default_link_;
  const auto found = links_.find(hosts_of(from, to));
  return found == links_.end() ? default_link_ : found->second;
}

clock_ns network::transit(const address& from, const address& to) noexcept {
  const link_options& way = link(from, to);
  clock_ns time = way.latency.count();
  if (way.jitter.count() > 0) {
    time += static_cast<clock_ns>(
        world_.random().below(static_cast<std::uint64_t>(way.jitter.count())));
  }
  for (int lost = 0; lost < retransmits_max && world_.random().chance(way.loss); ++lost) {
    time += retransmit_ns << lost;
  }
  return time;
}

}  // namespace lariat::io::testing
