#include <lariat/sched/concurrent/detail/gate.hpp>

#include <lariat/sched/loop/detail/task_text.hpp>

#include <cstdio>
#include <cstdlib>

namespace lariat::detail {
namespace {

class gate_thread final : public gate_waiter {
 public:
  using gate_waiter::gate_waiter;

  channel_parker parker;

 private:
  void deliver() noexcept override { parker.deliver(); }
};

}  // namespace

void gate::die_waited_for() noexcept {
  const gate_waiter* const waiter = oldest();
  const operation* const waits = waiter == nullptr ? nullptr : waiter->waiting_in();
  std::fprintf(stderr, "lariat: what threads share was destroyed while %s\n",
               waits == nullptr ? "a thread waits for it" : waiting_text(*waits).c_str());
  std::abort();
}

bool gate_operation::wait() {
  before_wait();
  const gate_outcome made = gate_->pass_or_wait(*this);
  if (made == gate_outcome::waiting) {
    // Another thread may serve it right now, but this loop runs it only after this has returned.
    suspend();
    return true;
  }
  told = made;
  return false;
}

void gate_operation::cancel() noexcept {
  gate_waiter* served = nullptr;
  if (!gate_->withdraw(*this, served)) return;  // It was served, and is queued, or soon will be.
  complete();
  gate::deliver_all(served);
}

gate_outcome block_at(gate& awaited, std::uint64_t need, std::uint64_t take,
                      const channel_patience& patience) noexcept {
  gate_thread self(need, take);
  const gate_outcome made = awaited.pass_or_wait(self);
  if (made != gate_outcome::waiting) return made;
  if (!self.parker.wait(patience)) {
    gate_waiter* served = nullptr;
    if (awaited.withdraw(self, served)) {
      gate::deliver_all(served);
    } else {
      self.parker.wait_delivered();
    }
  }
  return self.told;
}

}  // namespace lariat::detail
