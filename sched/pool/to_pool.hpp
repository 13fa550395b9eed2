#pragma once

#include <lariat/sched/pool/detail/pool_job.hpp>
#include <lariat/sched/pool/detail/pool_operation.hpp>
#include <lariat/sched/pool/detail/pool_task.hpp>
#include <lariat/sched/pool/pool.hpp>

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

namespace lariat {
namespace detail {

/// A call to a pool, to be awaited by a task or waited for by a thread.
template <class Job>
class [[nodiscard("nothing is called until it is awaited")]] pool_call final
    : public pool_operation {
 public:
  pool_call(pool* where, std::unique_ptr<Job> job) noexcept
      : pool_operation(where), job_(std::move(job)) {}

  typename Job::result await_resume() {
    check();
    try {
      return job_->take();
    } catch (const operation_cancelled&) {
      deliver_cancel();
      throw;
    }
  }

  /// Blocks this thread, which runs no loop, until the call has ended, and gives the result. A
  /// worker of the pool runs the call itself, at once, and then helps only with what others have
  /// stolen of it, because the function that it interrupts may hold a mutex. A worker of another
  /// pool only waits. If the function that waits is cancelled, or stopped by a failure, so is the
  /// call.
  /// \throws std::logic_error on a thread that runs a loop; also if workers of the other pool wait
  /// for this worker's pool, directly or through others, which would be a deadlock.
  typename Job::result get() && {
    wait_for_job(target(), *job_);
    return job_->take();
  }

 private:
  [[nodiscard]] pool_job& job() noexcept override { return *job_; }
  void leave_job() noexcept override { (void)job_.release(); }

  std::unique_ptr<Job> job_;
};

template <class F, class... Args>
auto make_pool_call(pool* where, F&& function, Args&&... args) {
  require_storable<F, Args...>();
  using result = typename thread_function<std::decay_t<F>, std::decay_t<Args>...>::result;
  if constexpr (is_task<result>) {
    static_assert(std::invocable<std::decay_t<F>, std::decay_t<Args>...>,
                  "a task takes no std::stop_token from to_pool: co_await get_stop_token()");
    return pool_task_bundle<typename result::value_type>(
        where, call_task<typename result::value_type, std::decay_t<F>, std::decay_t<Args>...>(
                   std::forward<F>(function), std::forward<Args>(args)...));
  } else {
    using job = pool_job_for<std::decay_t<F>, std::decay_t<Args>...>;
    return pool_call<job>(
        where, std::make_unique<job>(std::forward<F>(function), std::forward<Args>(args)...));
  }
}

}  // namespace detail

/// Runs `function(args...)` on a worker of the pool, and gives its result or throws its exception
/// on the caller's loop, which runs other tasks meanwhile. For computing; use `to_thread` for calls
/// that block.
///
/// The function may be plain; or give a `fork_task`, which computes in parallel; or give a `task`,
/// which runs on the pool and may await whatever a task may. Its operations are carried out on the
/// caller's loop and cost it a hand-over each way; the children of its `when_all` run in parallel.
///
/// Function and arguments are copied or moved in, and called as rvalues; pass std::ref for a
/// reference. Name a closure with captures before the await: g++ 12 destroys one that is written
/// inside the await expression twice. Costs one block from a free list, and a hand-over each way:
/// some 0.3 us while both sides are awake.
///
/// A thread without a loop calls `to_pool(...).get()`, which blocks (not for a function that gives
/// a task). On a pool's worker `get` runs the call itself, so calls may be nested.
///
/// \throws std::system_error if no worker can be started.
///
/// \par Cancellation
/// A call that no worker has started never runs. A call that runs is asked to stop: through its
/// std::stop_token if that is its first parameter, and by operation_cancelled from the next fork of
/// its fork_tasks. It is waited for, and if it gives a value all the same the value is delivered. A
/// task is cancelled like any child: its next operation ends by operation_cancelled.
template <class F, class... Args>
  requires detail::thread_callable<F, Args...>
[[nodiscard]] auto to_pool(F&& function, Args&&... args) {
  return detail::make_pool_call(nullptr, std::forward<F>(function), std::forward<Args>(args)...);
}

/// The same on the pool `where`.
///
/// \par Cancellation
/// As above.
template <class F, class... Args>
  requires detail::thread_callable<F, Args...>
[[nodiscard]] auto to_pool(pool& where, F&& function, Args&&... args) {
  return detail::make_pool_call(&where, std::forward<F>(function), std::forward<Args>(args)...);
}

/// Chosen for arguments that the others do not accept; their static_asserts say what is wrong.
template <class F, class... Args>
  requires(!detail::thread_callable<F, Args...> && !std::derived_from<std::remove_cvref_t<F>, pool>)
auto to_pool(F&&, Args&&...) {
  detail::explain_thread_call<F, Args...>();
  return std::suspend_never();
}
template <class F, class... Args>
  requires(!detail::thread_callable<F, Args...>)
auto to_pool(pool&, F&&, Args&&...) {
  detail::explain_thread_call<F, Args...>();
  return std::suspend_never();
}

}  // namespace lariat
