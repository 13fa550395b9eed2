#pragma once

#include <lariat/sched/loop/detail/local_values.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace lariat {

namespace detail {

/// What the task that runs here has for `key`; null if nothing.
[[nodiscard]] const void* find_local(const void* key) noexcept;

/// Gives the task that runs here a value for `key`. Returns the values that it had.
/// \throws std::logic_error unless a task runs on its loop here.
std::shared_ptr<const local_values> bind_local(const void* key, std::shared_ptr<const void> value);

/// Puts back what `bind_local` has returned.
void restore_locals(std::shared_ptr<const local_values>&& before) noexcept;

}  // namespace detail

/// A variable that each task has a value of its own of (Python's ContextVar, Node's
/// AsyncLocalStorage): a request's number, say, that a log function far below wants to know.
///
/// Tasks inherit the values that the task which makes them has then, children and spawned ones
/// alike; what they set themselves the others do not see. A coroutine that is awaited directly is
/// part of its awaiter's task, and shares its values. Functions in `to_thread` and `to_pool` read
/// the values of the task that waits for them.
///
/// Reading looks through the variables that were set, and setting copies them, so a task should
/// have few. Usually of static storage; it outlives the tasks that have a value for it.
///
/// \par Threads
/// Reading is for whatever runs for a task; setting for tasks on their loop.
template <class T>
class local {
 public:
  local() = default;
  /// For tasks that have no value: `initial`.
  explicit local(T initial) : initial_(std::move(initial)) {}
  local(const local&) = delete;  // Its address is its name.
  local& operator=(const local&) = delete;

  /// The running task's value, or the initial one; null if there is neither.
  [[nodiscard]] const T* get() const noexcept {
    if (const void* found = detail::find_local(this)) return static_cast<const T*>(found);
    return initial_.has_value() ? &*initial_ : nullptr;
  }
  [[nodiscard]] const T& operator*() const noexcept { return *get(); }
  [[nodiscard]] const T* operator->() const noexcept { return get(); }

  /// Gives the running task a value, to its end or that of the `local_scope` around. The value
  /// before it goes, unless other tasks or a scope have it.
  /// \throws std::logic_error unless a task runs on its loop here.
  void set(T value) { (void)detail::bind_local(this, std::make_shared<const T>(std::move(value))); }

 private:
  std::optional<T> initial_;
};

/// A value for the running task until the scope ends: `local_scope scope(request_id, 7);`. Then all
/// variables are what they were. Scopes of a task end in the reverse order, as locals do.
class [[nodiscard]] local_scope {
 public:
  /// \throws std::logic_error unless a task runs on its loop here.
  template <class T>
  local_scope(local<T>& variable, T value)
      : before_(detail::bind_local(&variable, std::make_shared<const T>(std::move(value)))) {}
  local_scope(const local_scope&) = delete;
  local_scope& operator=(const local_scope&) = delete;
  ~local_scope() { detail::restore_locals(std::move(before_)); }

 private:
  std::shared_ptr<const detail::local_values> before_;
};

}  // namespace lariat
