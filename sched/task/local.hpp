#pragma once

#include <lariat/sched/loop/detail/local_values.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace lariat {

namespace detail {

/// The running task's value for `key`; null if it has none.
[[nodiscard]] const void* find_local(const void* key) noexcept;

/// Gives the running task a value for `key`. Returns the values that it had before.
/// \throws std::logic_error unless a task runs on its loop here.
std::shared_ptr<const local_values> bind_local(const void* key, std::shared_ptr<const void> value);

/// Restores the values that `bind_local` has returned.
void restore_locals(std::shared_ptr<const local_values>&& before) noexcept;

}  // namespace detail

/// A variable with a value for each task (Python's ContextVar, Node's AsyncLocalStorage): for
/// instance a request's number, which a log function deep down needs.
///
/// A child or spawned task inherits the values that the task which makes it has at that time;
/// values that it sets itself other tasks do not see. A coroutine that is awaited directly is part
/// of its awaiter's task, and shares its values. Functions in `to_thread` and `to_pool` read the
/// values of the task that waits for them.
///
/// Reading searches the variables that were set, and setting copies them, so a task should have
/// few. A local must outlive the tasks that have a value for it; usually it has static storage.
///
/// \par Threads
/// Any code that runs for a task may read; only a task on its loop may set.
template <class T>
class local {
 public:
  local() = default;
  /// Tasks that have no value get `initial`.
  explicit local(T initial) : initial_(std::move(initial)) {}
  local(const local&) = delete;  // Its address is the key.
  local& operator=(const local&) = delete;

  /// The running task's value, or the initial one; null if there is neither.
  [[nodiscard]] const T* get() const noexcept {
    if (const void* found = detail::find_local(this)) return static_cast<const T*>(found);
    return initial_.has_value() ? &*initial_ : nullptr;
  }
  [[nodiscard]] const T& operator*() const noexcept { return *get(); }
  [[nodiscard]] const T* operator->() const noexcept { return get(); }

  /// Gives the running task a value, until the task or the enclosing `local_scope` ends. The
  /// previous value is destroyed, unless other tasks or a scope have it.
  /// \throws std::logic_error unless a task runs on its loop here.
  void set(T value) { (void)detail::bind_local(this, std::make_shared<const T>(std::move(value))); }

 private:
  std::optional<T> initial_;
};

/// A value for the running task until the scope ends: `local_scope scope(request_id, 7);`. Then all
/// variables have their values of before again. A task's scopes must end in reverse order, as
/// locals do.
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
