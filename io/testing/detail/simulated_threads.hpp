#pragma once  // lint: allow(pragma) lint: allow(listed): of the sources only, not installed.

#include <lariat/io/testing/detail/environment.hpp>
#include <lariat/sched/blocking/detail/thread_operation.hpp>
#include <lariat/sched/pool/detail/pool_core.hpp>
#include <lariat/sched/pool/pool.hpp>
#include <lariat/sched/thread/detail/thread_substitute.hpp>

#include <cstddef>
#include <memory>
#include <vector>

namespace lariat::io::testing {

/// Runs what is handed to threads: on the loop's thread, at once in real time, and some time later
/// in virtual time. A call is *queued*, when it can be taken back, then *begun*, when its token may
/// tell it to stop, then it runs.
class simulated_threads final : public lariat::detail::thread_substitute {
 public:
  explicit simulated_threads(environment& world) noexcept : world_(world) {}
  simulated_threads(const simulated_threads&) = delete;
  simulated_threads& operator=(const simulated_threads&) = delete;

  void submit(lariat::detail::thread_operation& call) noexcept override;
  [[nodiscard]] bool withdraw(lariat::detail::thread_operation& call) noexcept override;
  void post(runnable& step) noexcept override;

  /// Calls that have not run: those that were abandoned count, too.
  [[nodiscard]] std::size_t pending() const noexcept { return calls_.size() - free_.size(); }

  /// Runs those that are left, as the end of a runtime waits for abandoned ones.
  void finish() noexcept;

 private:
  class call final : public event {
   public:
    explicit call(simulated_threads& owner) noexcept : owner_(owner) {}
    void fire() noexcept override;

   private:
    friend class simulated_threads;
    simulated_threads& owner_;
    lariat::detail::thread_operation* queued_ = nullptr;
    lariat::detail::thread_operation::thread_call begun_{};
    runnable* step_ = nullptr;
  };

  call& take_call();
  void run_step(runnable& step) noexcept;

  environment& world_;
  std::vector<std::unique_ptr<call>> calls_;
  std::vector<call*> free_;
  std::unique_ptr<lariat::pool> pool_;  // Only to be asked for; it has no threads.
  std::unique_ptr<lariat::detail::pool_core> worker_;
};

}  // namespace lariat::io::testing
