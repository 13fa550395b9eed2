#pragma once

#include <lariat/io/driver/loop_driver.hpp>

#include <cerrno>

/// A ring of a kernel that has none of the optional operations.
class old_kernel : public lariat::io::detail::io_driver {
 public:
  old_kernel() = default;
  explicit old_kernel(lariat::io::loop_driver_options options) : ring_(options) {}

  void poll() noexcept override { ring_.poll(); }
  void park(lariat::clock_ns deadline) noexcept override { ring_.park(deadline); }
  void wake() noexcept override { ring_.wake(); }
  void drain() noexcept override { ring_.drain(); }
  void submit(lariat::io::detail::op& operation) noexcept override { ring_.submit(operation); }
  void cancel(lariat::io::detail::op& operation) noexcept override { ring_.cancel(operation); }
  void submit(lariat::io::detail::multishot& operation) noexcept override {
    ring_.submit(operation);
  }
  void cancel(lariat::io::detail::multishot& operation) noexcept override {
    ring_.cancel(operation);
  }
  bool supports(unsigned) const noexcept override { return false; }
  void expect_sigpipe(bool submitted) noexcept override { ring_.expect_sigpipe(submitted); }
  int register_resource(unsigned, void*, unsigned) noexcept override { return -EOPNOTSUPP; }

 private:
  lariat::io::loop_driver ring_;
};

/// The same on a step of the flag ladder: see loop_driver_options::flag_step.
template <int step>
class old_ring final : public old_kernel {
 public:
  old_ring() : old_kernel(options()) {}

 private:
  static lariat::io::loop_driver_options options() {
    lariat::io::loop_driver_options chosen;
    chosen.flag_step = step;
    return chosen;
  }
};
