#pragma once

#include <lariat/sched/context.hpp>
#include <lariat/sched/detail/frame_pool.hpp>
#include <lariat/sched/detail/root_task.hpp>
#include <lariat/sched/detail/slot.hpp>
#include <lariat/sched/loop.hpp>
#include <lariat/sched/task.hpp>

#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <source_location>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace lariat::detail {

/// Who waits for a spawned task to end; told on the task's loop.
class join_waiter {
 public:
  virtual void joined() noexcept = 0;

 protected:
  ~join_waiter() = default;

 private:
  friend class spawned;
  join_waiter* next_ = nullptr;
};

class spawned;

/// Whose children a spawned task belongs to: a task_group. Told when it has ended.
class spawn_scope {
 public:
  virtual void scope_child_finished(context& child, const std::exception_ptr& error) noexcept = 0;

 protected:
  ~spawn_scope() = default;
  void cancel_children(std::string_view reason) noexcept;
  [[nodiscard]] std::size_t child_count() const noexcept { return count_; }

 private:
  friend class spawned;
  spawned* first_ = nullptr;
  spawned* last_ = nullptr;
  std::size_t count_ = 0;
};

/// A spawned task's record: its context, its join state, and (in the derived class) the closure,
/// the arguments and the result. Owned by the loop until it has ended, and by its handle.
/// Everything but `done` belongs to the loop's thread; others come through the loop's inbox.
class spawned : public context {
 public:
  static void* operator new(std::size_t size) { return allocate_frame(size); }
  static void operator delete(void* record, std::size_t size) noexcept {
    deallocate_frame(record, size);
  }
  virtual ~spawned() = default;

  /// Makes it ready on `where`, from any thread.
  void launch(loop& where, std::source_location site, spawn_scope* scope,
              const context* parent) noexcept;

  void run() noexcept final;

  /// Any thread.
  [[nodiscard]] bool done() const noexcept { return done_.load(std::memory_order_acquire); }

  /// The handle lets go: deletes the record, now or when the task has ended. Any thread.
  void release() noexcept;

  /// Cancels the task. Any thread.
  void request_cancel(std::string_view reason) noexcept;

  /// Tells `waiter` when the task has ended; false if it has. On the loop's thread.
  [[nodiscard]] bool add_waiter(join_waiter& waiter) noexcept;
  void remove_waiter(join_waiter& waiter) noexcept;

  /// The failure will be seen by somebody: do not report it.
  void mark_retrieved() noexcept { retrieved_ = true; }

  using context::set_name;

 protected:
  explicit spawned(std::string_view name) { set_name(name); }

  /// Runs the body until it first suspends.
  virtual void begin() = 0;
  virtual void store_failure(std::exception_ptr error) noexcept = 0;
  [[nodiscard]] virtual const std::exception_ptr* failure() const noexcept = 0;

  /// The body has ended, its result is stored and its frame is gone.
  void finish() noexcept;

 private:
  friend class spawn_scope;
  void release_on_loop() noexcept;
  void leave_scope(const std::exception_ptr* error) noexcept;
  void report_unseen() noexcept;

  // Shared by all threads that hold a handle.
  spawn_scope* scope_ = nullptr;
  spawned* scope_previous_ = nullptr;
  spawned* scope_next_ = nullptr;
  join_waiter* waiters_ = nullptr;
  std::atomic<bool> done_ = false;
  bool handle_held_ = true;
  bool retrieved_ = false;
};

/// A record with room for a result.
template <class T>
class spawned_result : public spawned {
 public:
  [[nodiscard]] slot<T>& result() noexcept { return result_; }

 protected:
  using spawned::spawned;
  void store_failure(std::exception_ptr error) noexcept final { result_.fail(std::move(error)); }
  [[nodiscard]] const std::exception_ptr* failure() const noexcept final {
    return result_.has_error() ? &result_.error() : nullptr;
  }

  slot<T> result_;
};

/// A record for a function that makes the task on its first run, so that its captures and
/// arguments live as long as the task.
template <class T, class Function, class... Args>
class spawned_call final : public spawned_result<T>, private return_point {
 public:
  template <class F, class... A>
  explicit spawned_call(std::string_view name, F&& function, A&&... args)
      : spawned_result<T>(name),
        return_point(&spawned_call::returned),
        function_(std::forward<F>(function)),
        args_(std::forward<A>(args)...) {}

 private:
  void begin() override {
    body_ = root_task<T>(std::apply(
        [this](Args&... args) { return std::invoke(function_, std::move(args)...); }, args_));
    body_.start(*this, *this);
  }

  static void returned(return_point* self) noexcept {
    auto& record = static_cast<spawned_call&>(*self);
    record.result_.take_from(record.body_.result());
    record.body_.reset();  // Its parameters, such as a socket, go now, not with the handle.
    record.finish();
  }

  [[no_unique_address]] Function function_;
  [[no_unique_address]] std::tuple<Args...> args_;
  root_task<T> body_;
};

}  // namespace lariat::detail
