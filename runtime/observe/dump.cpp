#include <lariat/runtime/observe/dump.hpp>

#include <lariat/runtime/observe/detail/registry.hpp>
#include <lariat/sched/loop/loop.hpp>
#include <lariat/sched/report/detail/task_tree.hpp>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace lariat {
namespace {

// What `dump_tasks` asks of a loop on another thread. Both sides hold it: either may be late.
struct answer {
  std::mutex mutex;
  std::condition_variable arrived;
  bool done = false;
  std::string text;
};

class question final : public runnable {
 public:
  question(loop& where, std::shared_ptr<answer> reply) : where_(where), reply_(std::move(reply)) {}
  void run() noexcept override {
    const std::unique_ptr<question> self(this);
    std::string text = task_tree(where_);
    std::lock_guard lock(reply_->mutex);
    reply_->text = std::move(text);
    reply_->done = true;
    reply_->arrived.notify_one();
  }

 private:
  loop& where_;
  std::shared_ptr<answer> reply_;
};

}  // namespace

std::string task_tree(loop& where) { return detail::task_tree(where); }

void dump_tasks(std::FILE* out) {
  std::vector<std::shared_ptr<answer>> answers;
  detail::for_each_loop([&](loop& each) {
    auto reply = std::make_shared<answer>();
    answers.push_back(reply);
    if (&each == loop::current()) {
      reply->text = task_tree(each);
      reply->done = true;
    } else {
      each.post(*new question(each, reply));
    }
  });
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  for (std::size_t index = 0; index < answers.size(); ++index) {
    answer& reply = *answers[index];
    std::unique_lock lock(reply.mutex);
    reply.arrived.wait_until(lock, limit, [&] { return reply.done; });
    std::fprintf(out, "loop %zu%s\n%s", index,
                 reply.done ? ":" : " does not answer: a task keeps it busy", reply.text.c_str());
  }
  std::fflush(out);
}

}  // namespace lariat
