#pragma once

#include <lariat/sched/loop/operation.hpp>
#include <lariat/sched/task/detail/spawned.hpp>
#include <lariat/sched/task/outcome.hpp>

#include <string_view>
#include <utility>

namespace lariat {

namespace detail {

/// The wait for a spawned task's end, of the same loop or another one.
class join_operation_base : public starting_operation<join_operation_base>, private join_waiter {
 public:
  /// What a cancel of the wait does to the awaited task.
  enum class on_cancel : unsigned char { cancel_task, only_stop_waiting };

  bool await_ready() const noexcept { return record_ != nullptr && record_->done(); }
  void cancel() noexcept override;
  void run() noexcept override;
  [[nodiscard]] operation_info info() const noexcept override { return {"join"}; }
  woken_by depends_on(dependency_visitor& visit) const final;

 protected:
  join_operation_base(spawned* record, on_cancel effect) noexcept
      : record_(record), on_cancel_(effect) {}
  // Movable until it is awaited. A copy has messages of its own, which refer to it.
  join_operation_base(const join_operation_base& other) noexcept
      : starting_operation(other),
        join_waiter(),
        record_(other.record_),
        on_cancel_(other.on_cancel_) {}

  /// Called before the result is taken. \throws operation_cancelled if the wait was cancelled.
  void check(const std::exception_ptr* error) const;

 private:
  friend starting_operation;

  class registration final : public runnable {
   public:
    explicit registration(join_operation_base& owner) noexcept : owner_(owner) {}
    void run() noexcept override;

   private:
    join_operation_base& owner_;
  };

  /// The message of a cancelled wait for a task of another loop: it goes to that loop, where it
  /// removes the waiter, and back.
  class withdrawal final : public runnable {
   public:
    explicit withdrawal(join_operation_base& owner) noexcept : owner_(owner) {}
    void run() noexcept override;

   private:
    join_operation_base& owner_;
    bool done_there_ = false;
    bool removed_ = false;
  };

  bool start();
  void joined() noexcept override;
  void withdrawn(bool removed) noexcept;

  spawned* record_;
  registration registration_{*this};
  withdrawal withdrawal_{*this};
  std::uint32_t passed_on_in_ = 0;  // The cascade of cancels in which it last passed one on.
  on_cancel on_cancel_;
  bool cancelled_ = false;
  bool stopped_waiting_ = false;
  bool withdrawing_ = false;
  bool told_ = false;  // Told of the end while the withdrawal was under way.
  bool passing_on_ = false;
};

/// Blocks a thread that runs no loop until the task has ended.
void block_until_done(spawned& record);

[[noreturn]] void throw_empty_handle(const char* operation);

}  // namespace detail

template <class T>
class completions;
template <class T>
class join_set;

/// A spawned task seen from outside: `co_await` it for its result, cancel it, or let it go.
///
/// The runtime owns the task; dropping the handle detaches it. If nobody awaits the task, a failure
/// of it is reported with the spawn site.
///
/// \par Threads
/// Any thread may use the handle, one at a time.
///
/// \par Cancellation
/// Cancelling a task that awaits a handle cancels the awaited task too and waits for its end, as
/// asyncio does; `shield` prevents that.
template <class T>
class join_handle {
 public:
  join_handle() noexcept = default;
  explicit join_handle(detail::spawned_result<T>& record) noexcept : record_(&record) {}
  join_handle(join_handle&& other) noexcept : record_(std::exchange(other.record_, nullptr)) {}
  join_handle& operator=(join_handle&& other) noexcept {
    join_handle(std::move(other)).swap(*this);
    return *this;
  }
  ~join_handle() { detach(); }

  void swap(join_handle& other) noexcept { std::swap(record_, other.record_); }

  /// Whether it refers to a task.
  [[nodiscard]] explicit operator bool() const noexcept { return record_ != nullptr; }

