#include <lariat/runtime/run/runtime.hpp>

#include <lariat/runtime/run/detail/loop_thread.hpp>
#include <lariat/runtime/run/detail/runtime_core.hpp>
#include <lariat/runtime/run/run.hpp>
#include <lariat/runtime/run/to_loop.hpp>
#include <lariat/sched/executor/runtime_closed.hpp>
#include <lariat/sched/task/exception_group.hpp>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace lariat {
namespace detail {

runtime& require_runtime(const char* operation) {
  if (runtime* running = running_runtime(); running != nullptr) return *running;
  throw std::logic_error(std::string("lariat: ") + operation +
                         ": no runtime's loop runs on this thread");
}

void refuse_nested_run() {
  if (loop::current() == nullptr) return;
  throw std::logic_error(
      "lariat: run() was called from inside a running loop; co_await the task instead");
}

}  // namespace detail

runtime::runtime(runtime_options options)
    : core_(std::make_unique<detail::runtime_core>(*this, options)) {}

runtime::~runtime() {
  if (core_->inherited()) {
    core_.release()->leave_behind();
    return;
  }
  if (const char* obstacle = core_->obstacle_to_shutdown(); obstacle != nullptr) {
    // Tasks would be left behind, with the kernel writing to them.
    std::fprintf(stderr, "%s (by ~runtime)\n", obstacle);
    std::abort();
  }
  (void)core_->shut_down(*this);  // Each failure was printed when it happened.
}

runtime* runtime::current() noexcept { return detail::running_runtime(); }

std::size_t runtime::loops() const noexcept { return core_->size(); }

loop& runtime::loop_at(std::size_t index) const {
  if (index < core_->size()) return core_->thread(index).loop();
  throw std::out_of_range("lariat: there is no loop " + std::to_string(index) +
                          "; the runtime has " + std::to_string(core_->size()));
}

detail::spawn_place runtime::spawn_here() { return {loop_at(0)}; }

void runtime::start() {
  if (core_->stopped()) throw runtime_closed("start");
  if (core_->first().has_thread()) {
    throw std::logic_error("lariat: start: the runtime has been started already");
  }
  if (!core_->first().never_ran()) {
    throw std::logic_error(
        "lariat: start: the first loop belongs to the thread that called block_on; start comes "
        "first");
  }
  core_->first().start_thread(*this, 0);
}

void runtime::run_main(detail::main_task_base& main) { core_->run_main(*this, main); }

void runtime::shutdown() {
  if (const char* obstacle = core_->obstacle_to_shutdown(); obstacle != nullptr) {
    throw std::logic_error(obstacle);
  }
  std::vector<std::exception_ptr> failures = core_->shut_down(*this);
  if (failures.empty()) return;
  throw exception_group("tasks that nobody awaited failed", std::move(failures));
}

}  // namespace lariat
