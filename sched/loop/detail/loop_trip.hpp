#pragma once

#include <lariat/sched/coroutine/detail/frame_pool.hpp>
#include <lariat/sched/coroutine/detail/slot.hpp>
#include <lariat/sched/executor/executor.hpp>
#include <lariat/sched/loop/detail/promise.hpp>
#include <lariat/sched/loop/detail/stand_in.hpp>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <type_traits>

namespace lariat::detail {

/// The await of an operation by a coroutine that runs on a pool. The trip goes to the task's loop,
/// where the operation begins, ends and gives its result, and then back to the pool, where the
/// coroutine goes on. So operations, contexts and loops stay single-threaded; the price is a
/// hand-over each way.
///
/// The operation takes the trip for the waiting coroutine.
class loop_trip_base : public runnable, private stand_in {
 public:
  static void* operator new(std::size_t size) { return allocate_frame(size); }
  static void operator delete(void* trip, std::size_t size) noexcept {
    deallocate_frame(trip, size);
  }

  loop_trip_base(const loop_trip_base&) = delete;
  loop_trip_base& operator=(const loop_trip_base&) = delete;

  /// Posts the trip to the loop. After it the caller may touch nothing that the coroutine owns.
  void start() noexcept;

  /// Called twice: on the loop, then on the pool.
  void run() noexcept final;

 protected:
  loop_trip_base(std::coroutine_handle<> caller, const promise_base& promise) noexcept;
  ~loop_trip_base() = default;

  /// Starts the operation. False if it is over already; otherwise this object may be gone.
  virtual bool begin() = 0;
  virtual void keep_result() = 0;
  virtual void fail(std::exception_ptr error) noexcept = 0;

  using stand_in::handle;

 private:
  static void resumed(stand_in* self) noexcept {
    static_cast<loop_trip_base*>(self)->operation_ended();
  }
  void operation_ended() noexcept;
  void go_back() noexcept;

  std::coroutine_handle<> caller_;
  bool back_ = false;
};

template <class Awaiter>
class loop_trip final : public loop_trip_base {
  using result = decltype(std::declval<Awaiter&>().await_resume());

 public:
  template <class Promise>
  loop_trip(Awaiter& awaiter, std::coroutine_handle<Promise> caller) noexcept
      : loop_trip_base(caller, caller.promise()), awaiter_(awaiter) {}

  /// Ends a trip, on the pool: gives the operation's value or throws its exception.
  static result finish(std::uintptr_t trip) {
    const std::unique_ptr<loop_trip> ended(reinterpret_cast<loop_trip*>(trip));
    return ended->result_.take();
  }

 private:
  bool begin() override {
    if (awaiter_.await_ready()) return false;
    using answer = decltype(awaiter_.await_suspend(handle()));
    if constexpr (std::is_same_v<answer, bool>) {
      return awaiter_.await_suspend(handle());
    } else if constexpr (std::is_void_v<answer>) {
      awaiter_.await_suspend(handle());
      return true;
    } else {
      awaiter_.await_suspend(handle()).resume();
      return true;
    }
  }
  void keep_result() override {
    if constexpr (std::is_void_v<result>) {
      awaiter_.await_resume();
      result_.emplace();
    } else {
      result_.emplace(awaiter_.await_resume());
    }
  }
  void fail(std::exception_ptr error) noexcept override { result_.fail(std::move(error)); }

  Awaiter& awaiter_;
  slot<result> result_;
};

}  // namespace lariat::detail
