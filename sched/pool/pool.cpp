#include <lariat/sched/pool/pool.hpp>

#include <lariat/sched/loop/context.hpp>
#include <lariat/sched/loop/detail/running_task.hpp>
#include <lariat/sched/loop/loop.hpp>
#include <lariat/sched/pool/detail/pool_core.hpp>
#include <lariat/sched/thread/detail/process_object.hpp>
#include <lariat/sched/thread/detail/thread_substitute.hpp>
#include <lariat/sched/thread/detail/usable_cpus.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace lariat {
namespace {

// Never destroyed: a static's destructor may use it, or a worker call exit.
pool& process_pool() {
  static constinit detail::process_object<pool> all;
  return all.get();
}

// The substitute for the workers if this thread runs a simulated loop; otherwise null.
detail::thread_substitute* substitute_here() noexcept {
  const loop* const running = loop::current();
  return running == nullptr ? nullptr : running->threads();
}

}  // namespace

pool::pool(pool_options options, std::string name) : options_(options), name_(std::move(name)) {
  if (options_.spin.count() < 0) throw std::invalid_argument("lariat: pool: spin is negative");
  if (options_.workers > workers_max) {
    throw std::invalid_argument("lariat: pool: " + std::to_string(options_.workers) +
                                " workers were asked for; the most are " +
                                std::to_string(workers_max));
  }
}

pool::~pool() = default;

pool& pool::of(const loop& where) {
  pool* const own = where.computing();
  return own == nullptr ? process_pool() : *own;
}

pool& pool::of(const context& task) {
  executor* const own = task.computing_on();  // A pool: nothing else computes.
  return own == nullptr ? of(*task.owner()) : static_cast<pool&>(*own);
}

pool& pool::current() {
  if (detail::current_worker() != nullptr) return detail::current_worker()->core().owner();
  const loop* const running = loop::current();
  return running == nullptr ? process_pool() : of(*running);
}

const context* pool::current_task() noexcept { return detail::computing_task(); }

detail::pool_core& pool::core() {
  // Acquire: pairs with the store below.
  if (detail::pool_core* running = running_.load(std::memory_order_acquire)) [[likely]]
    return *running;
  // Not std::call_once: under ThreadSanitizer it does not call again after a call that has thrown.
  const std::lock_guard lock(starting_);
  if (core_ == nullptr) {
    core_ = std::make_unique<detail::pool_core>(*this, options_);
    running_.store(core_.get(), std::memory_order_release);
  }
  return *core_;
}

// Called in the forked child, on its only thread: the workers are gone, and their core is in
// whatever state it was at the fork.
void pool::after_fork(void* self) noexcept {
  auto& all = *static_cast<pool*>(self);
  detail::pool_core* const left = all.core_.release();
  if (left != nullptr) left->leave_behind();
  all.running_.store(nullptr, std::memory_order_relaxed);  // There is no other thread.
  ::new (static_cast<void*>(&all.starting_))
      std::mutex;  // Another thread may have held it at the fork.
}

void pool::start() {
  if (substitute_here() == nullptr) (void)core();
}

void pool::post(runnable& step) noexcept {
  if (auto* const substitute = substitute_here(); substitute != nullptr) [[unlikely]] {
    return substitute->post(step);
  }
  try {
    core().post(step);
  } catch (const std::system_error& error) {
    std::fprintf(stderr, "lariat: %s\n", error.what());
    std::abort();
  }
}

pool_metrics pool::metrics() const noexcept {
  const detail::pool_core* const running = running_.load(std::memory_order_acquire);
  if (running == nullptr) return {};
  return {running->size(), running->sleeping()};
}

std::size_t pool::workers() const noexcept {
  return options_.workers != 0 ? options_.workers : std::min(detail::usable_cpus(), workers_max);
}

}  // namespace lariat
