#pragma once

#include <lariat/sched/blocking/detail/thread_operation.hpp>
#include <lariat/sched/cancel/cancelled.hpp>
#include <lariat/sched/cancel/stop_token.hpp>
#include <lariat/sched/coroutine/detail/call_check.hpp>
#include <lariat/sched/coroutine/detail/closure.hpp>
#include <lariat/sched/coroutine/detail/slot.hpp>
#include <lariat/sched/time/timer.hpp>

#include <chrono>
#include <coroutine>
#include <exception>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace lariat {

/// What a cancel does to a function that is already running on a thread.
enum class on_cancel : unsigned char {
  join,     ///< Asks it to stop, by its std::stop_token if it takes one, and waits for its end.
  abandon,  ///< The same, without waiting: the function runs on, and its result is dropped.
};

/// Options of a call. Trivial, so that it may be written inside an await expression
/// (ARCHITECTURE.md, G2).
struct thread_options {
  lariat::lane* lane = nullptr;  ///< The lane whose thread runs the call; null: the default lane.
  /// How long the call may wait for a thread before it is given up.
  std::chrono::nanoseconds queue_timeout = std::chrono::nanoseconds::max();
};

namespace detail {

template <class F, class... Args>
concept runs_without_token = std::is_invocable_v<std::decay_t<F>, std::decay_t<Args>...>;

template <class F, class... Args>
concept runs_with_token = std::is_invocable_v<std::decay_t<F>, stop_token, std::decay_t<Args>...>;

template <class F, class... Args>
concept thread_callable = runs_without_token<F, Args...> || runs_with_token<F, Args...>;

// Types that may refer to objects which they do not own. Captures cannot be inspected, so a closure
// with any counts as one.
template <class T>
inline constexpr bool is_borrowed = closure<T> && !std::is_empty_v<T>;
template <class T>
inline constexpr bool is_borrowed<T*> = !std::is_function_v<T>;
template <class T>
inline constexpr bool is_borrowed<std::reference_wrapper<T>> = true;
template <class T, class Traits>
inline constexpr bool is_borrowed<std::basic_string_view<T, Traits>> = true;
template <class T, std::size_t n>
inline constexpr bool is_borrowed<std::span<T, n>> = true;

/// A function with its arguments, and later its result.
template <class F, class... Args>
class thread_function {
  static constexpr bool takes_token = !runs_without_token<F, Args...>;
  template <bool with_token, class...>
  struct result_of : std::invoke_result<F, Args...> {};
  template <class... None>
  struct result_of<true, None...> : std::invoke_result<F, stop_token, Args...> {};

 public:
  using result = typename result_of<takes_token>::type;

  template <class... Bound>
  explicit thread_function(std::in_place_t, Bound&&... bound)
      : bound_(std::forward<Bound>(bound)...) {}
  thread_function(thread_function&& other) : bound_(std::move(other.bound_)) {}

  /// Called before a thread may run it. If the function takes a token this allocates the stop
  /// state.
  void arm() {
    if constexpr (takes_token) stop_ = stop_source();
  }
  void request_stop() noexcept {
    if constexpr (takes_token) stop_.request_stop();
  }

  void operator()() noexcept {
    try {
      if constexpr (std::is_void_v<result>) {
        invoke();
        result_.emplace();
      } else {
        result_.emplace(invoke());
      }
    } catch (const operation_cancelled&) {
      gave_up_ = true;
      result_.fail(std::current_exception());
    } catch (...) {
      result_.fail(std::current_exception());
    }
  }

  [[nodiscard]] bool gave_up() const noexcept { return gave_up_; }
  result take() { return result_.take(); }

 private:
  struct nothing {};

  result invoke() {
    if constexpr (takes_token) {
      return std::apply(
          [this](F& function, Args&... args) -> result {
            return std::invoke(std::move(function), stop_.get_token(), std::move(args)...);
          },
          bound_);
    } else {
      return std::apply(
          [](F& function, Args&... args) -> result {
            return std::invoke(std::move(function), std::move(args)...);
          },
          bound_);
    }
  }

  [[no_unique_address]] std::tuple<F, Args...> bound_;
  [[no_unique_address]] std::conditional_t<takes_token, stop_source, nothing> stop_ = no_stop();
  slot<result> result_;
  bool gave_up_ = false;

