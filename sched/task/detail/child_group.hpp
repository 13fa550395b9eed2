#pragma once

#include <lariat/sched/loop/operation.hpp>
#include <lariat/sched/task/detail/child.hpp>

#include <cstddef>
#include <exception>

namespace lariat::detail {

/// The part of when_all and when_any that does not depend on types: starts the children, waits
/// for every one of them, and cancels those that are left when one's end decides the matter.
class child_group : public starting_operation<child_group>, public child_owner {
 public:
  void cancel() noexcept override;
  woken_by depends_on(dependency_visitor& visit) const final;

 protected:
  static constexpr std::size_t nobody = static_cast<std::size_t>(-1);

  explicit child_group(std::size_t count) noexcept : count_(count), remaining_(count) {}
  ~child_group() = default;

  virtual void start_child(std::size_t index, const context& parent,
                           std::source_location site) noexcept = 0;
  [[nodiscard]] virtual context& child_at(std::size_t index) const noexcept = 0;

  /// Whether a child that ended so ends the others.
  [[nodiscard]] virtual bool decides(const std::exception_ptr& error) const noexcept = 0;

  /// Throws what the group came to, if that is no value: the first error of a child, but a real
  /// one rather than the cancels that it caused.
  void rethrow_error() const;

  /// Throws operation_cancelled if `error` is our own cancel, come back through a child: it is
  /// delivered here.
  void deliver_cancel(const std::exception_ptr& error) const;

  [[nodiscard]] std::size_t count() const noexcept { return count_; }

  /// The first child whose end decided; `nobody` if none did.
  [[nodiscard]] std::size_t decider() const noexcept { return decider_; }

  /// Whether the group was cancelled before it could start.
  [[nodiscard]] bool refused() const noexcept { return refused_; }

  /// Whether a child ended early by the awaiter's cancel: a group that gives no value then, nor an
  /// error, has to deliver that.
  [[nodiscard]] bool cut_short() const noexcept { return cut_short_; }

 private:
  friend starting_operation;
  bool start() noexcept;
  void child_finished(context& child, const std::exception_ptr& error) noexcept final;
  void cancel_rest(std::string_view reason) noexcept;

  std::size_t count_;
  std::size_t remaining_;
  std::size_t decider_ = nobody;
  std::exception_ptr error_;
  bool refused_ = false;
  bool cancelled_ = false;
  bool cut_short_ = false;
};

}  // namespace lariat::detail
