#include <lariat/sched/channel.hpp>

#include <lariat/sched/loop.hpp>

#include <stdexcept>
#include <string>

namespace lariat {

channel_closed::channel_closed()
    : std::system_error(std::make_error_code(std::errc::broken_pipe), "channel: closed") {}

namespace detail {

void refuse_to_block_loop(const char* operation) {
  if (loop::current() == nullptr) return;
  throw std::logic_error("lariat: " + std::string(operation) +
                         " would block the loop that runs on this thread; co_await the operation");
}

void throw_end_is_empty(const char* operation) {
  throw std::logic_error("lariat: " + std::string(operation) +
                         ": this end has no channel: it was moved from, reset, or never had one");
}

}  // namespace detail
}  // namespace lariat
