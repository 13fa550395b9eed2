#include <lariat/sched/detail/wait_chain.hpp>

#include <lariat/sched/context.hpp>
#include <lariat/sched/detail/site_text.hpp>
#include <lariat/sched/loop.hpp>
#include <lariat/sched/operation.hpp>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace lariat::detail {
namespace {

// Who waits for whom, among the tasks of one loop.
class wait_graph {
 public:
  explicit wait_graph(loop& where) {
    where.for_each_task([this](const context& task) {
      by_id_.emplace(task.id(), &task);
      if (task.parent() != nullptr) children_[task.parent()].push_back(&task);
    });
  }

  // The tasks on a way from `from` to `to`, without `to`; empty if there is none.
  std::vector<const context*> way(std::uint64_t from, const context& to) {
    const auto begin = by_id_.find(from);
    if (begin == by_id_.end()) return {};
    std::vector<const context*> reached{begin->second};
    came_from_.emplace(begin->second, nullptr);
    for (std::size_t next = 0; next < reached.size(); ++next) {
      const context* const task = reached[next];
      for (const context* each : dependencies(*task)) {
        if (each == &to) return way_back(task);
        if (came_from_.emplace(each, task).second) reached.push_back(each);
      }
    }
    return {};
  }

 private:
  std::vector<const context*> dependencies(const context& task) const {
    std::vector<const context*> all;
    if (task.waiting_in() == nullptr) return all;
    const operation::dependency needs = task.waiting_in()->depends_on();
    const auto other = by_id_.find(needs.task);
    if (other != by_id_.end()) all.push_back(other->second);
    const auto own = children_.find(&task);
    if (needs.children && own != children_.end()) {
      all.insert(all.end(), own->second.begin(), own->second.end());
    }
    return all;
  }

  std::vector<const context*> way_back(const context* last) const {
    std::vector<const context*> all;
    for (; last != nullptr; last = came_from_.at(last)) all.push_back(last);
    std::reverse(all.begin(), all.end());
    return all;
  }

  std::unordered_map<std::uint64_t, const context*> by_id_;
  std::unordered_map<const context*, std::vector<const context*>> children_;
  std::unordered_map<const context*, const context*> came_from_;
};

// Most holders run, or wait for time or the kernel: then there is nothing to look for, nor to
// allocate.
bool waits_for_tasks(loop& where, std::uint64_t id) {
  bool waits = false;
  where.for_each_task([&](const context& task) {
    if (task.id() != id || task.waiting_in() == nullptr) return;
    const operation::dependency needs = task.waiting_in()->depends_on();
    waits = needs.task != 0 || needs.children;
  });
  return waits;
}

}  // namespace

bool deadlock_checks() noexcept {
#ifdef NDEBUG
  static const bool on = [] {
    const char* const value = std::getenv("LARIAT_DEBUG");
    return value != nullptr && value == std::string_view("1");
  }();
  return on;
#else
  return true;
#endif
}

std::string task_text(const context& task) {
  std::string text = "task " + std::to_string(task.id());
  if (!task.name().empty()) text += " \"" + std::string(task.name()) + '"';
  return text;
}

std::string wait_chain(loop& where, std::uint64_t from, const context& to) {
  std::string text;
  if (!waits_for_tasks(where, from)) return text;
  for (const context* each : wait_graph(where).way(from, to)) {
    const operation& waits = *each->waiting_in();
    text += (text.empty() ? "" : "; ") + task_text(*each) + " awaits " + waits.info().name;
    if (waits.waiter() != nullptr) text += " at " + site_text(waits.waiter()->site());
  }
  return text;
}

}  // namespace lariat::detail