  static auto no_stop() noexcept {
    if constexpr (takes_token) {
      return stop_source(no_stop_state());
    } else {
      return nothing();
    }
  }
};

/// Room for a queue timeout where one was asked for.
template <bool timed>
struct timer_room {
  explicit timer_room(clock_ns) noexcept {}
  [[nodiscard]] queue_timer* get() noexcept { return nullptr; }
};
template <>
struct timer_room<true> {
  explicit timer_room(clock_ns limit_ns) noexcept : timer(limit_ns) {}
  [[nodiscard]] queue_timer* get() noexcept { return &timer; }
  queue_timer timer;
};

/// A call that its task waits for to its end: all of it is in the awaiting frame.
template <bool timed, class F, class... Args>
class [[nodiscard("nothing is called until it is awaited")]] joined_call final
    : public thread_operation {
 public:
  template <class... Bound>
  joined_call(lane* where, clock_ns queue_ns, Bound&&... bound)
      : thread_operation(where),
        function_(std::in_place, std::forward<Bound>(bound)...),
        timer_(queue_ns) {}
  joined_call(joined_call&& other)
      : thread_operation(other), function_(std::move(other.function_)), timer_(other.timer_) {}

  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> caller) {
    prepare(caller);
    function_.arm();
    return start(&joined_call::execute, this, &task_context(), timer_.get());
  }

  typename thread_function<F, Args...>::result await_resume() {
    check(function_.gave_up());
    return function_.take();
  }

 private:
  static void execute(void* state) noexcept {
    auto& self = *static_cast<joined_call*>(state);
    self.function_();
    self.hand_back();
  }
  bool give_up() noexcept override {
    function_.request_stop();
    return false;
  }

  thread_function<F, Args...> function_;
  [[no_unique_address]] timer_room<timed> timer_;
};

/// A call that a cancel leaves behind.
template <bool timed, class F, class... Args>
class [[nodiscard("nothing is called until it is awaited")]] abandoning_call final
    : public thread_operation {
 public:
  template <class... Bound>
  abandoning_call(lane* where, clock_ns queue_ns, Bound&&... bound)
      : thread_operation(where),
        function_(std::in_place, std::forward<Bound>(bound)...),
        timer_(queue_ns) {}
  abandoning_call(abandoning_call&& other)
      : thread_operation(other), function_(std::move(other.function_)), timer_(other.timer_) {}

  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> caller) {
    prepare(caller);
    state_ = std::make_unique<state>(*this, std::move(function_));
    return start(&abandoning_call::execute, state_.get(), nullptr, timer_.get());
  }

  typename thread_function<F, Args...>::result await_resume() {
    check(state_ != nullptr && state_->function.gave_up());
    return state_->function.take();
  }

 private:
  struct state final : abandonable_state {
    state(thread_operation& waiter, thread_function<F, Args...>&& what)
        : abandonable_state(waiter), function(std::move(what)) {
      function.arm();
    }
    thread_function<F, Args...> function;
  };

  static void execute(void* call) noexcept {
    auto& self = *static_cast<state*>(call);
    self.function();
    self.finish();
  }
  bool give_up() noexcept override {
    state_->function.request_stop();
    if (!state_->abandon()) return false;
    (void)state_.release();  // The lane's thread deletes it.
    return true;
  }

  thread_function<F, Args...> function_;
  std::unique_ptr<state> state_;
  [[no_unique_address]] timer_room<timed> timer_;
};

/// Tells the user why `to_thread` or `to_pool` cannot call the function.
template <class F, class... Args>
consteval void explain_thread_call() {
  if constexpr (wants_reference<F, Args...>) {
    static_assert(never<F>,
                  "to_thread and to_pool copy the arguments, and this function takes one by "
                  "reference: say std::ref(argument) if nobody else uses it meanwhile");
  } else if constexpr (is_task<std::decay_t<F>>) {
    static_assert(
        never<F>,
        "to_thread and to_pool take a function, not a task that exists: to_pool(function, "
        "arguments...) runs a coroutine on a pool");
  } else {
    static_assert(never<F>,
                  "to_thread and to_pool(function, arguments...) cannot call this function with "
                  "these arguments, which are copied and handed over as rvalues");
  }
}

