#include <lariat/sched/pool/detail/pool_wait.hpp>

#include <lariat/sched/pool/pool.hpp>
#include <lariat/sched/text/detail/shown_name.hpp>
#include <lariat/sched/thread/detail/fork_listener.hpp>
#include <lariat/sched/thread/detail/process_object.hpp>

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <stdexcept>
#include <vector>

namespace lariat::detail {
namespace {

struct edge {
  const pool* waiting;
  const pool* target;
  friend bool operator==(const edge&, const edge&) = default;
};

// The waits between the pools of the process. Never destroyed, as the process's pool is not.
class pool_waits {
 public:
  static pool_waits& all() {
    static constinit process_object<pool_waits> instance;
    return instance.get();
  }

  // False, and nothing is recorded, if the wait would close a cycle.
  [[nodiscard]] bool add(edge wait) {
    const std::lock_guard lock(mutex_);
    std::vector<const pool*> reached{wait.target};
    for (std::size_t i = 0; i < reached.size(); ++i) {
      if (reached[i] == wait.waiting) return false;
      for (const edge& each : edges_) {
        if (each.waiting != reached[i]) continue;
        if (std::find(reached.begin(), reached.end(), each.target) != reached.end()) continue;
        reached.push_back(each.target);
      }
    }
    edges_.push_back(wait);
    return true;
  }

  void remove(edge wait) noexcept {
    const std::lock_guard lock(mutex_);
    const auto place = std::find(edges_.begin(), edges_.end(), wait);
    if (place != edges_.end())
      edges_.erase(place);  // Not there in a forked child, which clears all.
  }

 private:
  static void forget(void* self) noexcept { static_cast<pool_waits*>(self)->edges_.clear(); }

  std::vector<edge> edges_;
  fork_safe_mutex mutex_;
  fork_listener forks_{{.in_child = &forget}, this};  // Told before the mutex is given up.
};

}  // namespace

pool_wait::pool_wait(const pool& waiting, const pool& target) : waiting_(waiting), target_(target) {
  if (pool_waits::all().add({&waiting, &target})) return;
  throw std::logic_error("lariat: to_pool(...).get(): deadlock: a worker of pool " +
                         shown_name(waiting.name()) + " would wait for pool " +
                         shown_name(target.name()) + ", where a worker waits for " +
                         shown_name(waiting.name()) +
                         ". Let a task co_await the call, or give both calls the same pool");
}

pool_wait::~pool_wait() { pool_waits::all().remove({&waiting_, &target_}); }

}  // namespace lariat::detail
