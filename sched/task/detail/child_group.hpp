#pragma once

#include <lariat/sched/loop/operation.hpp>
#include <lariat/sched/task/detail/child.hpp>

#include <cstddef>
#include <exception>

namespace lariat::detail {

/// The part of when_all and when_any that does not depend on types: starts the children, waits for
/// all of them, and cancels the others when one of them ends in a way that decides the result.
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

  /// Whether the others are cancelled when a child has ended with `error`; null for a value.
  [[nodiscard]] virtual bool decides(const std::exception_ptr& error) const noexcept = 0;

  /// Whether the children start in the order of the arguments. If not, at a random one, and onwards
  /// or backwards: of any two that are ready each is the first equally often.
  [[nodiscard]] virtual bool in_order() const noexcept { return true; }

  /// Throws the group's error, if it has one: the first error of a child, but not a cancel that an
  /// error of another child has caused.
  void rethrow_error() const;

  /// Throws operation_cancelled if `error` is the awaiter's own cancel, which has come back through
  /// a child and is delivered here.
  void deliver_cancel(const std::exception_ptr& error) const;

  [[nodiscard]] std::size_t count() const noexcept { return count_; }

  /// The first child whose end decided; `nobody` if none did.
  [[nodiscard]] std::size_t decider() const noexcept { return decider_; }

  /// Whether the group was cancelled before it could start.
  [[nodiscard]] bool refused() const noexcept { return refused_; }

  /// Whether a child ended early because of the awaiter's cancel. A group that gives neither a
  /// value nor an error then has to deliver that cancel.
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
