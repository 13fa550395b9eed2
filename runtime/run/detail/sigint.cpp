#include <lariat/runtime/run/detail/sigint.hpp>

#include <lariat/runtime/run/runtime.hpp>
#include <lariat/sched/executor/executor.hpp>
#include <lariat/sched/loop/loop.hpp>
#include <lariat/sched/thread/detail/fork_listener.hpp>
#include <lariat/sched/thread/detail/process_object.hpp>

#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <memory>

namespace lariat::detail {
namespace {

// Brings the signal to the main task's loop. Static as the handler's other state: there is one
// guard at a time, and it does not end before the step has run (or ends the process).
class interrupt_step final : public runnable {
 public:
  void run() noexcept override {
    if (main->ended()) return;
    main->cancel("SIGINT");
    delivered = true;
  }
  main_task_base* main = nullptr;
  std::atomic<loop*> where = nullptr;  // Null: there is no guard.
  std::atomic<int> signals = 0;
  std::atomic<int> handlers = 0;  // Threads in the handler.
  std::atomic<bool> delivered = false;
};

interrupt_step step;
std::atomic<bool> guarded = false;
struct sigaction before_guard = {};  // What SIGINT did.

// Lock-free atomics, a lock-free push and a system call: all may be used in a signal handler.
void on_sigint(int) {
  const int saved = errno;
  ++step.handlers;
  loop* where = step.where;
  if (where == nullptr || step.signals++ != 0) die_by_sigint();
  where->post_from_signal(step);
  --step.handlers;
  errno = saved;
}

// A forked child has not the loop, and would only lose its signal. Whoever forks may be in the
// guard's constructor, or another thread in the handler: it is as if there had been no guard.
void forget_guard(void*) noexcept {
  if (!guarded) return;
  struct sigaction current = {};
  ::sigaction(SIGINT, nullptr, &current);
  if (current.sa_handler == &on_sigint) ::sigaction(SIGINT, &before_guard, nullptr);
  step.where = nullptr;
  step.signals = 0;
  step.handlers = 0;
  guarded = false;
}

void forget_guard_at_forks() {
  static constinit process_object<fork_listener> listener;
  (void)listener.get([] {
    return std::make_unique<fork_listener>(fork_listener::calls{.in_child = &forget_guard},
                                           nullptr);
  });
}

}  // namespace

void die_by_sigint() noexcept {
  struct sigaction action = {};
  action.sa_handler = SIG_DFL;
  ::sigaction(SIGINT, &action, nullptr);
  sigset_t only;
  ::sigemptyset(&only);
  ::sigaddset(&only, SIGINT);
  ::pthread_sigmask(SIG_UNBLOCK, &only, nullptr);  // It is, in the handler.
  ::raise(SIGINT);
  ::_exit(128 + SIGINT);  // The first process of a container does not die of its signals.
}

sigint_guard::sigint_guard(loop& where, main_task_base& main, bool wanted) noexcept {
  if (!wanted || guarded.exchange(true)) return;
  forget_guard_at_forks();
  if (::sigaction(SIGINT, nullptr, &before_guard) != 0 || before_guard.sa_handler != SIG_DFL ||
      (before_guard.sa_flags & SA_SIGINFO) != 0) {
    guarded = false;
    return;
  }
  installed_ = true;
  step.main = &main;
  step.signals = 0;
  step.delivered = false;
  step.where = &where;
  struct sigaction action = {};
  action.sa_handler = &on_sigint;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGINT, &action, nullptr);
}

sigint_guard::~sigint_guard() {
  if (!installed_) return;
  struct sigaction current = {};
  ::sigaction(SIGINT, nullptr, &current);
  // The program may have installed one of its own meanwhile.
  if (current.sa_handler == &on_sigint) ::sigaction(SIGINT, &before_guard, nullptr);
  step.where = nullptr;
  while (step.handlers != 0) ::sched_yield();  // Another thread may just be in it.
  if (step.signals != 0 && !step.delivered) die_by_sigint();
  guarded = false;
}

bool sigint_guard::interrupted() const noexcept { return installed_ && step.signals != 0; }

}  // namespace lariat::detail
