#pragma once

#include <lariat/sched/blocking/to_thread.hpp>
#include <lariat/sched/coroutine/detail/frame_pool.hpp>
#include <lariat/sched/coroutine/detail/slot.hpp>
#include <lariat/sched/pool/detail/fork_group.hpp>
#include <lariat/sched/pool/fork_join.hpp>
#include <lariat/sched/task/detail/root_task.hpp>

#include <atomic>
#include <cstddef>
#include <exception>
#include <type_traits>
#include <utility>

namespace lariat {
class pool;
}

namespace lariat::detail {

/// Told when a job has ended. The call is the last use of the job by the pool.
class pool_waiter {
 public:
  virtual void job_ended() noexcept = 0;

 protected:
  ~pool_waiter() = default;
};

/// A call to a pool: function, arguments and result. It has memory of its own, so that a caller
/// that is cancelled before a worker has started it can leave it behind in the queue.
class pool_job : public runnable {
 public:
  static void* operator new(std::size_t size) { return allocate_frame(size); }
  static void operator delete(void* job, std::size_t size) noexcept { deallocate_frame(job, size); }

  pool_job() = default;
  pool_job(const pool_job&) = delete;
  pool_job& operator=(const pool_job&) = delete;
  virtual ~pool_job() = default;

  /// Queues the job. From here on it belongs to the pool, until `waiter` is told or `take_back`
  /// succeeds.
  /// \throws std::system_error if no worker can be started.
  void submit(pool& where, pool_waiter& waiter, const context* task);

  /// Submits the job and blocks this thread, which is no worker of `where`, until it has ended.
  /// \throws std::system_error if no worker can be started.
  void wait(pool& where);

  /// The same on a worker of the pool: runs the job here, and then helps with what others have
  /// stolen of it.
  void wait_nested(pool_worker& here);

  /// Runs the job, on a worker; deletes it if it was taken back.
  void run() noexcept final;

  /// True if no worker has started the job, and none will: then the pool deletes it.
  [[nodiscard]] bool take_back() noexcept;

  /// Asks the function to end: by its std::stop_token, or at its next fork.
  void request_stop() noexcept;

 protected:
  [[nodiscard]] fork_scope& scope() noexcept { return scope_; }

  /// Runs the function, and then calls `finish`, perhaps later and on another worker.
  virtual void execute() noexcept = 0;
  virtual void stop_function() noexcept {}
  void finish() noexcept;

 private:
  enum class stage : unsigned char { waiting, started, taken_back };
  class job_scope final : public fork_scope {
   public:
    explicit job_scope(pool_job& job) noexcept
        : fork_scope([](fork_scope& self) noexcept {
            static_cast<job_scope&>(self).job_.stop_function();
          }),
          job_(job) {}

   private:
    pool_job& job_;
  };

  job_scope scope_{*this};
  pool_waiter* waiter_ = nullptr;
  std::atomic<stage> stage_{stage::waiting};
};

/// Submits `job` and blocks this thread until it has ended. A worker of a pool helps meanwhile.
/// \throws std::logic_error on a thread that runs a loop.
void wait_for_job(pool& where, pool_job& job);

/// A job that is a plain function.
template <class F, class... Args>
class function_job final : public pool_job {
 public:
  using result = typename thread_function<F, Args...>::result;

  template <class... Bound>
  explicit function_job(Bound&&... bound)
      : function_(std::in_place, std::forward<Bound>(bound)...) {
    function_.arm();
  }
  result take() { return function_.take(); }

 private:
  void execute() noexcept override {
    function_();
    finish();
  }
  void stop_function() noexcept override { function_.request_stop(); }

  thread_function<F, Args...> function_;
};

/// A job that is a fork-join coroutine.
template <class T, class F, class... Args>
class fork_job final : public pool_job, private fork_group, private return_point {
 public:
  using result = T;

  template <class... Bound>
  explicit fork_job(Bound&&... bound)
      : return_point(&fork_job::returned), bound_(std::forward<Bound>(bound)...) {}
  ~fork_job() override {}

  T take() { return result_.take(); }

 private:
  void execute() noexcept override {
    try {
      std::apply(
          [this](F& callable, Args&... args) {
            ::new (static_cast<void*>(&task_))
                fork_task<T>(std::invoke(std::move(callable), std::move(args)...));
          },
          bound_);
    } catch (...) {
      return fail();
    }
    pool_job::scope().root = this;
    try {
      start(handle(), 1, [this](std::size_t) { return task_.address(); }).resume();
    } catch (...) {  // It was cancelled meanwhile.
      end_task();
      fail();
    }
  }

  static void returned(return_point* self) noexcept {
    auto& job = *static_cast<fork_job*>(self);
    try {
      job.result_.take_from(fork_promise_result<T>::result_of(job.task_.address()));
    } catch (...) {  // The value's move threw.
      job.result_.fail(std::current_exception());
    }
    job.end_task();
    job.finish();
  }

  void fail() noexcept {
    result_.fail(std::current_exception());
    finish();
  }
  void end_task() noexcept {
    void* const frame = task_.address();
    task_.~fork_task();
    current_stacklet().frames.deallocate(frame);
  }

  std::tuple<F, Args...> bound_;
  union {
    fork_task<T> task_;  // Exists from `execute` until `end_task`.
  };
  slot<T> result_;
};

template <class Result, class F, class... Args>
struct pool_job_of {
  using type = function_job<F, Args...>;
};
template <class T, class F, class... Args>
struct pool_job_of<fork_task<T>, F, Args...> {
  using type = fork_job<T, F, Args...>;
};
template <class F, class... Args>
using pool_job_for =
    typename pool_job_of<typename thread_function<F, Args...>::result, F, Args...>::type;

}  // namespace lariat::detail
