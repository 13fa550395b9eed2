#pragma once

#include <lariat/sched/sync/detail/wait_list.hpp>

namespace lariat::detail {

/// The awaitable of a primitive that lets tasks pass and gives them no value. The primitive makes
/// this a friend, and has three members for it: `pass_gate()`, which tells whether a task may pass
/// now, `waiters_`, a list of these awaitables, and `wait_name`.
template <class Primitive>
class [[nodiscard]] gate_wait final : public basic_wait_operation<gate_wait<Primitive>> {
 public:
  explicit gate_wait(Primitive& gate) noexcept
      : basic_wait_operation<gate_wait<Primitive>>(gate), gate_(&gate) {}

  void await_resume() const { this->check_cancelled(); }

  bool attempt() noexcept override { return gate_->pass_gate(); }
  [[nodiscard]] operation_info info() const noexcept override { return {Primitive::wait_name}; }

 private:
  void enqueue() noexcept override { gate_->waiters_.push(*this); }

  Primitive* gate_;
};

}  // namespace lariat::detail
