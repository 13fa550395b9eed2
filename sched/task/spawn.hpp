#pragma once

#include <lariat/sched/coroutine/detail/call_check.hpp>
#include <lariat/sched/loop/detail/home_loop.hpp>
#include <lariat/sched/loop/loop.hpp>
#include <lariat/sched/task/detail/spawned.hpp>
#include <lariat/sched/task/join_handle.hpp>

#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <source_location>
#include <type_traits>
#include <utility>

namespace lariat {

/// Options of a spawned task. Only pointers and literals, so that it may be written inside an await
/// expression: g++ 12 destroys a class with a destructor twice there.
struct spawn_options {
  const char* name = nullptr;  ///< For dumps and reports; copied.

  /// Whether the task runs to its first suspension at once, before `spawn` returns (asyncio's eager
  /// tasks): one that never suspends goes through no queue. Until then the spawning task waits as
  /// for a function that it calls; but the task is one of its own, with its context, local values
  /// and stop token, and what it throws goes to its handle. If the runtime is closed, or its group
  /// is ending, it ends cancelled instead.
  ///
  /// It is as any other, and starts by the queue, where the loop does not run on this thread
  /// (another loop, a thread, a pool), where 32 eager starts are nested in each other, which bounds
  /// the stack, and where a group's body is no coroutine but a function that spawns before it gives
  /// one.
  bool eager = false;

  /// Which tasks run first among those that are ready on the loop. Empty: that of the task that
  /// spawns it, normal outside of tasks. Children of `when_all` and all other combinators inherit
  /// it, as in Seastar's scheduling groups; so what a task has others do for it is as urgent as it
  /// is. A function on a thread or a pool has none; what is awaited there has the task's when it is
  /// back.
  ///
  /// A high one that becomes ready waits for the step that runs, and for what is ready at its own
  /// level. Of the others each level has one step in 17 at least, so nothing starves; and within a
  /// level it is first come, first served. What the loop has to ask the kernel for, and timers, it
  /// sees at the end of its turn (`loop_limits`), after each low step if these take long.
  /// A loop on which all are normal pays nothing for this.
  std::optional<task_priority> priority = {};

