#pragma once

#include <lariat/runtime/options.hpp>
#include <lariat/sched/executor.hpp>
#include <lariat/sched/spawn.hpp>
#include <lariat/sched/task.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

namespace lariat {

class loop;

namespace detail {
class runtime_core;

/// A main task with its result and the cancel that SIGINT asks for; the part without a type.
class main_task_base : public context {
 public:
  [[nodiscard]] virtual const std::exception_ptr* failure() const noexcept = 0;
  bool finished = false;

 protected:
  ~main_task_base() = default;
};

}  // namespace detail

/// Loops, their threads and what they share: what a program's tasks run on. Programs that have one
/// main task use `run`; this is for those that keep the loops between calls, run several runtimes,
/// or live inside another program.
///
/// \par Threads
/// Any thread may spawn and post. `block_on` belongs to one thread at a time.
class runtime : public detail::spawner<runtime> {
 public:
  /// Makes the rings, and starts the threads of all loops but the first, which runs while `block_on`
  /// does, or from `start` on.
  /// \throws io::io_uring_unavailable, naming the cause and the remedy.
  explicit runtime(runtime_options options = {});
  runtime(const runtime&) = delete;
  runtime& operator=(const runtime&) = delete;

  /// Shuts down; see `shutdown`. Failures that nobody saw are printed.
  ~runtime();

  /// Runs `main` on the first loop, on this thread, and gives its result. Other tasks go on in
  /// later calls. After `start` it waits instead for the loop's own thread to do it.
  /// \throws what `main` throws; std::logic_error on a thread that runs a loop already.
  template <class T>
  T block_on(task<T> main);

  /// Runs the first loop on a thread of its own from now on.
  /// \throws std::logic_error if it runs already.
  void start();

  /// Cancels every task, waits for their end and joins the threads. Afterwards nothing can be
  /// spawned. \throws exception_group of the failures that nobody awaited, if there were any.
  void shutdown();

  [[nodiscard]] std::size_t loops() const noexcept;

  /// \throws std::out_of_range
  [[nodiscard]] loop& loop_at(std::size_t index) const;

  /// The runtime whose loop runs on this thread; null on others.
  [[nodiscard]] static runtime* current() noexcept;

  /// Runs `function()` on a loop's thread, soon. A failure of it is one that nobody awaited.
  ///
  /// \par Threads
  /// Any thread. Allocates once.
  template <std::invocable Function>
  void post(Function function, std::size_t loop_index = 0);

  /// Starts a task on the loop of that number: `spawner_at(2).spawn(f, args...)`.
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
  [[nodiscard]] detail::spawn_place spawn_here();
  void run_main(detail::main_task_base& main);

  std::unique_ptr<detail::runtime_core> core_;
};

namespace detail {

/// What `block_on` runs: a root with a context, on the caller's stack.
template <class T>
class main_task final : public main_task_base, private return_point {
 public:
  explicit main_task(task<T>&& body) noexcept
      : return_point(&main_task::returned), body_(std::move(body)) {}

  void launch(loop& where) noexcept {
    place(where, nullptr, {});
    where.post(*this);
  }
  void run() noexcept override {
    try {
      attach();
      if (must_cancel()) throw_cancelled();
      body_.start(*this, *this);
    } catch (...) {
      refused_.fail(std::current_exception());
      end();
    }
  }
  [[nodiscard]] slot<T>& result() noexcept {
    return refused_.has_error() ? refused_ : body_.result();
  }
  [[nodiscard]] const std::exception_ptr* failure() const noexcept override {
    auto& ended = const_cast<main_task*>(this)->result();
    return ended.has_error() ? &ended.error() : nullptr;
  }

 private:
  static void returned(return_point* self) noexcept { static_cast<main_task*>(self)->end(); }
  void end() noexcept {
    detach();
    finished = true;
  }

  root_task<T> body_;
  slot<T> refused_;  // How it ended if the body never ran.
};

}  // namespace detail

template <class T>
T runtime::block_on(task<T> main) {
  detail::main_task<T> root(std::move(main));
  root.launch(loop_at(0));
  run_main(root);
  return root.result().take();
}

template <std::invocable Function>
void runtime::post(Function function, std::size_t loop_index) {
  auto step = [body = std::move(function)]() mutable -> task<> {
    body();
    co_return;
  };
  spawner_at(loop_index).spawn({.name = "post"}, std::move(step)).detach();
}

}  // namespace lariat
