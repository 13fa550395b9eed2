#include <lariat/sched/blocking_pool.hpp>

#include <lariat/sched/detail/home_loop.hpp>
#include <lariat/sched/loop.hpp>

#include <utility>

namespace lariat {
namespace {

// Never destroyed: a function of one of its threads may call exit.
blocking_pool& process_pool() {
  static auto* const all = new blocking_pool;
  return *all;
}

}  // namespace

blocking_pool::blocking_pool(lane_options default_lane) : default_lane_("blocking", default_lane) {}

blocking_pool::~blocking_pool() = default;

blocking_pool& blocking_pool::of(const loop& where) {
  blocking_pool* own = where.blocking();
  return own == nullptr ? process_pool() : *own;
}

blocking_pool& blocking_pool::current() {
  const loop* const home = detail::home_loop();
  return home == nullptr ? process_pool() : of(*home);
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
  auto made = std::make_unique<lane>(std::string(name), options);  // Not under that mutex.
  const std::lock_guard lock(mutex_);
  if (lane* const known = find(name)) return *known;
  return *named_.emplace_back(std::move(made));
}

}  // namespace lariat
