#include <lariat/runtime/run/detail/runtime_core.hpp>

#include <lariat/runtime/run/detail/shutdown_watch.hpp>
#include <lariat/runtime/run/detail/sigint.hpp>
#include <lariat/runtime/run/runtime.hpp>
#include <lariat/sched/cancel/detail/is_cancelled.hpp>
#include <lariat/sched/executor/runtime_closed.hpp>
#include <lariat/sched/loop/detail/failure_text.hpp>
#include <lariat/sched/thread/detail/affinity.hpp>

#include <cstdio>
#include <stdexcept>
#include <string>
#include <utility>

namespace lariat::detail {
namespace {

constexpr std::size_t loops_max = 65'536;

// The CPU of each loop, -1 for all: none is pinned.
std::vector<int> cpus_of_loops(const runtime_options& options) {
  std::vector<int> chosen(options.loops, -1);
  if (!options.pin_loops && options.loop_cpus == nullptr) return chosen;
  const std::vector<unsigned> cpus =
      options.loop_cpus == nullptr ? affine_cpus() : cpus_in(options.loop_cpus);
  if (cpus.size() < options.loops) {
    throw std::invalid_argument("lariat: runtime: pin_loops: " + std::to_string(options.loops) +
                                " loops want a CPU each, and there are " +
                                std::to_string(cpus.size()) + " (" + cpu_list_text(cpus) + ")");
  }
  for (std::size_t index = 0; index < options.loops; ++index) {
    pinned_thread::check(cpus[index]);
    chosen[index] = static_cast<int>(cpus[index]);
  }
  return chosen;
}

}  // namespace

runtime_core::runtime_core(runtime& owner, const runtime_options& options)
    : options_(options),
      work_(
          options.loops,
          [](void* core) noexcept {
            for (auto& thread : static_cast<runtime_core*>(core)->threads_) thread->end();
          },
          this),
      stuck_(options.loops),
      blocking_(std::in_place),
      computing_(std::in_place, options.pool) {
  if (options.loops == 0) throw std::invalid_argument("lariat: runtime: it needs a loop at least");
  if (options.loops > loops_max) {
    throw std::invalid_argument("lariat: runtime: more than 65536 loops, each with a thread");
  }
  const std::vector<int> cpus = cpus_of_loops(options);
  for (std::size_t index = 0; index < options.loops; ++index) {
    threads_.push_back(std::make_unique<loop_thread>(options, cpus[index], work_, stuck_));
    loop& made = threads_.back()->loop();
    made.on_failure(&runtime_core::failure_hook, this);
    made.set_blocking(&*blocking_);
    made.set_computing(&*computing_);
  }
  try {
    for (std::size_t index = 1; index < options.loops; ++index) {
      threads_[index]->start_thread(owner, index);
    }
  } catch (...) {
    give_up_unstarted();
    throw;
  }
}

void runtime_core::leave_behind() noexcept {
  // In a list, so that a leak checker finds it.
  static constinit std::atomic<runtime_core*> left_last{nullptr};
  left_before_ = left_last.exchange(this);
}

// No thread could be had for one of the loops: those that run end.
void runtime_core::give_up_unstarted() noexcept {
  for (auto& thread : threads_) {
    if (thread->has_thread()) thread->close();
  }
  for (auto& thread : threads_) {
    if (!thread->has_thread()) work_.remove();
  }
  for (auto& thread : threads_) thread->join();
}

void runtime_core::failure_hook(void* core, const unhandled_failure& failure) noexcept {
  static_cast<runtime_core*>(core)->report(failure);
}

void runtime_core::report(const unhandled_failure& failure) noexcept {
  const unhandled_action action =
      options_.on_unhandled == nullptr ? unhandled_action::report : options_.on_unhandled(failure);
  if (action == unhandled_action::ignore) return;
  std::fprintf(stderr, "%s\n", failure_text(failure).c_str());
  {
    const std::lock_guard lock(mutex_);
    failures_.push_back(failure.error());
  }
  if (action == unhandled_action::stop) cancel_main();
}

void runtime_core::cancel_main() noexcept {
  class canceller final : public runnable {
   public:
    explicit canceller(runtime_core& core) noexcept : core_(core) {}
    void run() noexcept override {
      const std::unique_ptr<canceller> self(this);
      if (core_.main_ != nullptr) core_.main_->cancel("another task failed");
      core_.first().loop().arrived();
    }

   private:
    runtime_core& core_;
  };
  loop& where = first().loop();
  auto call = std::make_unique<canceller>(*this);
  if (where.announce()) where.post(*call.release());
}

void runtime_core::run_main(runtime& owner, main_task_base& main) {
  if (inherited()) {
    throw std::logic_error(
        "lariat: block_on: the runtime belongs to the process that forked this one; make another");
  }
  if (loop::current() != nullptr) {
    throw std::logic_error(
        "lariat: block_on was called from inside a running loop; co_await the task instead");
  }
  if (stopped()) throw runtime_closed("block_on");
  if (in_block_on_.exchange(true)) {
    throw std::logic_error("lariat: block_on: it is running already, on another thread");
  }
  struct leaver {
    std::atomic<bool>& flag;
    ~leaver() { flag = false; }
  } const leave{in_block_on_};
  if (!first().has_thread() && !first().belongs_here()) {
    throw std::logic_error(
        "lariat: block_on: the first loop belongs to the thread that called block_on first; for "
        "several threads call runtime::start");
  }
  main_done_ = false;
  main.announce(*this);
  // Before it can run: what it says may make somebody send the signal.
  const sigint_guard guard(first().loop(), main, options_.sigint == sigint_action::cancel_main);
  main.launch();
  if (first().has_thread()) {
    std::unique_lock lock(mutex_);
    main_over_.wait(lock, [this] { return main_done_; });
  } else {
    first().run_here(owner, main_done_);
  }
  if (!guard.interrupted() || main.failure() == nullptr) return;
  if (!is_cancelled(*main.failure())) return;
  // Here rather than by an exception: one that nobody catches would end the process by abort,
  // before anything is cleaned up.
  (void)shut_down(owner);  // Each failure was printed when it happened.
  std::fflush(nullptr);
  die_by_sigint();
}

void runtime_core::main_ended() noexcept {
  main_ = nullptr;
  // Notified under the lock: `block_on` returns as soon as it has it.
  const std::lock_guard lock(mutex_);
  main_done_ = true;
  main_over_.notify_one();
}

const char* runtime_core::obstacle_to_shutdown() noexcept {
  if (inherited()) {
    return "lariat: runtime::shutdown: the runtime belongs to the process that forked this one";
  }
  if (stopped()) return nullptr;
  if (loop::current() != nullptr) {
    return "lariat: runtime::shutdown was called from inside a running loop, which it would block";
  }
  if (first().has_thread()) return nullptr;
  if (in_block_on_) {
    return "lariat: runtime::shutdown: block_on is running on another thread; let its task end";
  }
  if (!first().belongs_here()) {
    return "lariat: runtime::shutdown: the first loop belongs to the thread that called block_on";
  }
  return nullptr;
}

std::vector<std::exception_ptr> runtime_core::shut_down(runtime& owner) {
  if (stopped_.exchange(true)) return {};
  shutdown_watch watch(options_.shutdown_timeout_ns, *blocking_, *computing_);
  work_.close();  // First: what comes from outside is refused, so that there is an end of it.
  for (auto& thread : threads_) thread->close();
  if (!first().has_thread()) first().run_to_end(owner);
  for (auto& thread : threads_) thread->join();
  watch.loops_ended();
  computing_.reset();
  blocking_.reset();  // Waits for functions whose tasks have abandoned them.
  const std::lock_guard lock(mutex_);
  return std::exchange(failures_, {});
}

void main_task_base::announce(runtime_core& core) {
  loop& where = core.first().loop();
  core_ = &core;
  set_name("main");
  place(where, {});
  // At last: what is announced is posted, or the loop would wait for it for ever.
  if (!where.announce()) throw runtime_closed("block_on");
}

void main_task_base::launch() noexcept { owner()->post(*this); }

void main_task_base::first_run() noexcept {
  attach();
  owner()->arrived();
  core_->main_started(*this);
  try {
    if (must_cancel()) throw_cancelled();
    begin();
  } catch (...) {
    refuse(std::current_exception());
    end();
  }
}

void main_task_base::end() noexcept {
  ended_ = true;
  detach();
  core_->main_ended();
}

}  // namespace lariat::detail
