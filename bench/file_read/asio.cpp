// Cached random reads on Boost.Asio's random_access_file, which exists on Linux with io_uring only:
// a coroutine per read in flight.

#define BOOST_ASIO_HAS_IO_URING 1
#define BOOST_ASIO_DISABLE_EPOLL 1

#include "reads.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_random_access_file.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

namespace asio = boost::asio;
using executor = asio::io_context::executor_type;
using file = asio::basic_random_access_file<executor>;
constexpr asio::as_tuple_t<asio::deferred_t> as_tuple;

static asio::awaitable<void, executor> read_all(file& input, bench::reads& work, unsigned slot) {
  const auto into = asio::buffer(work.buffer(slot), bench::reads::block);
  for (bool more = true; more;) {
    auto [error, got] = co_await input.async_read_some_at(work.next_offset(), into, as_tuple);
    more = work.count(error ? -error.value() : static_cast<std::int64_t>(got));
  }
}

int main(int argc, char** argv) {
  bench::reads work(argc, argv);
  asio::io_context context(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE);
  file input(context, work.path, file::read_only);
  for (unsigned slot = 0; slot < work.depth; ++slot) {
    co_spawn(context, read_all(input, work, slot), asio::detached);
  }
  work.start();
  context.run();
  work.report("asio");
}
