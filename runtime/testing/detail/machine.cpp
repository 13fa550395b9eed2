#include <lariat/runtime/testing/detail/machine.hpp>

#include <lariat/io/kernel/detail/system_calls.hpp>
#include <lariat/runtime/observe/dump.hpp>
#include <lariat/sched/loop/operation.hpp>
#include <lariat/sched/task/exception_group.hpp>
#include <lariat/sched/task/spawn.hpp>
#include <lariat/sched/text/detail/shown_name.hpp>
#include <lariat/sched/text/detail/site_text.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <source_location>
#include <string_view>
#include <utility>

namespace lariat::testing {
namespace {

constexpr int times_stuck_max = 3;

std::uint64_t seed_of(const simulation_options& options) {
  const char* const wanted = std::getenv("LARIAT_SEED");
  return wanted == nullptr || *wanted == '\0' ? options.seed : std::strtoull(wanted, nullptr, 0);
}

simulation_options with_seed(simulation_options options) {
  options.seed = seed_of(options);
  return options;
}

task<> run_main(task<> main, std::exception_ptr& error, bool& done) {
  try {
    co_await std::move(main);
  } catch (...) {
    error = std::current_exception();
  }
  done = true;
}

// "task "serve" made at server.cpp:48", or without a name.
std::string text_of(const context& task) {
  const std::string_view name = task.name();
  return "task " + (name.empty() ? "" : lariat::detail::quoted_name(name) + ' ') + "made at " +
         lariat::detail::site_text(task.spawn_site());
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& each : lines) text += (text.empty() ? "" : "\n  ") + each;
  return text;
}

}  // namespace

simulation::machine::machine(const simulation_options& wanted)
    : options(with_seed(wanted)),
      kernel(options.seed, options.faults),
      world_(kernel.world()),
      driver_(kernel),
      threads_(world_) {
  driver_.on_turn([](void* self) noexcept { return static_cast<machine*>(self)->turn_ended(); },
                  this);
  driver_.on_stuck([](void* self) noexcept { return static_cast<machine*>(self)->got_stuck(); },
                   this);
}

std::string simulation::machine::title() const {
  return "lariat: simulation (seed " + std::to_string(options.seed) + "): ";
}

void simulation::machine::add_failure(void* self, const unhandled_failure& failure) noexcept {
  static_cast<machine*>(self)->failures_.push_back(failure.error());
}

void simulation::machine::run(task<> main) {
  if (loop::current() != nullptr) {
    throw std::logic_error(
        "lariat: simulation::run was called from inside a running loop; co_await the task instead");
  }
  const io::detail::simulation_scope scope(kernel);
  loop_limits limits;
  limits.handoff_spin_ns = 0;
  limits.turn_ns = no_deadline / 2;  // Steps count: no time passes while they run.
  if (probing) limits.steps = 1;
  loop runner(driver_, limits);
  runner.set_threads(&threads_);
  runner.on_failure(&machine::add_failure, this);
  loop_ = &runner;
  done_ = false;
  times_stuck_ = 0;
  driver_.set_time_limit(lariat::detail::deadline_after(world_.now(), options.time_limit.count()));

  std::exception_ptr error;
  const lariat::detail::spawn_place place{runner};
  auto handle = lariat::detail::launch(place, "main", std::source_location(), run_main,
                                       std::move(main), std::ref(error), std::ref(done_));
  runner.run_until(done_);
  runner.close("the simulation has ended");
  runner.run_until(runner.drained());
  threads_.finish();
  driver_.drain();
  std::move(handle).detach();
  loop_ = nullptr;
  check(error);
}

void simulation::machine::check(const std::exception_ptr& error) {
  const std::vector<std::string> misuses = world_.take_misuses();
  const std::vector<std::exception_ptr> failures = std::exchange(failures_, {});
  if (!stuck_.empty()) throw simulation_failure(std::exchange(stuck_, {}));
  if (!misuses.empty()) throw simulation_failure(title() + joined(misuses));
  // A probe's own error is nothing new.
  if (probing) check_descriptors();
  if (error != nullptr) std::rethrow_exception(error);
  if (!failures.empty()) throw exception_group("tasks that nobody awaited failed", failures);
  check_descriptors();
}

void simulation::machine::check_descriptors() {
  const std::vector<std::string> open = kernel.open_descriptors();
  if (!options.descriptors_must_close || open.empty()) return;
  throw simulation_failure(title() + "descriptors are open at the end:\n  " + joined(open));
}

bool simulation::machine::turn_ended() noexcept {
  if (!probing || done_) return false;
  const context* main = nullptr;
  const context* victim = nullptr;
  loop_->for_each_task([&](const context& each) {
    if (main == nullptr) main = &each;  // The oldest, and it lives until `done_`.
    target_count& targets = &each == main ? main_task : other_tasks;
    if (each.waiting_in() != nullptr && targets.seen++ == targets.cancel_at) victim = &each;
  });
  if (victim == nullptr) return false;
  if (victim != main) cancelled = text_of(*victim);
  const_cast<context*>(victim)->cancel("the simulation's probe");
  return true;
}

bool simulation::machine::got_stuck() noexcept {
  const bool late =
      world_.events().next_time() != no_deadline || loop_ == nullptr || loop_->timers().size() != 0;
  const std::string text =
      title() + (late ? "the time limit has come" : "nothing is ever going to happen") +
      "; the tasks:\n" + (loop_ == nullptr ? std::string() : task_tree(*loop_));
  if (stuck_.empty()) stuck_ = text;
  if (loop_ == nullptr || ++times_stuck_ > times_stuck_max) {
    std::fprintf(stderr, "%s(after their cancel)\n", text.c_str());
    std::abort();
  }
  // The tasks get an hour to end.
  driver_.set_time_limit(lariat::detail::deadline_after(world_.now(), 3'600'000'000'000));
  loop_->cancel_all("the simulation is stuck");
  return true;
}

}  // namespace lariat::testing
