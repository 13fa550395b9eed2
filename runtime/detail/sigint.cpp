#include <lariat/runtime/detail/sigint.hpp>

#include <lariat/sched/loop.hpp>

#include <atomic>
#include <cerrno>

namespace lariat::detail {
namespace {

// The one guard's state. Static, so that a step which is still queued when the guard goes is not
// left dangling.
class interrupt_step final : public runnable {
 public:
  void run() noexcept override {
    if (main != nullptr) main->cancel("SIGINT");
  }
  context* main = nullptr;  // The loop's thread's own.
  std::atomic<loop*> where = nullptr;
  std::atomic<int> signals = 0;
};

interrupt_step step;
std::atomic<bool> guarded = false;

// Lock-free atomics, a lock-free push and a system call: all may be used in a signal handler.
void on_sigint(int) {
  const int saved = errno;
  loop* where = step.where.load();
  if (where != nullptr && step.signals.fetch_add(1) == 0) {
    where->post_from_signal(step);
  } else {
    die_by_sigint();
  }
  errno = saved;
}

}  // namespace

void die_by_sigint() noexcept {
  struct sigaction action = {};
  action.sa_handler = SIG_DFL;
  ::sigaction(SIGINT, &action, nullptr);
  ::raise(SIGINT);  // In the handler it is blocked, and takes effect when the handler returns.
}

sigint_guard::sigint_guard(loop& where, context& main, bool wanted) {
  if (!wanted || guarded.exchange(true)) return;
  if (::sigaction(SIGINT, nullptr, &previous_) != 0 || previous_.sa_handler != SIG_DFL ||
      (previous_.sa_flags & SA_SIGINFO) != 0) {
    guarded = false;
    return;
  }
  installed_ = true;
  step.main = &main;
  step.signals = 0;
  step.where = &where;
  struct sigaction action = {};
  action.sa_handler = &on_sigint;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGINT, &action, nullptr);
}

sigint_guard::~sigint_guard() {
  if (!installed_) return;
  ::sigaction(SIGINT, &previous_, nullptr);
  step.where = nullptr;
  step.main = nullptr;
  guarded = false;
}

bool sigint_guard::interrupted() const noexcept { return installed_ && step.signals.load() > 0; }

}  // namespace lariat::detail
