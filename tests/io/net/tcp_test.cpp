#include <lariat/io/net/tcp.hpp>

#include "coroutine_test.hpp"
#include "io/connected.hpp"
#include "io/no_descriptors_left.hpp"

#include <lariat/sched/cancel/cancelled.hpp>
#include <lariat/sched/time/timeout.hpp>
#include <lariat/sched/time/timer.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

// A port of 127.0.0.1 on which nobody listens, and that nobody else gets while this lives.
class closed_port {
 public:
  closed_port() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    io::address any = io::address::loopback_v4();
    REQUIRE(::bind(fd_, any.data(), any.size()) == 0);
    sockaddr_storage name{};
    socklen_t size = sizeof name;
    auto* bound = reinterpret_cast<sockaddr*>(&name);
    REQUIRE(::getsockname(fd_, bound, &size) == 0);
    address_ = io::address::from_sockaddr(bound, size).value();
  }
  ~closed_port() { ::close(fd_); }
  const io::address& where() const { return address_; }

 private:
  int fd_;
  io::address address_;
};

std::optional<std::system_error> error_of_bind(const io::address& where,
                                               io::listen_options options = {}) {
  try {
    (void)io::tcp_listener::bind(where, options);
  } catch (const std::system_error& error) {
    return error;
  }
  return std::nullopt;
}

}  // namespace

COROUTINE_TEST_CASE("a client and a server know each other's address", "[io][tcp]") {
  io::tcp_listener listener = listen_on_loopback();
  CHECK(listener.local_address().host() == "127.0.0.1");
  CHECK(listener.local_address().port() != 0);

  auto both =
      co_await when_all(io::tcp_stream::connect(listener.local_address()), listener.accept());
  CHECK(both.first.peer_address() == listener.local_address());
  CHECK(both.first.local_address() == both.second.peer_address());
  CHECK(both.second.local_address() == listener.local_address());
}

COROUTINE_TEST_CASE("TCP works over IPv6", "[io][tcp]") {
  io::tcp_listener listener;
  try {
    listener = io::tcp_listener::bind({"::1", 0});
  } catch (const std::system_error& error) {
    WARN("skipped: no IPv6 here: " << error.what());
    co_return;
  }
  auto both =
      co_await when_all(io::tcp_stream::connect(listener.local_address()), listener.accept());
  CHECK(both.second.peer_address().is_v6());
  CHECK(both.second.peer_address().is_loopback());
  CHECK(both.second.peer_address() == both.first.local_address());
}

COROUTINE_TEST_CASE("an IPv6 listener takes IPv4 connections unless told not to", "[io][tcp]") {
  io::tcp_listener listener;
  try {
    listener = io::tcp_listener::bind(io::address::any_v6());
  } catch (const std::system_error& error) {
    WARN("skipped: no IPv6 here: " << error.what());
    co_return;
  }
  const io::address v4 = io::address::loopback_v4(listener.local_address().port());
  auto both = co_await when_all(io::tcp_stream::connect(v4), listener.accept());
  CHECK(both.second.peer_address().is_v4_mapped());

  io::listen_options options;
  options.ipv6_only = true;
  io::tcp_listener v6_only = io::tcp_listener::bind(io::address::any_v6(), options);
  const io::address refused = io::address::loopback_v4(v6_only.local_address().port());
  const auto error = co_await error_of(io::tcp_stream::connect(refused));
  REQUIRE(error.has_value());
  CHECK(error->code() == std::errc::connection_refused);
}

COROUTINE_TEST_CASE("binding a port that is in use names the address", "[io][tcp]") {
  io::tcp_listener listener = listen_on_loopback();
  const auto error = error_of_bind(listener.local_address());
  REQUIRE(error.has_value());
  CHECK(error->code() == std::errc::address_in_use);
  CHECK(std::string(error->what()) ==
        "bind " + listener.local_address().to_string() + ": Address already in use");
  co_return;
}

COROUTINE_TEST_CASE("binding to somebody else's address names the address", "[io][tcp][kernel]") {
  const auto error = error_of_bind({"192.0.2.1", 0});
  REQUIRE(error.has_value());
  CHECK(error->code() == std::errc::address_not_available);
  CHECK(says(*error, "bind 192.0.2.1:0"));
  co_return;
}

