#pragma once

#include <lariat/sched/coroutine/detail/frame_list.hpp>
#include <lariat/sched/coroutine/detail/stacklet.hpp>
#include <lariat/sched/executor/detail/run_queue.hpp>

#include <cstdint>

namespace lariat {
class context;
class loop;
}  // namespace lariat

// clang before 19 keeps the address of a thread-local across a suspension (ARCHITECTURE.md, C1).
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
  run_queue put_aside;  ///< Tasks that are nested too deeply, to be cancelled later.
  unsigned depth = 0;
  std::uint32_t number = 1;
};

/// Everything that lariat keeps for a thread, but for `running_worker`. It is reached through one
/// word of thread-local storage, because a shared object that is opened at run time gets only a few
/// words of the quick kind. sched/README.md, "Threads".
struct alignas(64) thread_state {
  loop* running_loop;        ///< The loop that runs here.
  stacklet running;          ///< What the worker runs.
  void* lane_worker;         ///< Set on a lane's threads. lane_workers.cpp knows its type.
  const context* lane_task;  ///< The task that the lane's thread runs for.
  void* io;                  ///< A word for each of the layers above: this and the next.
  void* runtime;
  call_gatherer* gatherer;
  void (*delete_gatherer)(call_gatherer*) noexcept;
  std::uint64_t random;   ///< The state of `system_random`. 0: not seeded.
  std::uint64_t next_id;  ///< Contexts' ids, in [next_id, ids_end).
  std::uint64_t ids_end;
  std::uint32_t inline_resumes;  ///< Of tasks on a pool, by foreign coroutines. foreign_wait.cpp.
  cancel_cascade cancels;
  frame_lists frames;
};

/// The state of all threads that have none of their own yet. All its members are null, and it is
/// never written.
extern const thread_state no_thread_state;

extern constinit thread_local thread_state* current_thread
    __attribute__((tls_model("initial-exec")));

/// This thread's state, for reading. The address must not be kept across a suspension.
LARIAT_NOT_ACROSS_SUSPENSIONS [[nodiscard]] inline thread_state& this_thread_state() noexcept {
  return *current_thread;
}

/// This thread's state, for writing; made if there is none. Lives until the thread ends.
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

/// Separate from the state, because popping a fork has to wait for this load: through the state,
/// one load more, a fork takes 3 % longer.
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
