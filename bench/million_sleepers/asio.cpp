// A million sleeping coroutines on Boost.Asio, each spawned with a steady_timer of its own.

#include "rounds.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>

namespace asio = boost::asio;
using executor = asio::io_context::executor_type;
using timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, executor>;

namespace {

std::int64_t asleep = 0;
std::int64_t awake = 0;

asio::awaitable<void, executor> sleep_once(asio::io_context& context, std::int64_t deadline_ns) {
  timer deadline(context,
                 std::chrono::steady_clock::time_point(std::chrono::nanoseconds(deadline_ns)));
  ++asleep;
  co_await deadline.async_wait(asio::deferred);
  ++awake;
}

}  // namespace

int main(int argc, char** argv) {
  bench::sleepers work(argc, argv);
  asio::io_context context(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE);
  for (int round = 0; round < 2; ++round) {
    asleep = 0;
    awake = 0;
    work.begin();
    for (std::int64_t i = 0; i < work.count; ++i) {
      co_spawn(context, sleep_once(context, work.next_deadline_ns()), asio::detached);
      // A spawned coroutine starts in a turn of the loop, so that its memory is in the cache still.
      if (i % 256 == 255) context.poll();
    }
    while (asleep < work.count) context.poll();
    work.created();
    context.restart();
    context.run();
    work.expired();
    if (awake != work.count) bench::fail("sleepers lost", EIO);
    context.restart();
  }
  work.report("asio");
}
