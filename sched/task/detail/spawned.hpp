#pragma once

#include <lariat/sched/coroutine/detail/frame_pool.hpp>
#include <lariat/sched/coroutine/detail/slot.hpp>
#include <lariat/sched/loop/context.hpp>
#include <lariat/sched/loop/loop.hpp>
#include <lariat/sched/task/detail/body_or_result.hpp>
#include <lariat/sched/task/detail/record_state.hpp>
#include <lariat/sched/task/task.hpp>

#include <cstddef>
#include <exception>
#include <functional>
#include <source_location>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace lariat {
class dependency_visitor;
}

namespace lariat::detail {

/// A waiter for a spawned task's end; told on the task's loop.
class join_waiter {
 public:
  virtual void joined() noexcept = 0;

 protected:
  virtual ~join_waiter() = default;  // As that of runnable.

 private:
  friend class spawned;
  join_waiter* next_ = nullptr;
};

class scope_link;

/// The scope that a spawned task is a child of, such as a task_group. Told when the task has ended.
class spawn_scope {
 public:
  virtual void scope_child_finished(context& child, const std::exception_ptr& error) noexcept = 0;

 protected:
  virtual ~spawn_scope() = default;  // As that of runnable.
  /// Cancels all children, and from now on each that is added, before its start.
  void cancel_children(std::string_view reason) noexcept;
  [[nodiscard]] std::size_t child_count() const noexcept { return count_; }
  void visit_children(dependency_visitor& visit) const;

 private:
  friend class scope_link;
  scope_link* first_ = nullptr;
  scope_link* last_ = nullptr;
  std::size_t count_ = 0;
  bool cancels_ = false;
};

class spawned;

/// A task's place in its scope. Only tasks in a scope have one, in their record.
class scope_link {
 public:
  scope_link(spawn_scope& scope, const context& parent, spawned& task) noexcept;

  [[nodiscard]] const context& parent() const noexcept { return parent_; }

  /// Leaves the scope and tells it how the task ended.
  void leave(const std::exception_ptr& error) noexcept;

 private:
  friend class spawn_scope;
  spawn_scope& scope_;
  const context& parent_;
  spawned& task_;
  scope_link* previous_;
  scope_link* next_ = nullptr;
};

/// A spawned task's record: its context, its join state, and (in the derived class) the closure,
/// the arguments and the result. Lives until its task has ended and its handle is gone. Until the
/// task has ended everything but `done` belongs to the loop's thread, and other threads send
/// messages through the loop's inbox. Afterwards the record belongs to the handle, and the loop may
/// be gone.
class spawned : public context {
 public:
  static void* operator new(std::size_t size) { return allocate_frame(size); }
  static void operator delete(void* record, std::size_t size) noexcept {
    deallocate_frame(record, size);
  }
  virtual ~spawned() = default;

  /// Starts the task on `where`. Any thread.
  /// \throws runtime_closed if the loop accepts no more tasks.
  void launch(loop& where, std::source_location site);

  /// The same. `priority` is null if it is inherited. If it is `eager` and `where` runs here, the
  /// task runs to its first suspension before this returns.
  void launch(loop& where, std::source_location site, const task_priority* priority, bool eager);

  /// Any thread.
  [[nodiscard]] bool done() const noexcept { return state_.done(); }

  /// Drops the handle's reference: the record is deleted now, or when the task has ended. Any
  /// thread.
  void release() noexcept;

  /// Cancels the task. Any thread.
  void request_cancel(std::string_view reason) noexcept;

  /// Posts `step` to the task's loop, from another thread; false if the task has ended.
  [[nodiscard]] bool post(runnable& step) noexcept;

  /// Adds a waiter, which is told when the task has ended; false if it has ended already. On the
  /// loop's thread.
  [[nodiscard]] bool add_waiter(join_waiter& waiter) noexcept;

  /// Removes a waiter; false if it was told, or is about to be.
  bool remove_waiter(join_waiter& waiter) noexcept;

  /// Marks the task's failure as seen, so that it is not reported.
  void mark_retrieved() noexcept { retrieved_ = true; }

  using context::set_name;

 protected:
  [[noreturn]] static void throw_result_taken();

  explicit spawned(std::string_view name) { set_name(name); }

  /// Its place in a scope, if it has one.
  [[nodiscard]] virtual scope_link* link() noexcept { return nullptr; }

  /// Runs the body until it first suspends.
  virtual void begin() = 0;
  virtual void store_failure(std::exception_ptr error) noexcept = 0;
  [[nodiscard]] virtual const std::exception_ptr* failure() const noexcept = 0;

  /// The body has ended, its result is stored and its frame is gone.
  void finish() noexcept;

 private:
  template <class Action>
  class message;
  template <class Action>
  [[nodiscard]] bool send(Action action) noexcept;
  void first_run() noexcept final;
  void prepare(loop& where, std::source_location site);
  void start(loop& where);
  void let_go() noexcept;
  [[nodiscard]] bool unseen(const std::exception_ptr* error) const noexcept;

