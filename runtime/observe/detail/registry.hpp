#pragma once

#include <lariat/sched/loop/loop.hpp>

#include <functional>

namespace lariat::detail {

/// Makes a loop known to the process, for dumps, while it runs.
class registered_loop {
 public:
  explicit registered_loop(loop& entry);
  registered_loop(const registered_loop&) = delete;
  registered_loop& operator=(const registered_loop&) = delete;
  ~registered_loop();

 private:
  loop& entry_;
};

/// Calls `visit` for each loop that runs, none of which can end meanwhile: be brief.
void for_each_loop(const std::function<void(loop&)>& visit);

}  // namespace lariat::detail
