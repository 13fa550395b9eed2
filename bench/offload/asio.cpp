// Empty calls from Boost.Asio coroutines to a thread_pool and back: an asynchronous operation of
// our own, two posts, which is the cheapest way there is to await a call (co_spawn on the pool
// would add a coroutine per call).

#include "calls.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

namespace asio = boost::asio;
using executor = asio::io_context::executor_type;

namespace {

template <class Function>
auto to_pool(asio::thread_pool& pool, executor loop, Function function) {
  return asio::async_initiate<const asio::deferred_t, void()>(
      [&pool, loop, function](auto handler) mutable {
        asio::post(pool, [loop, function, handler = std::move(handler)]() mutable {
          function();
          asio::post(loop, std::move(handler));
        });
      },
      asio::deferred);
}

asio::awaitable<void, executor> call_all(asio::thread_pool& pool, executor loop,
                                         bench::calls& work) {
  for (bool more = true; more;) {
    co_await to_pool(pool, loop, [] {});
    more = work.count();
  }
}

}  // namespace

int main(int argc, char** argv) {
  bench::calls work(argc, argv);
  asio::io_context context(1);
  asio::thread_pool pool(work.threads);
  auto busy = asio::make_work_guard(context);
  unsigned running = work.queue;
  for (unsigned i = 0; i < work.queue; ++i) {
    co_spawn(context, call_all(pool, context.get_executor(), work), [&](std::exception_ptr) {
      if (--running == 0) busy.reset();
    });
  }
  work.start();
  context.run();
  work.report("asio");
}
