#pragma once

#include <lariat/runtime/run/detail/posted_call.hpp>
#include <lariat/runtime/run/options.hpp>
#include <lariat/sched/executor/executor.hpp>
#include <lariat/sched/task/spawn.hpp>
#include <lariat/sched/task/task.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <source_location>
#include <type_traits>
#include <utility>

namespace lariat {

class loop;
class runtime;

namespace detail {
class runtime_core;

/// `runtime::block_on`, which also tells where the main task has awaited last.
template <class T>
T block_on_main(runtime& where, task<T> main, std::source_location& last_await);

/// What `block_on` runs: a root with a context, on the caller's stack. The part without a type.
class main_task_base : public context {
 public:
  /// Makes it known to the first loop, where it may be cancelled from here on.
  /// \throws runtime_closed
  void announce(runtime_core& core);

  /// Then: makes it ready there.
  void launch() noexcept;

  /// How it failed; null if it did not. After its end.
  [[nodiscard]] virtual const std::exception_ptr* failure() const noexcept = 0;

  /// On the loop's thread.
  [[nodiscard]] bool ended() const noexcept { return ended_; }

 protected:
  ~main_task_base() = default;
  virtual void begin() = 0;
  virtual void refuse(std::exception_ptr error) noexcept = 0;
  void end() noexcept;

 private:
  void first_run() noexcept final;

  runtime_core* core_ = nullptr;
  bool ended_ = false;
};

}  // namespace detail

/// Loops, their threads and what they share: what a program's tasks run on. Programs that have one
/// main task use `run`; this is for those that keep the loops between calls, run several runtimes,
/// or live inside another program.
///
/// \par Threads
/// Any thread may spawn and post. A ring belongs to the thread that used it first: unless `start`
/// was called, all calls of `block_on`, `shutdown` and the destructor come from one thread.
///
/// \par fork(2)
/// The rings and threads are not passed on: a runtime does not survive fork(2). In the child what
/// would use it throws, and its destructor does nothing. A child that was forked outside of tasks
/// may make another one; one that was forked in a task, or in a function of a pool or a lane, may
/// do so too, but must not return from there: it ends by exec(2), _exit(2) or exit(3). A child has
/// no part in SIGINT's handling here, whatever its parent had asked for.
class runtime : public detail::spawner<runtime> {
 public:
  /// Makes the rings, and starts the threads of all loops but the first, which runs while
  /// `block_on` does, or from `start` on.
  /// \throws io::io_uring_unavailable, naming the cause and the remedy.
  explicit runtime(runtime_options options = {});
  runtime(const runtime&) = delete;
  runtime& operator=(const runtime&) = delete;

  /// Shuts down; failures that nobody awaited were printed when they happened. Where `shutdown`
  /// would throw std::logic_error this ends the process: it cannot leave the tasks behind.
  ~runtime();

  /// Runs `main` on the first loop, on this thread, and gives its result. Other tasks go on in
  /// later calls. After `start` it waits instead for the loop's own thread to do it.
  /// \throws what `main` throws; runtime_closed from the beginning of `shutdown` on;
  /// std::logic_error on a thread that runs a loop already, or not the one that it has to be.
  template <class T>
  T block_on(task<T> main);

  /// Runs the first loop on a thread of its own from now on.
  /// \throws std::logic_error if it runs already, or `block_on` has run it before.
  void start();

  /// Cancels every task, waits for their end and joins the threads. All loops run until no task is
  /// left on any, so cleanups may use all of them, and `to_thread` and `to_pool`. Later calls do
  /// nothing.
  ///
  /// From its beginning on other threads are refused: `spawn`, `post` and `block_on` throw
  /// runtime_closed. What was accepted before is done with first: functions that were posted are
  /// called, and tasks that have not begun end cancelled, as those do that tasks still spawn.
  /// \throws exception_group of the failures that nobody awaited, if there were any;
  /// std::logic_error inside a running loop, or while `block_on` runs on another thread.
  void shutdown();

  /// How many there are.
  [[nodiscard]] std::size_t loops() const noexcept;

  /// \throws std::out_of_range
  [[nodiscard]] loop& loop_at(std::size_t index) const;

  /// The runtime whose loop runs on this thread; null on others.
  [[nodiscard]] static runtime* current() noexcept;

  /// Calls `function()` on a loop's thread, soon. A failure of it is one that nobody awaited.
  ///
  /// If this returns, the function is called, also when the runtime is shut down meanwhile.
  /// \throws runtime_closed if `shutdown` has begun, unless a task of this runtime calls it, in a
  /// cleanup for instance; std::out_of_range.
  ///
  /// \par Threads
  /// Any thread. Allocates once.
  template <std::invocable Function>
  void post(Function function, std::size_t loop_index = 0,
            std::source_location site = std::source_location::current());

  /// Starts a task on the loop of that number: `spawner_at(2).spawn(f, args...)`.
  /// \throws runtime_closed as `post` does.
  class loop_spawner : public detail::spawner<loop_spawner> {
   public:
    explicit loop_spawner(loop& where) noexcept : where_(where) {}
    [[nodiscard]] detail::spawn_place spawn_here() const noexcept { return {where_}; }

   private:
    loop& where_;
  };
  [[nodiscard]] loop_spawner spawner_at(std::size_t index) { return loop_spawner(loop_at(index)); }

 private:
  friend class detail::spawner<runtime>;
  template <class T>
  friend T detail::block_on_main(runtime& where, task<T> main, std::source_location& last_await);
  [[nodiscard]] detail::spawn_place spawn_here();
  void run_main(detail::main_task_base& main);

  std::unique_ptr<detail::runtime_core> core_;
};

namespace detail {

template <class T>
class main_task final : public main_task_base, private return_point {
 public:
  explicit main_task(task<T>&& body) : return_point(&main_task::returned), body_(std::move(body)) {}

  [[nodiscard]] slot<T>& result() noexcept { return body_.result(); }
  [[nodiscard]] const std::exception_ptr* failure() const noexcept override {
    auto& ended = const_cast<main_task*>(this)->result();
    return ended.has_error() ? &ended.error() : nullptr;
  }

 private:
  void begin() override { body_.start(*this, *this); }
  void refuse(std::exception_ptr error) noexcept override { result().fail(std::move(error)); }
  static void returned(return_point* self) noexcept { static_cast<main_task*>(self)->end(); }

  root_task<T> body_;
};

template <class T>
T block_on_main(runtime& where, task<T> main, std::source_location& last_await) {
  const promise_base* const promise = main ? &promise_of(main) : nullptr;
  main_task<T> root(std::move(main));  // Throws if there is none.
  where.run_main(root);
  last_await = promise->site();
  return root.result().take();
}

}  // namespace detail

template <class T>
T runtime::block_on(task<T> main) {
  std::source_location nobody_asked;
  return detail::block_on_main(*this, std::move(main), nobody_asked);
}

template <std::invocable Function>
void runtime::post(Function function, std::size_t loop_index, std::source_location site) {
  loop& where = loop_at(loop_index);
  detail::posted_call::hand_over(
      std::make_unique<detail::posted_function<Function>>(std::move(function)), where, site);
}

}  // namespace lariat
