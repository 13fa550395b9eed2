#include <lariat/runtime/detail/registry.hpp>

#include <algorithm>
#include <mutex>
#include <vector>

namespace lariat::detail {
namespace {

struct registry {
  std::mutex mutex;
  std::vector<loop*> loops;
};

// Never destroyed: loops of static runtimes end after it would be.
registry& all() {
  static auto* const instance = new registry;
  return *instance;
}

}  // namespace

registered_loop::registered_loop(loop& entry) : entry_(entry) {
  std::lock_guard lock(all().mutex);
  all().loops.push_back(&entry);
}

registered_loop::~registered_loop() {
  std::lock_guard lock(all().mutex);
  auto& loops = all().loops;
  loops.erase(std::find(loops.begin(), loops.end(), &entry_));
}

void for_each_loop(const std::function<void(loop&)>& visit) {
  std::lock_guard lock(all().mutex);
  for (loop* each : all().loops) visit(*each);
}

}  // namespace lariat::detail
