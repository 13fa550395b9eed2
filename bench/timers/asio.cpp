// Timers on Boost.Asio: a heap per clock; a cancelled wait completes through the scheduler, in the
// turn that is part of the cost. Handler memory comes from Asio's own recycling.

#include "pattern.hpp"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <deque>

namespace asio = boost::asio;

namespace {

using timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>,
                                         asio::io_context::executor_type>;

class timers {
 public:
  explicit timers(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) timers_.emplace_back(context_);
  }

  void set(std::size_t slot, std::int64_t delay_ns) {
    timers_[slot].expires_at(now_ + std::chrono::nanoseconds(delay_ns));
    timers_[slot].async_wait([](const boost::system::error_code&) {});
  }

  void cancel(std::size_t slot) { timers_[slot].cancel(); }

  void turn() {
    now_ = std::chrono::steady_clock::now();
    context_.poll();
  }

 private:
  asio::io_context context_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE};
  std::chrono::steady_clock::time_point now_ = std::chrono::steady_clock::now();
  std::deque<timer> timers_;
};

}  // namespace

int main(int argc, char** argv) { bench::measure_timers<timers>(argc, argv, "asio"); }
