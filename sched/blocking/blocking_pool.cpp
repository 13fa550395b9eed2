#include <lariat/sched/blocking/blocking_pool.hpp>

#include <lariat/sched/loop/detail/home_loop.hpp>
#include <lariat/sched/loop/loop.hpp>
#include <lariat/sched/thread/detail/process_object.hpp>

#include <memory>
#include <utility>

namespace lariat {

blocking_pool::blocking_pool(lane_options default_lane) : default_lane_("blocking", default_lane) {}

blocking_pool::~blocking_pool() = default;

blocking_pool& blocking_pool::of_process() {
  static constinit detail::process_object<blocking_pool> all;
  return all.get([] {
    auto made = std::make_unique<blocking_pool>();
    made->for_ever_ = true;
    made->default_lane_.live_for_ever();
    return made;
  });
}

blocking_pool& blocking_pool::of(const loop& where) {
  blocking_pool* own = where.blocking();
  return own == nullptr ? of_process() : *own;
}

blocking_pool& blocking_pool::current() {
  const loop* const home = detail::home_loop();
  return home == nullptr ? of_process() : of(*home);
}

lane* blocking_pool::find(std::string_view name) const noexcept {
  for (const auto& each : named_) {
    if (each->name() == name) return each.get();
  }
  return nullptr;
}

lane& blocking_pool::named_lane(std::string_view name, lane_options options) {
  {
    const std::lock_guard lock(mutex_);
    if (lane* const known = find(name)) return *known;
  }
  auto made = std::make_unique<lane>(std::string(name), options);  // Before the mutex is taken.
  if (for_ever_) made->live_for_ever();
  const std::lock_guard lock(mutex_);
  if (lane* const known = find(name)) return *known;
  return *named_.emplace_back(std::move(made));
}

}  // namespace lariat