template <on_cancel policy, bool timed, class F, class... Args>
auto make_thread_call(lane* where, clock_ns queue_ns, F&& function, Args&&... args) {
  require_storable<F, Args...>();
  using function_type = thread_function<std::decay_t<F>, std::decay_t<Args>...>;
  static_assert(
      !is_task<typename function_type::result>,
      "to_thread runs a plain function on a thread. A coroutine is awaited where it is, or "
      "runs on a pool by to_pool(function, arguments...)");
  static_assert(alignof(std::decay_t<F>) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__ &&
                    ((alignof(std::decay_t<Args>) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__) && ...),
                "to_thread keeps function and arguments in the awaiting coroutine's frame, where "
                "over-aligned ones are misaligned: hand over a pointer");
  if constexpr (policy == on_cancel::abandon) {
    static_assert(!is_borrowed<std::decay_t<F>> && (!is_borrowed<std::decay_t<Args>> && ...),
                  "a call that may be abandoned outlives its task: its function and arguments must "
                  "own what they use (no pointer, reference, view, or closure with captures)");
    return abandoning_call<timed, std::decay_t<F>, std::decay_t<Args>...>(
        where, queue_ns, std::forward<F>(function), std::forward<Args>(args)...);
  } else {
    return joined_call<timed, std::decay_t<F>, std::decay_t<Args>...>(
        where, queue_ns, std::forward<F>(function), std::forward<Args>(args)...);
  }
}

}  // namespace detail

/// Runs `function(args...)`, which may block, on another thread, and gives its result or throws its
/// exception on the caller's loop, which runs other tasks meanwhile.
///
/// Function and arguments are copied or moved in, and called as rvalues; pass std::ref for a
/// reference. Name a closure with captures before the await, or pass the captures as arguments: g++
/// 12 destroys one that is written inside the await expression twice. Costs no allocation, but for
/// the stop state of a function whose first parameter is a std::stop_token. For work of more than
/// about 10 us, or that blocks.
///
/// \throws std::system_error if the lane has no thread and none can be started;
/// std::errc::no_buffer_space if its `queue_max` calls wait already (not EAGAIN, by which the
/// system says that it has no thread).
/// \throws std::logic_error if the caller's loop runs on a thread of the same lane, and every other
/// thread of it waits for the lane too.
///
/// \par Cancellation
/// A call that no thread has started is taken back at once and never runs. One that runs is asked
/// to stop through its std::stop_token, and waited for: its value or exception is delivered, and
/// the cancel stays for the next await. If the function throws operation_cancelled, the cancel
/// counts as delivered. Stop callbacks run on the loop's thread.
///
/// With `to_thread<on_cancel::abandon>` a running function is not waited for: it must own all that
/// it uses, and its state is allocated on the heap.
template <on_cancel policy = on_cancel::join, class F, class... Args>
  requires detail::thread_callable<F, Args...>
[[nodiscard]] auto to_thread(F&& function, Args&&... args) {
  return detail::make_thread_call<policy, false>(nullptr, no_deadline, std::forward<F>(function),
                                                 std::forward<Args>(args)...);
}

/// The same on a given lane, or with a limit to the time in its queue: `co_await to_thread({.lane =
/// &dns, .queue_timeout = 1s}, lookup, host)`.
///
/// \throws std::system_error std::errc::timed_out if no thread was free within `queue_timeout`.
///
/// \par Cancellation
/// As above.
template <on_cancel policy = on_cancel::join, class F, class... Args>
  requires detail::thread_callable<F, Args...>
[[nodiscard]] auto to_thread(thread_options options, F&& function, Args&&... args) {
  const clock_ns queue_ns = options.queue_timeout == std::chrono::nanoseconds::max()
                                ? no_deadline
                                : detail::saturating_ns(options.queue_timeout);
  return detail::make_thread_call<policy, true>(options.lane, queue_ns, std::forward<F>(function),
                                                std::forward<Args>(args)...);
}

/// Chosen for arguments that the others do not accept; their static_asserts say what is wrong.
template <on_cancel policy = on_cancel::join, class F, class... Args>
  requires(!detail::thread_callable<F, Args...> &&
           !std::same_as<std::remove_cvref_t<F>, thread_options>)
auto to_thread(F&&, Args&&...) {
  detail::explain_thread_call<F, Args...>();
  return std::suspend_never();
}
template <on_cancel policy = on_cancel::join, class F, class... Args>
  requires(!detail::thread_callable<F, Args...>)
auto to_thread(thread_options, F&&, Args&&...) {
  detail::explain_thread_call<F, Args...>();
  return std::suspend_never();
}

}  // namespace lariat