  /// Where the task is spawned: the place of the braces.
  std::source_location site = std::source_location::current();
};

namespace detail {

template <class Function, class... Args>
concept spawnable = gives_task<std::decay_t<Function>&, std::decay_t<Args>...>;

/// Arguments that no form of `spawn` accepts; overloads for them say why.
template <class Function, class... Args>
concept not_spawnable = !std::same_as<std::remove_cvref_t<Function>, spawn_options> &&
                        (!spawnable<Function, Args...> || sizeof...(Args) > 3);
template <class Function, class... Args>
concept not_spawnable_with_options = !spawnable<Function, Args...>;

template <class Function, class... Args>
consteval void explain_spawn() {
  using function = std::decay_t<Function>&;
  if constexpr (spawnable<Function, Args...>) {
    static_assert(never<Function>,
                  "spawn(function, arguments...) takes three arguments at most; with options it "
                  "takes any number: spawn({.name = \"a name\"}, function, arguments...)");
  } else if constexpr (is_task<std::decay_t<Function>>) {
    static_assert(never<Function>,
                  "a task that exists is handed over, alone: spawn(std::move(task)), or "
                  "spawn(function())");
  } else if constexpr (std::invocable<function, std::decay_t<Args>...>) {
    static_assert(never<Function>,
                  "spawn takes a function that gives a task<T>, and this one gives something else. "
                  "A lambda says so, [] -> task<> { ... co_return; }; a plain function that blocks "
                  "runs by to_thread, one that computes by to_pool");
  } else if constexpr (wants_reference<Function, Args...>) {
    static_assert(never<Function>,
                  "spawn copies the arguments into the task, and this function takes one by "
                  "reference: say std::ref(argument) if what it refers to outlives the task");
  } else if constexpr (can_be_awaited<std::decay_t<Function>>) {
    static_assert(never<Function>,
                  "spawn takes a function that gives a task, or a task; an operation is awaited in "
                  "one: spawn([]() -> task<> { co_await sleep_for(1s); })");
  } else {
    static_assert(never<Function>,
                  "spawn(function, arguments...) cannot call this function with these arguments, "
                  "which are copied into the task and handed over as rvalues");
  }
}

template <class Function, class... Args>
using spawned_value =
    typename std::invoke_result_t<std::decay_t<Function>&, std::decay_t<Args>...>::value_type;

/// \throws std::logic_error if the task was made by a lambda with captures: spawn the lambda.
void refuse_closure_task(const promise_base& promise, std::source_location site);

/// A function that returns a task which exists already; to be called once.
template <class T>
struct return_task {
  task<T> body;
  task<T> operator()() noexcept { return std::move(body); }
};

/// The place of a spawned task: a loop, as a task of its own.
struct spawn_place {
  loop& where;
};

/// The same, but as part of a scope.
struct scoped_place {
  loop& where;
  spawn_scope& scope;
  const context& parent;
};

template <class T, class... Parts>
std::unique_ptr<spawned_call<T, std::decay_t<Parts>...>> make_record(const spawn_place&,
                                                                     std::string_view name,
                                                                     Parts&&... parts) {
  using record = spawned_call<T, std::decay_t<Parts>...>;
  return std::make_unique<record>(name, std::forward<Parts>(parts)...);
}

template <class T, class... Parts>
std::unique_ptr<scoped_call<T, std::decay_t<Parts>...>> make_record(const scoped_place& place,
                                                                    std::string_view name,
                                                                    Parts&&... parts) {
  using record = scoped_call<T, std::decay_t<Parts>...>;
  return std::make_unique<record>(place.scope, place.parent, name, std::forward<Parts>(parts)...);
}

template <class Place, class Function, class... Args>
auto launch(const Place& place, const char* name, std::source_location site, Function&& function,
            Args&&... args) {
  require_storable<Function, Args...>();
  using value = spawned_value<Function, Args...>;
  auto record = make_record<value>(place, name == nullptr ? std::string_view() : name,
                                   std::forward<Function>(function), std::forward<Args>(args)...);
  record->launch(place.where, site);
  return join_handle<value>(*record.release());
}

/// Whether a task of `place` may start eagerly now. A group's body has to exist before a child
/// ends: while its parent runs it does not.
inline bool may_be_eager(const spawn_place&) noexcept { return true; }
inline bool may_be_eager(const scoped_place& place) noexcept {
  return place.where.running() != &place.parent;
}

template <class Place, class Function, class... Args>
auto launch_as(const Place& place, const spawn_options& options, Function&& function,
               Args&&... args) {
  require_storable<Function, Args...>();
  using value = spawned_value<Function, Args...>;
  auto record =
      make_record<value>(place, options.name == nullptr ? std::string_view() : options.name,
                         std::forward<Function>(function), std::forward<Args>(args)...);
  record->launch(place.where, options.site, options.priority ? &*options.priority : nullptr,
                 options.eager && may_be_eager(place));
  return join_handle<value>(*record.release());
}

template <class Place, class T>
join_handle<T> launch_task(const Place& place, const char* name, std::source_location site,
                           task<T>&& body) {
  if (!body) throw_task_awaited_twice();
  refuse_closure_task(promise_of(body), site);
  return launch(place, name, site, return_task<T>{std::move(body)});
}

template <class Place, class T>
join_handle<T> launch_task_as(const Place& place, const spawn_options& options, task<T>&& body) {
  if (!body) throw_task_awaited_twice();
  refuse_closure_task(promise_of(body), options.site);
  return launch_as(place, options, return_task<T>{std::move(body)});
}

/// The forms of `spawn`, for a class whose `spawn_here()` returns the place of its tasks. A default
/// argument cannot follow a pack, so the forms that record the caller's place are written out.
template <class Derived>
class spawner {
 public:
  /// Starts `function(args...)`, which gives a task, as a task of its own.
  template <class F>
    requires spawnable<F>
  auto spawn(F&& function, std::source_location site = std::source_location::current()) {
    return launch(place(), nullptr, site, std::forward<F>(function));
  }
  /// The same with one argument.
  template <class F, class A>
    requires spawnable<F, A>
  auto spawn(F&& function, A&& a, std::source_location site = std::source_location::current()) {
    return launch(place(), nullptr, site, std::forward<F>(function), std::forward<A>(a));
  }
  /// The same with two.
  template <class F, class A, class B>
    requires spawnable<F, A, B>
  auto spawn(F&& function, A&& a, B&& b,
             std::source_location site = std::source_location::current()) {
    return launch(place(), nullptr, site, std::forward<F>(function), std::forward<A>(a),
                  std::forward<B>(b));
  }
  /// The same with three.
  template <class F, class A, class B, class C>
    requires spawnable<F, A, B, C>
  auto spawn(F&& function, A&& a, B&& b, C&& c,
             std::source_location site = std::source_location::current()) {
    return launch(place(), nullptr, site, std::forward<F>(function), std::forward<A>(a),
                  std::forward<B>(b), std::forward<C>(c));
  }
  /// The same with any number, and options.
  template <class F, class... Args>
    requires spawnable<F, Args...>
  auto spawn(const spawn_options& options, F&& function, Args&&... args) {
    return launch_as(place(), options, std::forward<F>(function), std::forward<Args>(args)...);
  }
  /// Starts a task that exists. \throws std::logic_error if a lambda with captures made it.
  template <class T>
  join_handle<T> spawn(task<T>&& body,
                       std::source_location site = std::source_location::current()) {
    return launch_task(place(), nullptr, site, std::move(body));
  }
  /// The same, with options.
  template <class T>
  join_handle<T> spawn(const spawn_options& options, task<T>&& body) {
    return launch_task_as(place(), options, std::move(body));
  }
  /// Says what is wrong with the call.
  template <class F, class... Args>
    requires not_spawnable<F, Args...>
  auto spawn(F&&, Args&&...) {
    explain_spawn<F, Args...>();
    return join_handle<void>();
  }
  template <class F, class... Args>
    requires not_spawnable_with_options<F, Args...>
  auto spawn(const spawn_options&, F&&, Args&&...) {
    explain_spawn<F, Args...>();
    return join_handle<void>();
  }

