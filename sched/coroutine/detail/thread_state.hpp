#pragma once

#include <lariat/sched/coroutine/detail/frame_list.hpp>
#include <lariat/sched/coroutine/detail/stacklet.hpp>
#include <lariat/sched/executor/detail/run_queue.hpp>

#include <cstdint>

namespace lariat {
class context;
class loop;
}  // namespace lariat

// clang before 19 keeps the address of a thread-local across a suspension (toolchain C1).
#if defined(__clang__) && __clang_major__ < 19
#define LARIAT_NOT_ACROSS_SUSPENSIONS [[gnu::noinline]]
#else
#define LARIAT_NOT_ACROSS_SUSPENSIONS
#endif

namespace lariat::detail {

class call_gatherer;
class pool_worker;

/// A cancel on its way from a task to its children and theirs. `context::pass_cancel_on`.
struct cancel_cascade {
  run_queue put_aside;  ///< Tasks that are nested too deeply, and have their turn later.
  unsigned depth = 0;
  std::uint32_t number = 1;
};

/// What lariat keeps for a thread, but for the worker that runs there. It is found by one word of
/// thread-local storage: a shared object that is opened at run time finds room for some words of
/// the quick kind only. sched/README.md, "Threads".
struct alignas(64) thread_state {
  loop* running_loop;        ///< The loop that runs here.
  stacklet running;          ///< What the worker runs.
  void* lane_worker;         ///< The lane's thread that this is. lane.cpp knows its type.
  const context* lane_task;  ///< On whose behalf that runs.
  void* io;                  ///< A word for each layer above.
  void* runtime;
  call_gatherer* gatherer;
  void (*delete_gatherer)(call_gatherer*) noexcept;
  std::uint64_t random;   ///< Of `system_random`. 0: not begun.
  std::uint64_t next_id;  ///< Contexts' ids, in [next_id, ids_end).
  std::uint64_t ids_end;
  std::uint32_t inline_resumes;  ///< Of tasks on a pool, by foreign coroutines. foreign_wait.cpp.
  cancel_cascade cancels;
  frame_lists frames;
};

/// That of all threads that have none yet: everything is null in it, and nobody writes to it.
extern const thread_state no_thread_state;

extern constinit thread_local thread_state* current_thread
    __attribute__((tls_model("initial-exec")));

/// This thread's, for reading. Its address is never held across a suspension.
LARIAT_NOT_ACROSS_SUSPENSIONS [[nodiscard]] inline thread_state& this_thread_state() noexcept {
  return *current_thread;
}

/// This thread's, for writing; made if there is none. Lives until the thread ends.
/// \throws std::bad_alloc
[[nodiscard]] thread_state& make_thread_state();
[[nodiscard]] inline thread_state& own_thread_state() {
  thread_state& state = this_thread_state();
  return &state != &no_thread_state ? state : make_thread_state();
}

/// The same; null if there is no memory.
[[nodiscard]] thread_state* try_thread_state() noexcept;

/// The stacklet that this thread runs. Touched where frames are made and freed, and where a
/// stacklet stops or starts. Written to on a worker only.
[[nodiscard]] inline stacklet& current_stacklet() noexcept { return this_thread_state().running; }

/// A word of its own, for a fork that is popped waits for what it leads to: through the state,
/// which is one load more, a fork takes 3 % longer.
extern constinit thread_local pool_worker* running_worker
    __attribute__((tls_model("initial-exec")));

/// The worker that runs on this thread; null elsewhere.
LARIAT_NOT_ACROSS_SUSPENSIONS [[nodiscard]] inline pool_worker* current_worker() noexcept {
  return running_worker;
}

/// Makes it `worker`, or none. There is a state to write to then. \throws std::bad_alloc
void set_current_worker(pool_worker* worker);

}  // namespace lariat::detail

#undef LARIAT_NOT_ACROSS_SUSPENSIONS