COROUTINE_TEST_CASE("listeners with reuse_port share an address", "[io][tcp]") {
  io::listen_options options;
  options.reuse_port = true;
  io::tcp_listener first = listen_on_loopback(options);
  io::tcp_listener second = io::tcp_listener::bind(first.local_address(), options);
  CHECK(first.local_address() == second.local_address());
  co_return;
}

COROUTINE_TEST_CASE("a port can be bound again although its connections linger", "[io][tcp]") {
  io::tcp_listener listener = listen_on_loopback();
  const io::address where = listener.local_address();
  auto both = co_await when_all(io::tcp_stream::connect(where), listener.accept());
  // The end that closes first keeps the port in TIME_WAIT.
  co_await both.second.close();
  co_await both.first.close();
  co_await listener.close();
  CHECK_FALSE(error_of_bind(where).has_value());
}

COROUTINE_TEST_CASE("connecting to a closed port names the peer", "[io][tcp]") {
  const closed_port nobody;
  const auto error = co_await error_of(io::tcp_stream::connect(nobody.where()));
  REQUIRE(error.has_value());
  CHECK(error->code() == std::errc::connection_refused);
  CHECK(std::string(error->what()) ==
        "connect " + nobody.where().to_string() + ": Connection refused");

  auto quiet = co_await as_result(io::tcp_stream::connect(nobody.where()));
  CHECK(quiet.error == std::errc::connection_refused);
  CHECK_FALSE(quiet.value.is_open());
}

COROUTINE_TEST_CASE("a connection that nobody answers can be timed out", "[io][tcp]") {
  // The backlog of one is full after two, and further SYNs are dropped.
  io::listen_options options;
  options.backlog = 0;
  io::tcp_listener listener = listen_on_loopback(options);
  std::vector<io::tcp_stream> waiting;
  bool timed_out = false;
  while (!timed_out && waiting.size() < 10) {
    std::optional<io::tcp_stream> stream =
        co_await try_timeout(50ms, io::tcp_stream::connect(listener.local_address()));
    timed_out = !stream.has_value();
    if (!timed_out) waiting.push_back(std::move(*stream));
  }
  CHECK(timed_out);
}

COROUTINE_TEST_CASE("a connect that was cancelled before it began does nothing", "[io][tcp]") {
  io::tcp_listener listener = listen_on_loopback();
  const io::address where = listener.local_address();
  const auto connect = [&]() -> task<> { (void)co_await io::tcp_stream::connect(where); };
  auto attempt = spawn(connect);
  attempt.cancel();
  const auto end = co_await as_result(attempt);
  CHECK(end.cancelled());
  const auto accepted = co_await try_timeout(10ms, listener.accept());
  CHECK_FALSE(accepted.has_value());
}

COROUTINE_TEST_CASE("a connection is made from the address that was asked for",
                    "[io][tcp][kernel]") {
  io::tcp_listener listener = listen_on_loopback();
  io::connect_options options;
  options.local = io::address("127.0.0.2", 0);
  io::tcp_stream client = co_await io::tcp_stream::connect(listener.local_address(), options);
  io::tcp_stream server = co_await listener.accept();
  CHECK(server.peer_address().host() == "127.0.0.2");

  options.local = io::address("192.0.2.1", 0);
  const auto error = co_await error_of(io::tcp_stream::connect(listener.local_address(), options));
  REQUIRE(error.has_value());
  CHECK(error->code() == std::errc::address_not_available);
}

COROUTINE_TEST_CASE("several tasks may accept, and each gets a connection", "[io][tcp]") {
  io::tcp_listener listener = listen_on_loopback();
  const io::address where = listener.local_address();
  auto accepted = when_all(listener.accept(), listener.accept(), listener.accept());
  const auto connect_three = [](io::address to) -> task<std::vector<io::tcp_stream>> {
    std::vector<io::tcp_stream> clients;
    for (int i = 0; i < 3; ++i) clients.push_back(co_await io::tcp_stream::connect(to));
    co_return clients;
  };
  auto clients = spawn(connect_three, where);
  auto three = co_await std::move(accepted);
  CHECK(three.first.peer_address() != three.second.peer_address());
  CHECK(three.second.peer_address() != three.third.peer_address());
  CHECK(three.first.peer_address() != three.third.peer_address());
  (void)co_await clients;
}

