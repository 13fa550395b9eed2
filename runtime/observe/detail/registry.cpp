#include <lariat/runtime/observe/detail/registry.hpp>

#include <lariat/sched/thread/detail/fork_listener.hpp>
#include <lariat/sched/thread/detail/process_object.hpp>

#include <algorithm>
#include <mutex>
#include <vector>

namespace lariat::detail {
namespace {

struct registry {
  std::vector<loop*> loops;
  fork_safe_mutex mutex;
  // Behind the mutex, hence told before it is given up.
  fork_listener forks{{.in_child = &forget}, &loops};

  // None of them runs in a forked child.
  static void forget(void* loops) noexcept { static_cast<std::vector<loop*>*>(loops)->clear(); }
};

// Never destroyed: loops of static runtimes end after it would be.
registry& all() {
  static constinit process_object<registry> instance;
  return instance.get();
}

}  // namespace

registered_loop::registered_loop(loop& entry) : entry_(entry) {
  std::lock_guard lock(all().mutex);
  all().loops.push_back(&entry);
}

registered_loop::~registered_loop() {
  std::lock_guard lock(all().mutex);
  auto& loops = all().loops;
  // Not there if it was entered before a fork.
  std::erase(loops, &entry_);
}

void for_each_loop(const std::function<void(loop&)>& visit) {
  std::lock_guard lock(all().mutex);
  for (loop* each : all().loops) visit(*each);
}

}  // namespace lariat::detail
