#include <lariat/runtime/runtime.hpp>

#include <lariat/io/loop_driver.hpp>
#include <lariat/runtime/detail/registry.hpp>
#include <lariat/runtime/detail/sigint.hpp>
#include <lariat/runtime/dump.hpp>
#include <lariat/runtime/to_loop.hpp>
#include <lariat/sched/detail/failure_text.hpp>
#include <lariat/sched/detail/is_cancelled.hpp>
#include <lariat/sched/exception_group.hpp>
#include <lariat/sched/loop.hpp>
#include <lariat/sched/timer.hpp>

#include <pthread.h>

#include <cstdio>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace lariat {
namespace {

thread_local runtime* current_runtime = nullptr;

io::loop_driver_options driver_options(const runtime_options& options) {
  io::loop_driver_options chosen;
  chosen.entries = options.ring_entries;
  return chosen;
}

}  // namespace

namespace detail {

/// A loop with its ring and, but for the first one while `block_on` runs it, its thread.
class loop_room {
 public:
  explicit loop_room(const runtime_options& options)
      : driver_(driver_options(options)), loop_(driver_, options.limits) {}

  [[nodiscard]] lariat::loop& loop() noexcept { return loop_; }
  [[nodiscard]] bool has_thread() const noexcept { return thread_.joinable(); }

  void start_thread(runtime& owner, std::size_t index, clock_ns grace) {
    thread_ = std::thread([this, &owner, index, grace] {
      const std::string name = "lariat/" + std::to_string(index);
      ::pthread_setname_np(::pthread_self(), name.c_str());
      run_here(owner, stop_);
      drain_tasks(owner, grace);
    });
  }

  void run_here(runtime& owner, const bool& done) {
    runtime* outer = std::exchange(current_runtime, &owner);
    registered_loop entry(loop_);
    try {
      loop_.run_until(done);
    } catch (...) {
      current_runtime = outer;
      throw;
    }
    current_runtime = outer;
  }

  // Cancels every task and runs them to their ends; names those that take longer than the grace.
  void drain_tasks(runtime& owner, clock_ns grace) {
    loop_.close("the runtime is shutting down");
    reminder_.start(grace);
    run_here(owner, loop_.drained());
    reminder_.stop();
    driver_.drain();
  }

  void stop_and_join() {
    if (!thread_.joinable()) return;
    loop_.post(stopper_);
    thread_.join();
  }

 private:
  // Tells of tasks that take long to end, and cancels them again. Outlives its place in the queue.
  class reminder final : public runnable {
   public:
    explicit reminder(lariat::loop& where) noexcept : where_(where) {}
    void start(clock_ns grace) {
      grace_ = grace;
      where_.timers().insert(timer_, deadline_after(where_.now(), grace));
    }
    void stop() noexcept {
      if (timer_.armed()) where_.timers().cancel(timer_);
    }
    void run() noexcept override {
      if (where_.drained()) return;
      std::fprintf(stderr, "lariat: tasks that have not ended %.3g s after their cancel:\n%s",
                   static_cast<double>(grace_) / 1e9, task_tree(where_).c_str());
      where_.cancel_all("the runtime is shutting down");
      start(grace_);
    }

   private:
    lariat::loop& where_;
    timer_entry timer_{*this};
    clock_ns grace_ = 0;
  };

  class stopper final : public runnable {
   public:
    explicit stopper(bool& flag) noexcept : flag_(flag) {}
    void run() noexcept override { flag_ = true; }

   private:
    bool& flag_;
  };

  io::loop_driver driver_;
  lariat::loop loop_;
  reminder reminder_{loop_};
  std::thread thread_;
  bool stop_ = false;  // The loop's thread's own.
  stopper stopper_{stop_};
};

class runtime_core {
 public:
  explicit runtime_core(const runtime_options& options) : options(options) {}

  static void failure_hook(void* core, const unhandled_failure& failure) noexcept {
    static_cast<runtime_core*>(core)->report(failure);
  }
  void report(const unhandled_failure& failure) noexcept;

  runtime_options options;
  std::vector<std::unique_ptr<loop_room>> rooms;
  main_task_base* main = nullptr;  // The first loop's thread's own.
  bool stopped = false;