 private:
  auto place() { return static_cast<Derived&>(*this).spawn_here(); }
};

/// This thread's loop, as a spawner.
class current_loop_spawner : public spawner<current_loop_spawner> {
 public:
  /// \throws std::logic_error if no loop runs on this thread.
  [[nodiscard]] static spawn_place spawn_here() { return {require_home_loop("spawn")}; }
};

}  // namespace detail

/// Starts `function(args...)`, which gives a task, as a task of its own on this thread's loop; it
/// first runs after the tasks that are ready now. The function and its arguments are copied or
/// moved into the task, so captures and references to parameters are safe. Code on a pool spawns on
/// the loop of the task that it computes for.
///
/// Costs one record and one frame, both from free lists.
/// \throws std::logic_error if no loop runs on this thread: see runtime::spawn.
///
/// \par Cancellation
/// Cancelling the spawning task does not cancel this one: it ends by itself, by its handle's
/// `cancel`, or with the runtime. For children that end with a scope see task_group.
template <class F>
  requires detail::spawnable<F>
auto spawn(F&& function, std::source_location site = std::source_location::current()) {
  return detail::current_loop_spawner().spawn(std::forward<F>(function), site);
}

/// The same with one argument.
template <class F, class A>
  requires detail::spawnable<F, A>
auto spawn(F&& function, A&& a, std::source_location site = std::source_location::current()) {
  return detail::current_loop_spawner().spawn(std::forward<F>(function), std::forward<A>(a), site);
}

/// The same with two.
template <class F, class A, class B>
  requires detail::spawnable<F, A, B>
auto spawn(F&& function, A&& a, B&& b,
           std::source_location site = std::source_location::current()) {
  return detail::current_loop_spawner().spawn(std::forward<F>(function), std::forward<A>(a),
                                              std::forward<B>(b), site);
}

/// The same with three. More arguments: with options, or captured.
template <class F, class A, class B, class C>
  requires detail::spawnable<F, A, B, C>
auto spawn(F&& function, A&& a, B&& b, C&& c,
           std::source_location site = std::source_location::current()) {
  return detail::current_loop_spawner().spawn(std::forward<F>(function), std::forward<A>(a),
                                              std::forward<B>(b), std::forward<C>(c), site);
}

/// The same with any number, and options: `spawn({.name = "reader"}, read_all, socket)`.
template <class F, class... Args>
  requires detail::spawnable<F, Args...>
auto spawn(const spawn_options& options, F&& function, Args&&... args) {
  return detail::current_loop_spawner().spawn(options, std::forward<F>(function),
                                              std::forward<Args>(args)...);
}

/// Starts a task that exists, as asyncio's create_task does.
/// \throws std::logic_error if a lambda with captures made the task, because the lambda is
/// destroyed too soon; spawn the lambda itself.
template <class T>
join_handle<T> spawn(task<T>&& body, std::source_location site = std::source_location::current()) {
  return detail::current_loop_spawner().spawn(std::move(body), site);
}

/// The same, with options.
template <class T>
join_handle<T> spawn(const spawn_options& options, task<T>&& body) {
  return detail::current_loop_spawner().spawn(options, std::move(body));
}

/// Chosen for arguments that no other form accepts; their static_asserts say what is wrong.
template <class F, class... Args>
  requires detail::not_spawnable<F, Args...>
auto spawn(F&&, Args&&...) {
  detail::explain_spawn<F, Args...>();
  return join_handle<void>();
}
template <class F, class... Args>
  requires detail::not_spawnable_with_options<F, Args...>
auto spawn(const spawn_options&, F&&, Args&&...) {
  detail::explain_spawn<F, Args...>();
  return join_handle<void>();
}

}  // namespace lariat
