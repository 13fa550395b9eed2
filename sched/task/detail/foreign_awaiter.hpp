#pragma once

#include <lariat/sched/task/detail/foreign_wait.hpp>

#include <coroutine>
#include <type_traits>
#include <utility>

namespace lariat::detail {

/// The awaiter by which a task awaits a foreign awaitable. \tparam Awaiter A reference to the
/// awaiter, or its type if operator co_await makes it, which is then stored here.
template <class Awaiter>
class foreign_awaiter : foreign_wait {
  using bare = std::remove_reference_t<Awaiter>;

 public:
  template <class Make>
  explicit foreign_awaiter(Make make) : awaiter_(make()) {}

  bool await_ready() { return static_cast<bool>(awaiter().await_ready()); }

  template <class Promise>
  auto await_suspend(std::coroutine_handle<Promise> caller) {
    using answer = decltype(awaiter().await_suspend(caller_of(caller)));
    if constexpr (std::is_void_v<answer> || std::is_same_v<answer, bool>) {
      return wait<answer>(caller_of(caller));
    } else {
      return transfer(caller_of(caller));
    }
  }

  decltype(auto) await_resume() {
    check();
    return awaiter().await_resume();
  }

 private:
  template <class Promise>
  static std::coroutine_handle<promise_base> caller_of(
      std::coroutine_handle<Promise> caller) noexcept {
    return std::coroutine_handle<promise_base>::from_address(caller.address());
  }
  [[nodiscard]] bare& awaiter() noexcept { return awaiter_; }

  // On a pool, nothing of this object may be touched after `await_suspend` has suspended the
  // coroutine.
  template <class Answer>
  bool wait(std::coroutine_handle<promise_base> caller) {
    const bool on_loop = !caller.promise().on_pool();
    const auto self = begin(caller);
    if (self == nullptr) return false;
    try {
      if constexpr (std::is_void_v<Answer>) {
        awaiter().await_suspend(self);
      } else if (!awaiter().await_suspend(self)) {
        not_suspended();
        return false;
      }
    } catch (...) {
      not_suspended();
      throw;
    }
    if (on_loop) suspended();
    return true;
  }

  std::coroutine_handle<> transfer(std::coroutine_handle<promise_base> caller) {
    const bool on_loop = !caller.promise().on_pool();
    const auto self = begin(caller);
    if (self == nullptr) return caller;
    std::coroutine_handle<> next;
    try {
      next = awaiter().await_suspend(self);
    } catch (...) {
      not_suspended();
      throw;
    }
    if (on_loop) suspended();
    return next;
  }

  Awaiter awaiter_;
};

}  // namespace lariat::detail