  std::mutex mutex;  // For what tasks on any loop report.
  std::vector<std::exception_ptr> failures;
};

void runtime_core::report(const unhandled_failure& failure) noexcept {
  const unhandled_action action = options.on_unhandled == nullptr
                                      ? unhandled_action::report
                                      : options.on_unhandled(failure);
  if (action == unhandled_action::ignore) return;
  std::fprintf(stderr, "%s\n", failure_text(failure).c_str());
  {
    std::lock_guard lock(mutex);
    failures.push_back(failure.error());
  }
  if (action == unhandled_action::report) return;
  class canceller final : public runnable {
   public:
    explicit canceller(runtime_core& core) noexcept : core_(core) {}
    void run() noexcept override {
      const std::unique_ptr<canceller> self(this);
      if (core_.main != nullptr) core_.main->cancel("another task failed");
    }

   private:
    runtime_core& core_;
  };
  rooms.front()->loop().post(*new canceller(*this));
}

runtime& require_runtime(const char* operation) {
  if (current_runtime != nullptr) return *current_runtime;
  throw std::logic_error(std::string("lariat: ") + operation +
                         ": no runtime's loop runs on this thread");
}

}  // namespace detail

runtime::runtime(runtime_options options)
    : core_(std::make_unique<detail::runtime_core>(options)) {
  if (options.loops == 0) throw std::invalid_argument("lariat: runtime: it needs a loop at least");
  for (std::size_t index = 0; index < options.loops; ++index) {
    core_->rooms.push_back(std::make_unique<detail::loop_room>(options));
    core_->rooms.back()->loop().on_failure(&detail::runtime_core::failure_hook, core_.get());
  }
  for (std::size_t index = 1; index < options.loops; ++index) {
    core_->rooms[index]->start_thread(*this, index, options.shutdown_grace_ns);
  }
}

runtime::~runtime() {
  try {
    shutdown();
  } catch (...) {
    // Each of them was printed when it happened.
  }
}

runtime* runtime::current() noexcept { return current_runtime; }

std::size_t runtime::loops() const noexcept { return core_->rooms.size(); }

loop& runtime::loop_at(std::size_t index) const {
  if (index < core_->rooms.size()) return core_->rooms[index]->loop();
  throw std::out_of_range("lariat: there is no loop " + std::to_string(index) +
                          "; the runtime has " + std::to_string(core_->rooms.size()));
}

detail::spawn_place runtime::spawn_here() {
  if (core_->stopped) throw std::logic_error("lariat: spawn: the runtime has been shut down");
  return {loop_at(0)};
}

void runtime::start() {
  if (core_->stopped) throw std::logic_error("lariat: start: the runtime has been shut down");
  if (core_->rooms.front()->has_thread()) {
    throw std::logic_error("lariat: start: the runtime has been started already");
  }
  core_->rooms.front()->start_thread(*this, 0, core_->options.shutdown_grace_ns);
}

void runtime::run_main(detail::main_task_base& main) {
  if (core_->stopped) throw std::logic_error("lariat: block_on: the runtime has been shut down");
  detail::loop_room& room = *core_->rooms.front();
  core_->main = &main;
  const detail::sigint_guard guard(room.loop(), main,
                                   core_->options.sigint == sigint_action::cancel_main);
  room.run_here(*this, main.finished);
  core_->main = nullptr;
  if (!guard.interrupted() || main.failure() == nullptr) return;
  if (!detail::is_cancelled(*main.failure())) return;
  // Here rather than by an exception: one that nobody catches would end the process by abort,
  // before anything is cleaned up.
  try {
    shutdown();
  } catch (...) {
    // Each of them was printed when it happened.
  }
  std::fflush(nullptr);
  detail::die_by_sigint();
}

void runtime::shutdown() {
  if (std::exchange(core_->stopped, true)) return;
  detail::loop_room& first = *core_->rooms.front();
  // The first loop goes last: tasks of the others may wait for tasks of it.
  const bool own_thread = first.has_thread();
  if (!own_thread) first.loop().close("the runtime is shutting down");
  for (auto& room : core_->rooms) room->stop_and_join();
  if (!own_thread) first.drain_tasks(*this, core_->options.shutdown_grace_ns);
  std::vector<std::exception_ptr> failures = std::exchange(core_->failures, {});
  if (!failures.empty()) {
    throw exception_group("tasks that nobody awaited failed", std::move(failures));
  }
}

}  // namespace lariat
