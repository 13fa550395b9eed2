#pragma once  // lint: allow(pragma) lint: allow(listed): of the sources only, not installed.

#include <lariat/io/op/detail/io_driver.hpp>
#include <lariat/io/testing/detail/kernel_request.hpp>
#include <lariat/io/testing/detail/simulated_kernel.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace lariat::io::testing {

/// The driver of a loop in a simulated kernel. Time passes only while the loop sleeps, and then at
/// once; a turn of a loop that is not idle takes a microsecond, so that tasks which wait for
/// something by yielding do not wait for ever.
class simulated_driver final : public detail::io_driver, public request_owner {
 public:
  explicit simulated_driver(simulated_kernel& kernel) noexcept : kernel_(kernel) {}
  simulated_driver(const simulated_driver&) = delete;
  simulated_driver& operator=(const simulated_driver&) = delete;
  ~simulated_driver() override;

  void poll() noexcept override;
  void park(clock_ns deadline) noexcept override;
  void wake() noexcept override;
  void drain() noexcept override;
  clock_ns now() noexcept override { return kernel_.world().now(); }
  std::optional<std::uint64_t> random() noexcept override {
    return kernel_.world().random().next();
  }

  void submit(detail::op& operation) noexcept override;
  void cancel(detail::op& operation) noexcept override;
  void submit(detail::multishot& operation) noexcept override;
  void cancel(detail::multishot& operation) noexcept override;
  [[nodiscard]] bool supports(unsigned opcode) const noexcept override;
  int register_resource(unsigned opcode, void* argument, unsigned count) noexcept override;

  /// Operations whose last completion has not been given out.
  [[nodiscard]] std::size_t in_flight() const noexcept { return in_flight_.size(); }

  /// Called at the end of each turn, before anything is submitted; and whether the hook has made
  /// steps ready.
  using hook = bool (*)(void* state) noexcept;
  void on_turn(hook function, void* state) noexcept { on_turn_ = {function, state}; }

  /// Called when nothing is ever going to happen, or the time limit has come. It has to bring
  /// something about.
  void on_stuck(hook function, void* state) noexcept { on_stuck_ = {function, state}; }
  void set_time_limit(clock_ns limit) noexcept { time_limit_ = limit; }

 private:
  // A request, and whose it is.
  struct ticket final : kernel_request {
    using kernel_request::kernel_request;
    detail::op* operation = nullptr;
    detail::multishot* repeated = nullptr;
    std::size_t index = 0;  // In in_flight_.
  };
  struct entry {
    ticket* start;       // Or null:
    const void* cancel;  // the operation to cancel; null for all.
  };
  struct bound_hook {
    hook function = nullptr;
    void* state = nullptr;
    bool operator()() const noexcept { return function != nullptr && function(state); }
  };

  void completed(kernel_request& request) noexcept override;
  ticket& take_ticket();
  void give_back(ticket& over) noexcept;
  void enter() noexcept;
  void cancel_now(const void* operation) noexcept;
  bool fire_due() noexcept;
  void stuck() noexcept;

  simulated_kernel& kernel_;
  std::vector<entry> queue_;
  std::vector<entry> entering_;
  std::vector<ticket*> in_flight_;
  std::vector<std::unique_ptr<ticket>> all_;
  std::vector<ticket*> free_;
  clock_ns time_limit_ = no_deadline;
  bound_hook on_turn_;
  bound_hook on_stuck_;
  std::atomic<bool> woken_{false};
};

}  // namespace lariat::io::testing
