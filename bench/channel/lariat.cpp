// A channel, with --ends threads (both block), loop (a thread sends to a task) or loops (a task to
// a task of another runtime).

#include "items.hpp"

#include <lariat/runtime/run/run.hpp>
#include <lariat/sched/channel/channel.hpp>
#include <lariat/sched/task/task.hpp>

#include <optional>
#include <string>
#include <thread>
#include <utility>

using namespace bench;

namespace {

using sender = lariat::channel_sender<std::int64_t>;
using receiver = lariat::channel_receiver<std::int64_t>;

lariat::task<> send(sender to, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) co_await to.send(i);
}

lariat::task<std::int64_t> add_up(receiver from) {
  std::int64_t sum = 0;
  for (;;) {
    const std::optional<std::int64_t> item = co_await from.receive();
    if (!item) co_return sum;
    sum += *item;
  }
}

void send_blocking(sender to, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) to.send_blocking(i);
}

std::int64_t add_up_blocking(receiver from) {
  std::int64_t sum = 0;
  while (const std::optional<std::int64_t> item = from.receive_blocking()) sum += *item;
  return sum;
}

}  // namespace

int main(int argc, char** argv) {
  items work(argc, argv);
  const std::string ends = option(argc, argv, "ends", std::string("threads"));
  auto [to, from] = lariat::channel<std::int64_t>(work.capacity);
  work.start();
  std::thread other([&ends, &work, to = std::move(to)]() mutable {
    if (ends == "loops") {
      lariat::run(send(std::move(to), work.count));
    } else {
      send_blocking(std::move(to), work.count);
    }
  });
  const std::int64_t sum =
      ends == "threads" ? add_up_blocking(std::move(from)) : lariat::run(add_up(std::move(from)));
  other.join();
  work.report("lariat", sum);
}