COROUTINE_TEST_CASE("a cancelled accept loses no connection", "[io][tcp]") {
  io::tcp_listener listener = listen_on_loopback();
  const auto nobody = co_await try_timeout(1ms, listener.accept());
  CHECK_FALSE(nobody.has_value());

  io::tcp_stream client = co_await io::tcp_stream::connect(listener.local_address());
  io::tcp_stream server = co_await listener.accept();
  CHECK(server.peer_address() == client.local_address());
}

COROUTINE_TEST_CASE("an accept and its timeout race, and no connection is lost", "[io][tcp]") {
  io::tcp_listener listener = listen_on_loopback();
  for (int i = 0; i < 200; ++i) {
    io::tcp_stream client = co_await io::tcp_stream::connect(listener.local_address());
    auto server = co_await try_timeout(i % 3 * 1us, listener.accept());
    if (!server.has_value()) server = co_await listener.accept();
    CHECK(server->peer_address() == client.local_address());
  }
}

COROUTINE_TEST_CASE("closing a listener wakes the tasks that accept", "[io][tcp]") {
  io::tcp_listener listener = listen_on_loopback();
  const io::address where = listener.local_address();
  auto first = spawn([&] { return error_of(listener.accept()); });
  auto second = spawn([&] { return error_of(listener.accept()); });
  co_await let_others_run();
  co_await listener.close();
  CHECK_FALSE(listener.is_open());
  const auto one = co_await first;
  const auto two = co_await second;
  REQUIRE(one.has_value());
  REQUIRE(two.has_value());
  CHECK(one->code() == std::errc::operation_canceled);
  CHECK(says(*one, "accept " + where.to_string() + " (closed)"));
  CHECK(two->code() == std::errc::operation_canceled);

  const auto after = co_await error_of(listener.accept());
  REQUIRE(after.has_value());
  CHECK(after->code() == std::errc::bad_file_descriptor);
  const auto refused = co_await error_of(io::tcp_stream::connect(where));
  REQUIRE(refused.has_value());
  CHECK(refused->code() == std::errc::connection_refused);
}

COROUTINE_TEST_CASE("accept survives that there are no descriptors left", "[io][tcp][kernel]") {
  io::tcp_listener listener = listen_on_loopback();
  io::tcp_stream client = co_await io::tcp_stream::connect(listener.local_address());
  {
    std::optional<no_descriptors_left> limit(std::in_place);
    auto accepting = spawn([&]() -> task<io::tcp_stream> {
      io::tcp_stream accepted = co_await listener.accept();
      co_return accepted;
    });
    co_await sleep_for(5ms);
    CHECK_FALSE(accepting.done());
    limit.reset();
    const io::tcp_stream server = co_await accepting;
    CHECK(server.peer_address() == client.local_address());
  }
}

COROUTINE_TEST_CASE("an accept that waits for descriptors can be cancelled and closed",
                    "[io][tcp]") {
  io::tcp_listener listener = listen_on_loopback();
  const no_descriptors_left limit;
  const auto accepted = co_await try_timeout(5ms, listener.accept());
  CHECK_FALSE(accepted.has_value());

  auto accepting = spawn([&] { return error_of(listener.accept()); });
  co_await sleep_for(3ms);
  co_await listener.close();
  const auto error = co_await accepting;
  REQUIRE(error.has_value());
  CHECK(error->code() == std::errc::operation_canceled);
}

COROUTINE_TEST_CASE("connecting without descriptors fails", "[io][tcp][kernel]") {
  io::tcp_listener listener = listen_on_loopback();
  const no_descriptors_left limit;
  const auto error = co_await error_of(io::tcp_stream::connect(listener.local_address()));
  REQUIRE(error.has_value());
  CHECK(error->code() == std::errc::too_many_files_open);
  CHECK(says(*error, "socket for " + listener.local_address().to_string()));
}