  /// Whether the task has ended.
  [[nodiscard]] bool done() const { return require("done").done(); }

  /// Whether the task has ended by an exception or a cancel that was not taken yet.
  [[nodiscard]] bool failed() const {
    auto& record = require("failed");
    return record.done() && record.result().has_error();
  }

  /// Asks the task to end; see context::cancel. After its end this does nothing.
  void cancel(std::string_view reason = {}) const { require("cancel").request_cancel(reason); }

  /// Lets the task run on by itself. It ends with the runtime at the latest, which may be after the
  /// main task has ended, so what it refers to must outlive the main task.
  void detach() noexcept {
    if (record_ != nullptr) std::exchange(record_, nullptr)->release();
  }

  /// The task's name and number.
  [[nodiscard]] std::string_view name() const { return require("name").name(); }
  [[nodiscard]] std::uint64_t id() const { return require("id").id(); }

  /// Blocks a thread that runs no loop until the task has ended, and gives the result.
  /// \throws what the task threw; std::logic_error on a loop's thread, which would stop the loop.
  T get() {
    detail::block_until_done(require("get"));
    record_->mark_retrieved();
    return record_->take_once();
  }

  /// The awaitable: gives the task's value or throws its exception. A value is given once.
  /// \throws std::logic_error if the result was taken before.
  class [[nodiscard]] join_operation final : public detail::join_operation_base {
   public:
    join_operation(detail::spawned_result<T>* record, on_cancel effect) noexcept
        : join_operation_base(record, effect), record_(record) {}

    T await_resume() {
      look();
      return record_->take_once();
    }
    outcome<T> await_result() {
      look();
      return outcome<T>(record_->result());
    }

   private:
    void look() {
      const bool failed = record_->done() && record_->result().has_error();
      check(failed ? &record_->result().error() : nullptr);
      record_->mark_retrieved();
    }
    detail::spawned_result<T>* record_;
  };

  /// To be awaited once, because the result is moved out.
  /// \throws std::logic_error if the awaited task waits for this one, directly or through others:
  /// see `mutex::lock`.
  join_operation operator co_await() {
    (void)require("co_await");
    return join_operation(record_, detail::join_operation_base::on_cancel::cancel_task);
  }

 private:
  template <class U>
  friend typename join_handle<U>::join_operation shield(join_handle<U>& handle);

  template <class U>
  friend class completions;
  template <class U>
  friend class join_set;

  detail::spawned_result<T>& require(const char* operation) const {
    if (record_ == nullptr) detail::throw_empty_handle(operation);
    return *record_;
  }

  detail::spawned_result<T>* record_ = nullptr;
};

/// Awaits a spawned task without passing a cancel on to it: the wait ends at once by
/// operation_cancelled, and the task goes on.
///
/// \par Cancellation
/// As described. Takes handles only, because a task in a local frame could not outlive its owner.
template <class T>
[[nodiscard]] typename join_handle<T>::join_operation shield(join_handle<T>& handle) {
  return typename join_handle<T>::join_operation(
      &handle.require("shield"), detail::join_operation_base::on_cancel::only_stop_waiting);
}

/// `co_await as_result(handle)` gives an outcome<T> and does not throw what the task threw.
template <class T>
class [[nodiscard]] join_result {
 public:
  using bound_to_loop = void;

  explicit join_result(join_handle<T>& handle) : join_(handle.operator co_await()) {}
  bool await_ready() const noexcept { return join_.await_ready(); }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> caller) {
    return join_.await_suspend(caller);
  }
  outcome<T> await_resume() { return join_.await_result(); }

 private:
  typename join_handle<T>::join_operation join_;
};

/// Awaits a spawned task's end, whatever it is.
///
/// \par Cancellation
/// As for awaiting the handle.
template <class T>
[[nodiscard]] join_result<T> as_result(join_handle<T>& handle) {
  return join_result<T>(handle);
}

}  // namespace lariat
