#pragma once

#include <lariat/sched/coroutine/detail/slot.hpp>
#include <lariat/sched/pool/detail/fork_group.hpp>
#include <lariat/sched/pool/detail/fork_promise.hpp>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <limits>
#include <new>
#include <ranges>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

namespace lariat::detail {

template <class Task>
inline constexpr bool is_fork_task = false;
template <class T>
inline constexpr bool is_fork_task<fork_task<T>> = true;

template <class Range>
concept range_of_forks = std::ranges::input_range<Range> && std::ranges::sized_range<Range> &&
                         is_fork_task<std::ranges::range_reference_t<Range>>;

/// Iterates over `function(0)`, `function(1)` and so on. Has only the part of an iterator that
/// `fork_range` needs.
template <class Function>
class call_iterator {
 public:
  explicit call_iterator(Function& function) noexcept : function_(&function) {}
  decltype(auto) operator*() const { return std::invoke(*function_, next_); }
  void operator++() noexcept { ++next_; }

 private:
  Function* function_;
  std::size_t next_ = 0;
};

/// A fork of children whose number is known at run time only. Their tasks are an array on the
/// stacklet's stack, followed by their frames.
template <class T>
class [[nodiscard]] fork_range_operation : fork_group {
 public:
  /// \throws what making a child throws; std::bad_alloc; std::length_error.
  template <class Each>
  fork_range_operation(Each each, std::size_t count) : fork_range_operation(count) {
    for (; made_ != count; ++each) {
      ::new (static_cast<void*>(tasks_ + made_))
          task(*each);  // In place: a fork_task cannot be moved.
      ++made_;
    }
  }
  ~fork_range_operation() {
    if (tasks_ == nullptr) return;
    while (made_ != 0) tasks_[--made_].~task();
    current_stacklet().frames.deallocate(tasks_);
  }

  bool await_ready() const noexcept { return made_ == 0; }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> parent) {
    return start(parent, made_, [this](std::size_t i) { return tasks_[i].address(); });
  }
  auto await_resume() {
    if (made_ != 0 && incomplete()) [[unlikely]]
      rethrow();
    if constexpr (!std::is_void_v<T>) {
      std::vector<std::remove_const_t<T>> values;
      values.reserve(made_);
      for (std::size_t i = 0; i < made_; ++i) values.push_back(not_failed(result(i)).take());
      return values;
    }
  }

 private:
  using task = fork_task<T>;

  // A constructor of its own that the public one delegates to, so that the destructor runs if that
  // throws.
  explicit fork_range_operation(std::size_t count) {
    if (count > std::numeric_limits<std::int32_t>::max())
      throw std::length_error("lariat: fork_join takes at most 2^31 - 1 fork_tasks");
    if (count == 0) return;
    tasks_ = static_cast<task*>(current_stacklet().frames.allocate(count * sizeof(task)));
  }

  [[nodiscard]] slot<T>& result(std::size_t i) const noexcept {
    return fork_promise_result<T>::result_of(tasks_[i].address());
  }

  [[noreturn, gnu::cold]] void rethrow() {
    std::exception_ptr first;
    for (std::size_t i = 0; i < made_; ++i) take_error(result(i), first);
    rethrow_failure(std::move(first));
  }

  task* tasks_ = nullptr;
  std::size_t made_ = 0;
};

/// The result of `fork_join` of a range. The children are made when it is awaited.
template <class Each>
class [[nodiscard("it does nothing until it is awaited")]] fork_range {
 public:
  fork_range(Each first, std::size_t count) : first_(std::move(first)), count_(count) {}

  template <class Other = Each>
  auto operator co_await() const {
    static_assert(!std::is_same_v<Other, Each>,
                  "fork_join is for fork_tasks, which run on a pool: a task awaits "
                  "to_pool(function, args...)");
    return std::suspend_never();
  }

 private:
  template <class>
  friend class fork_promise_result;
  Each first_;
  std::size_t count_;
};

template <class T>
template <class Each>
auto fork_promise_result<T>::await_transform(fork_range<Each>&& children) {
  using value = typename decltype(*std::declval<Each&>())::value_type;
  return fork_range_operation<value>(std::move(children.first_), children.count_);
}

}  // namespace lariat::detail
