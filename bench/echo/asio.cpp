// Echo server on Boost.Asio with C++20 coroutines. With BOOST_ASIO_HAS_IO_URING and
// BOOST_ASIO_DISABLE_EPOLL it is the io_uring one.
//
// Tuned as its documentation advises for one thread: the concurrency hint without locks, the
// concrete executor type instead of any_io_executor, tuples instead of exceptions, and deferred
// instead of use_awaitable, which spares a coroutine frame per operation.

#include "listen.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>

namespace asio = boost::asio;
using executor = asio::io_context::executor_type;
template <class T>
using task = asio::awaitable<T, executor>;
constexpr asio::as_tuple_t<asio::deferred_t> as_tuple;

namespace {

template <class Protocol>
task<void> serve(asio::basic_stream_socket<Protocol, executor> peer, std::size_t size) {
  std::vector<char> buffer(size);
  for (;;) {
    auto [read_error, got] = co_await peer.async_read_some(asio::buffer(buffer), as_tuple);
    if (read_error) co_return;
    auto [error, sent] =
        co_await asio::async_write(peer, asio::buffer(buffer.data(), got), as_tuple);
    if (error) co_return;
  }
}

template <class Protocol>
task<void> accept_all(asio::basic_socket_acceptor<Protocol, executor>& acceptor, std::size_t size) {
  for (;;) {
    auto [error, peer] = co_await acceptor.async_accept(as_tuple);
    if (error) bench::fail("accept", error.value());
    co_spawn(acceptor.get_executor(), serve<Protocol>(std::move(peer), size), asio::detached);
  }
}

template <class Protocol>
void run(asio::io_context& context, Protocol protocol, int listener, std::size_t size) {
  asio::basic_socket_acceptor<Protocol, executor> acceptor(context, protocol, listener);
  co_spawn(context, accept_all<Protocol>(acceptor, size), asio::detached);
  bench::announce(listener);
  context.run();
}

}  // namespace

int main(int argc, char** argv) {
  bench::end_after(bench::option(argc, argv, "lifetime", std::int64_t{120}));
  bench::raise_descriptor_limit();
  const std::size_t size = bench::buffer_bytes(argc, argv);
  const bench::endpoint at(argc, argv);
  const int listener = bench::open_listener(at, 0);
  asio::io_context context(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE);
  if (at.local()) {
    run(context, asio::local::stream_protocol(), listener, size);
  } else {
    run(context, asio::ip::tcp::v4(), listener, size);
  }
}