  record_state state_;
  bool handle_held_ = true;
  bool retrieved_ = false;

 protected:
  bool has_result_ = false;  // Used by the derived class; here it fits in the padding.

 private:
  join_waiter* waiters_ = nullptr;
};

/// A record with room for the body and then its result.
template <class T>
class spawned_result : public spawned {
 public:
  ~spawned_result() override { place_.destroy(has_result_); }

  /// \pre The task has ended.
  [[nodiscard]] slot<T>& result() noexcept { return place_.result(); }

  /// Returns the task's value or throws its exception. To be called once.
  /// \throws std::logic_error if it was called before.
  T take_once() {
    if (result().empty()) throw_result_taken();
    struct at_return {
      slot<T>& taken;
      ~at_return() { taken.reset(); }
    } const reset_afterwards{result()};
    return result().take();
  }

 protected:
  explicit spawned_result(std::string_view name) : spawned(name) {}

  void store_failure(std::exception_ptr error) noexcept override {
    place_.fail(std::move(error));
    has_result_ = true;
  }
  [[nodiscard]] const std::exception_ptr* failure() const noexcept final {
    const slot<T>& ended = place_.result();
    return ended.has_error() ? &ended.error() : nullptr;
  }

  void take_result() noexcept {
    place_.become_result();
    has_result_ = true;
  }

  [[nodiscard]] root_task<T>& body() noexcept { return place_.body(); }
  [[nodiscard]] bool has_result() const noexcept { return has_result_; }

 private:
  body_or_result<T> place_;
};

/// The function and arguments that a task is called with. Destroyed when the task has ended, and
/// not with the handle, or a captured socket would stay open till then.
template <class Function, class... Args>
struct call_parts {
  template <class F, class... A>
  explicit call_parts(F&& f, A&&... a)
      : function(std::forward<F>(f)), args(std::forward<A>(a)...) {}
  [[no_unique_address]] Function function;
  [[no_unique_address]] std::tuple<Args...> args;
};

/// A place for these parts, to be emptied once. Parts with a trivial destructor need no union, and
/// an empty class outside a union takes no room.
template <class Parts, bool trivial = std::is_trivially_destructible_v<Parts>>
class call_place {
 public:
  template <class... P>
  explicit call_place(P&&... parts) : parts_(std::forward<P>(parts)...) {}
  [[nodiscard]] Parts& get() noexcept { return parts_; }
  void empty() noexcept {}

 private:
  [[no_unique_address]] Parts parts_;
};
template <class Parts>
class call_place<Parts, false> {
 public:
  template <class... P>
  explicit call_place(P&&... parts) : parts_(std::forward<P>(parts)...) {}
  ~call_place() {}
  [[nodiscard]] Parts& get() noexcept { return parts_; }
  void empty() noexcept { parts_.~Parts(); }

 private:
  union {
    Parts parts_;
  };
};

/// A record for a function that makes the task on its first run, so that its captures and
/// arguments live as long as the task.
template <class T, class Function, class... Args>
class spawned_call : public spawned_result<T>, private return_point {
 public:
  template <class F, class... A>
  explicit spawned_call(std::string_view name, F&& callable, A&&... args)
      : spawned_result<T>(name),
        return_point(&spawned_call::returned),
        call_(std::forward<F>(callable), std::forward<A>(args)...) {}
  ~spawned_call() override {
    if (!this->has_result()) call_.empty();
  }

 private:
  void begin() override {
    this->body() = root_task<T>(std::apply(
        [this](Args&... args) { return std::invoke(call_.get().function, std::move(args)...); },
        call_.get().args));
    this->body().start(*this, *this);
  }

  void store_failure(std::exception_ptr error) noexcept final {
    spawned_result<T>::store_failure(std::move(error));
    call_.empty();
  }

  static void returned(return_point* self) noexcept {
    auto& record = static_cast<spawned_call&>(*self);
    record.take_result();
    record.call_.empty();  // After the coroutine, which refers to its captures.
    record.finish();
  }

  [[no_unique_address]] call_place<call_parts<Function, Args...>> call_;
};

/// The same for a task that is part of a scope.
template <class T, class Function, class... Args>
class scoped_call final : public spawned_call<T, Function, Args...> {
 public:
  template <class F, class... A>
  scoped_call(spawn_scope& scope, const context& parent, std::string_view name, F&& callable,
              A&&... args)
      : spawned_call<T, Function, Args...>(name, std::forward<F>(callable),
                                           std::forward<A>(args)...),
        link_(scope, parent, *this) {}

  [[nodiscard]] const context* parent() const noexcept override { return &link_.parent(); }

 private:
  [[nodiscard]] scope_link* link() noexcept override { return &link_; }
  scope_link link_;
};

}  // namespace lariat::detail