COROUTINE_TEST_CASE("a connection that was reset before it was accepted does no harm",
                    "[io][tcp]") {
  io::tcp_listener listener = listen_on_loopback();
  {
    io::tcp_stream gone = co_await io::tcp_stream::connect(listener.local_address());
    gone.set_zero_linger();
  }
  io::tcp_stream client = co_await io::tcp_stream::connect(listener.local_address());
  // Linux gives out the dead connection too; it fails when it is read.
  io::tcp_stream server = co_await listener.accept();
  if (server.peer_address() != client.local_address()) server = co_await listener.accept();
  CHECK(server.peer_address() == client.local_address());
}

COROUTINE_TEST_CASE("descriptors are closed on exec and in blocking mode", "[io][tcp][kernel]") {
  io::tcp_listener listener = listen_on_loopback();
  auto both =
      co_await when_all(io::tcp_stream::connect(listener.local_address()), listener.accept());
  for (const int fd :
       {listener.native_handle(), both.first.native_handle(), both.second.native_handle()}) {
    CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    CHECK((::fcntl(fd, F_GETFL) & O_NONBLOCK) == 0);
  }
}

COROUTINE_TEST_CASE("TCP_NODELAY is on unless told otherwise", "[io][tcp]") {
  connected pair = co_await connect_pair();
  CHECK(pair.client.no_delay());
  CHECK(pair.server.no_delay());
  pair.client.set_no_delay(false);
  CHECK_FALSE(pair.client.no_delay());

  io::listen_options slow_listen;
  slow_listen.no_delay = false;
  io::connect_options slow_connect;
  slow_connect.no_delay = false;
  slow_connect.keep_alive = true;
  io::tcp_listener listener = listen_on_loopback(slow_listen);
  io::tcp_stream client = co_await io::tcp_stream::connect(listener.local_address(), slow_connect);
  io::tcp_stream server = co_await listener.accept();
  CHECK_FALSE(client.no_delay());
  CHECK(client.keep_alive());
  CHECK_FALSE(server.no_delay());
  CHECK_FALSE(server.keep_alive());
}

COROUTINE_TEST_CASE("options of a stream can be set and read", "[io][tcp]") {
  connected pair = co_await connect_pair();
  CHECK_FALSE(pair.client.keep_alive());
  pair.client.set_keep_alive(io::keep_alive_times());
  CHECK(pair.client.keep_alive());
  pair.client.set_keep_alive(false);
  CHECK_FALSE(pair.client.keep_alive());
  pair.client.set_receive_buffer_size(32 * 1024);
  CHECK(pair.client.receive_buffer_size() == 64 * 1024);
  pair.client.set_send_buffer_size(32 * 1024);
  CHECK(pair.client.send_buffer_size() == 64 * 1024);

  co_await pair.client.close();
  CHECK_THROWS_AS(pair.client.set_no_delay(true), std::system_error);
  CHECK_THROWS_AS(pair.client.keep_alive(), std::system_error);
  CHECK_THROWS_AS(pair.client.local_address(), std::system_error);
}

COROUTINE_TEST_CASE("a foreign descriptor can be taken over", "[io][tcp][kernel]") {
  connected pair = co_await connect_pair();
  const int fd = pair.client.release();
  CHECK_FALSE(pair.client.is_open());
  ::fcntl(fd, F_SETFL, O_NONBLOCK);
  ::fcntl(fd, F_SETFD, 0);
  io::tcp_stream adopted(fd);
  CHECK(adopted.peer_address() == pair.server.local_address());
  CHECK((::fcntl(fd, F_GETFL) & O_NONBLOCK) == 0);
  CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
  co_await adopted.write_all(io::bytes_of("hi"));
  char text[2];
  co_await pair.server.read_exact(std::as_writable_bytes(std::span(text)));
  CHECK(std::string(text, 2) == "hi");

  const int unconnected = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK_THROWS_AS(io::tcp_stream(unconnected), std::system_error);
  CHECK(::fcntl(unconnected, F_GETFD) == -1);
}
