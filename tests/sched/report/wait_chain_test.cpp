#include <lariat/sched/report/detail/wait_chain.hpp>

#include "combinator_test.hpp"
#include "contains.hpp"
#include "primitive_test.hpp"

#include <lariat/sched/loop/detail/debug_options.hpp>
#include <lariat/sched/scope/as_completed.hpp>
#include <lariat/sched/scope/exit_scope.hpp>
#include <lariat/sched/scope/select.hpp>
#include <lariat/sched/scope/stop.hpp>
#include <lariat/sched/scope/task_group.hpp>
#include <lariat/sched/scope/wait.hpp>
#include <lariat/sched/scope/when_all.hpp>
#include <lariat/sched/scope/when_any.hpp>
#include <lariat/sched/sync/condition.hpp>
#include <lariat/sched/sync/event.hpp>
#include <lariat/sched/sync/mutex.hpp>
#include <lariat/sched/sync/semaphore.hpp>
#include <lariat/sched/sync/shared_mutex.hpp>
#include <lariat/sched/time/timeout.hpp>

#include <chrono>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

int first_lock_line = 0;
int second_lock_line = 0;

// Locks one, lets others run, and locks the other.
task<> lock_both(mutex& first, mutex& second) {
  first_lock_line = __LINE__ + 1;
  mutex::guard held = co_await first.lock();
  co_await sleep_for(1s);
  second_lock_line = __LINE__ + 1;
  mutex::guard both = co_await second.lock();
}

task<> hold(mutex& wanted) { mutex::guard held = co_await wanted.lock(); }

// In builds without assertions the environment has to ask for it, as meson's tests do.
#define SKIP_WITHOUT_CHECKS() \
  if (!detail::deadlock_checks()) co_return

}  // namespace

LOOP_TEST_CASE("two tasks that lock two mutexes in different orders are told so",
               "[sched][mutex]") {
  SKIP_WITHOUT_CHECKS();
  mutex a;
  mutex b;
  auto first = spawn({.name = "first"}, lock_both, std::ref(a), std::ref(b));
  auto second = spawn({.name = "second"}, lock_both, std::ref(b), std::ref(a));
  const std::string complaint = co_await end_of(second);
  CHECK(contains(complaint, "resource deadlock would occur"));
  CHECK(contains(complaint, "\"second\" awaits at "));
  CHECK(contains(complaint, "\"first\" awaits mutex::lock at "));
  CHECK(contains(complaint, "wait_chain_test.cpp:" + std::to_string(second_lock_line)));
  CHECK(contains(complaint, "holds since "));
  CHECK(contains(complaint, "wait_chain_test.cpp:" + std::to_string(first_lock_line)));
  co_await first;  // It has both now: the other one gave up.
}

LOOP_TEST_CASE("a deadlock through other tasks is found", "[sched][mutex]") {
  SKIP_WITHOUT_CHECKS();
  mutex a;
  mutex b;
  mutex c;
  auto first = spawn({.name = "first"}, lock_both, std::ref(a), std::ref(b));
  auto second = spawn({.name = "second"}, lock_both, std::ref(b), std::ref(c));
  auto third = spawn(lock_both, std::ref(c), std::ref(a));
  const std::string complaint = co_await end_of(third);
  CHECK(contains(complaint, "resource deadlock would occur"));
  // In the order in which one waits for the next.
  const std::size_t one = complaint.find("\"first\" awaits mutex::lock at ");
  const std::size_t two = complaint.find("; task", one);
  const std::size_t three = complaint.find("\"second\" awaits mutex::lock at ", two);
  CHECK(three != complaint.npos);
  co_await first;
  co_await second;
}

LOOP_TEST_CASE("a child that locks what its parent holds is told so", "[sched][mutex]") {
  SKIP_WITHOUT_CHECKS();
  mutex door;
  auto lock = [&]() -> task<> { mutex::guard held = co_await door.lock(); };
  mutex::guard held = co_await door.lock();
  const std::string of_all =
      co_await logic_error_in([&]() -> task<> { co_await when_all(lock(), lock()); });
  CHECK(contains(of_all, "awaits when_all at "));
  auto joined = spawn(lock);
  const std::string of_join = co_await end_of(joined);
  CHECK(contains(of_join, "awaits join at "));
}

LOOP_TEST_CASE("who has a sibling that goes on is no part of a deadlock", "[sched][when_all]") {
  mutex door;
  mutex::guard held = co_await door.lock();
  auto unlock = [&]() -> task<> {
    co_await sleep_for(1s);
    held.unlock();
  };
  co_await when_all(hold(door), unlock());

  held = co_await door.lock();
  auto both = when_all(hold(door), fail_after(1s, "gives up"));
  const std::string failed = co_await end_of(std::move(both));
  CHECK(failed == "gives up");

  auto body = [&](task_group& group) -> task<> {
    group.spawn(hold, std::ref(door));
    co_await sleep_for(1s);
    group.cancel();
  };
  co_await task_group::with(body);

  auto cancel_later = [&](task_group& group) -> task<> {
    group.spawn(hold, std::ref(door));
    group.spawn([&]() -> task<> {
      co_await sleep_for(1s);
      group.cancel();
    });
    co_return;
  };
  co_await task_group::with(cancel_later);
  CHECK(held.owns_lock());
}

LOOP_TEST_CASE("who only may wait for ever is no deadlock", "[sched][mutex]") {
  mutex door;
  mutex other;
  auto lock = [&](mutex& wanted) -> task<int> {
    mutex::guard held = co_await wanted.lock();
    co_return 1;
  };
  auto after_a_second = []() -> task<int> {
    co_await sleep_for(1s);
    co_return 2;
  };
  {
    mutex::guard held = co_await door.lock();
    const auto first = co_await when_any(lock(door), after_a_second());
    CHECK(first.index == 1);
    const auto late = co_await try_timeout(1s, lock(door));
    CHECK_FALSE(late.has_value());
  }
  // A chain that ends with somebody who runs.
  auto chain = spawn(lock_both, std::ref(door), std::ref(other));
  mutex::guard held = co_await other.lock();
  co_await sleep_for(2s);
  auto waiting = spawn(lock, std::ref(door));
  co_await settle();
  held.unlock();
  co_await chain;
  co_await waiting;
}

LOOP_TEST_CASE("who joins a task that waits for what it holds is told so", "[sched][join_handle]") {
  SKIP_WITHOUT_CHECKS();
  mutex door;
  join_handle<void> other;
  auto hold_and_join = [&]() -> task<> {
    mutex::guard held = co_await door.lock();
    other = spawn({.name = "other"}, hold, std::ref(door));
    co_await settle();
    co_await other;
  };
  const std::string complaint = co_await logic_error_in(hold_and_join);
  CHECK(contains(complaint, "lariat: join: resource deadlock would occur"));
  CHECK(contains(complaint, "\"other\", but that waits for it: task "));
  CHECK(contains(complaint, "\"other\" awaits mutex::lock at "));
  co_await other;  // It has the mutex now.
}

LOOP_TEST_CASE("tasks that join each other, or themselves, are told so", "[sched][join_handle]") {
  SKIP_WITHOUT_CHECKS();
  join_handle<void> first;
  join_handle<void> second;
  auto join = [](join_handle<void>& other) -> task<> {
    co_await settle();
    co_await other;
  };
  first = spawn(join, std::ref(second));
  second = spawn(join, std::ref(first));
  const std::string mutual = co_await end_of(first);  // As the second passed it on.
  CHECK(contains(mutual, "but that waits for it: task "));
  CHECK(contains(mutual, " awaits join at "));
  join_handle<void> own;
  own = spawn(join, std::ref(own));
  auto ended = co_await as_result(own);
  const std::string alone = logic_error_of([&] { ended.value(); });
  CHECK(contains(alone, " itself"));
}

LOOP_TEST_CASE("a cancel of tasks that join each other ends them all", "[sched][join_handle]") {
  join_handle<void> first;
  join_handle<void> second;
  auto join = [](join_handle<void>& other) -> task<> { co_await other; };
  auto join_for_an_hour = [&]() -> task<> { co_await timeout(1h, join(second)); };
  first = spawn(join_for_an_hour);
  second = spawn(join, std::ref(first));
  co_await settle();
  first.cancel("enough");
  const std::string one = co_await end_of(first);
  CHECK(one.starts_with("cancelled"));  // The last reason: it came back.
  const std::string other = co_await end_of(second);
  CHECK(other.starts_with("cancelled"));
}

LOOP_TEST_CASE("a ring through the readers of a shared_mutex is found", "[sched][shared_mutex]") {
  SKIP_WITHOUT_CHECKS();
  shared_mutex shelf;
  mutex door;
  auto read_then_lock = [&]() -> task<> {
    shared_mutex::shared_guard reading = co_await shelf.lock_shared();
    co_await sleep_for(1s);
    mutex::guard held = co_await door.lock();
  };
  auto only_read = [&]() -> task<> {
    shared_mutex::shared_guard reading = co_await shelf.lock_shared();
    co_await sleep_for(1min);
  };
  auto lock_then_write = [&]() -> task<> {
    mutex::guard held = co_await door.lock();
    co_await sleep_for(2s);
    shared_mutex::guard writing = co_await shelf.lock();
  };
  auto harmless = spawn(only_read);
  auto reader = spawn({.name = "reader"}, read_then_lock);
  auto writer = spawn(lock_then_write);
  const std::string complaint = co_await end_of(writer);
  CHECK(contains(complaint, "shared_mutex::lock: resource deadlock would occur"));
  CHECK(contains(complaint, "the shared_mutex that task "));
  CHECK(contains(complaint, "\"reader\" holds since "));
  CHECK(contains(complaint, "\"reader\" awaits mutex::lock at "));
  co_await reader;
  co_await harmless;
}

LOOP_TEST_CASE("a reader that reads again behind a writer, or wants to write, is told so",
               "[sched][shared_mutex]") {
  SKIP_WITHOUT_CHECKS();
  shared_mutex shelf;
  auto write = [&]() -> task<> { shared_mutex::guard writing = co_await shelf.lock(); };
  auto read_twice = [&]() -> task<> {
    shared_mutex::shared_guard reading = co_await shelf.lock_shared();
    auto writer = spawn({.name = "writer"}, write);
    writer.detach();
    co_await settle();
    shared_mutex::shared_guard again = co_await shelf.lock_shared();
  };
  const std::string behind = co_await logic_error_in(read_twice);
  CHECK(contains(behind, "\"writer\", but that waits for it"));
  auto upgrade = [&]() -> task<> {
    shared_mutex::shared_guard reading = co_await shelf.lock_shared();
    shared_mutex::guard writing = co_await shelf.lock();
  };
  const std::string own = co_await logic_error_in(upgrade);
  CHECK(contains(own, "the shared_mutex that it holds since "));
}

LOOP_TEST_CASE("a guard that went elsewhere may be given up there", "[sched][shared_mutex]") {
  shared_mutex shelf;
  semaphore places(1, 1);
  std::optional<shared_mutex::guard> kept;
  std::optional<semaphore::permit> permit;
  auto give_away = [&]() -> task<> {
    shared_mutex::guard writing = co_await shelf.lock();
    kept.emplace(std::move(writing));
    shared_mutex::shared_guard reading = co_await shelf.lock_shared();
    semaphore::permit first = co_await places.acquire();
    permit.emplace(std::move(first));
    semaphore::permit second = co_await places.acquire();
  };
  auto giver = spawn(give_away);
  co_await settle();
  kept.reset();
  co_await settle();
  permit.reset();
  co_await giver;
  // Now that nobody has them who has them is known again.
  SKIP_WITHOUT_CHECKS();
  auto twice = [&]() -> task<> {
    semaphore::permit first = co_await places.acquire();
    semaphore::permit second = co_await places.acquire();
  };
  const std::string complaint = co_await logic_error_in(twice);
  CHECK(contains(complaint, "the semaphore that it holds since "));
}

LOOP_TEST_CASE("tasks that have all permits and want more are told so", "[sched][semaphore]") {
  SKIP_WITHOUT_CHECKS();
  semaphore forks(2, 2);
  auto dine = [&]() -> task<> {
    semaphore::permit left = co_await forks.acquire();
    co_await sleep_for(1s);
    semaphore::permit right = co_await forks.acquire();
  };
  auto first = spawn({.name = "first"}, dine);
  auto second = spawn(dine);
  const std::string complaint = co_await end_of(second);
  CHECK(contains(complaint, "semaphore::acquire: resource deadlock would occur"));
  CHECK(contains(complaint, "holds since "));
  co_await first;
}

LOOP_TEST_CASE("permits that come from somebody else are waited for", "[sched][semaphore]") {
  semaphore bounded(2, 2);
  semaphore open(1);
  auto take_two = [](semaphore& from) -> task<> {
    semaphore::permit first = co_await from.acquire();
    semaphore::permit second = co_await from.acquire();
  };
  auto from_open = spawn(take_two, std::ref(open));
  co_await settle();
  open.release();  // Anybody may, as it has no limit.
  co_await from_open;
  auto short_stay = [&]() -> task<> {
    semaphore::permit only = co_await bounded.acquire();
    co_await sleep_for(1s);
  };
  auto brief = spawn(short_stay);
  auto both = spawn(take_two, std::ref(bounded));
  co_await brief;
  co_await both;
  CHECK(bounded.available() == 2);
}

LOOP_TEST_CASE("who was given what it waited for waits no more", "[sched][semaphore]") {
  semaphore places(2, 2);
  mutex door;
  auto stop_by = [&]() -> task<> {
    semaphore::permit place = co_await places.acquire();
    mutex::guard passing = co_await door.lock();
  };
  mutex::guard held = co_await door.lock();
  semaphore::permit first = co_await places.acquire();
  auto visitor = spawn(stop_by);
  co_await settle();
  held.unlock();  // The visitor has it now, and has not run yet.
  semaphore::permit second = co_await places.acquire();
  CHECK(places.available() == 0);
  CHECK_FALSE(door.locked());  // The visitor was in, and has gone.
  co_await visitor;
}

LOOP_TEST_CASE("as_completed is a ring when all that are left wait for the task",
               "[sched][as_completed]") {
  mutex door;
  std::vector<join_handle<void>> handles;
  auto rest = [&]() -> task<> { co_await sleep_for(1s); };
  auto watch_all = [&]() -> task<> {
    mutex::guard held = co_await door.lock();
    handles.push_back(spawn(hold, std::ref(door)));
    handles.push_back(spawn(rest));
    co_await settle();
    auto ended = as_completed(std::span(handles));
    const auto* const first = co_await ended.next();  // The other one's end.
    CHECK(first == &handles[1]);
    if (!detail::deadlock_checks()) co_return;
    (void)co_await ended.next();
  };
  const std::string complaint = co_await logic_error_in(watch_all);
  CHECK(contains(complaint, "resource deadlock would occur") == detail::deadlock_checks());
  co_await handles[0];
}

LOOP_TEST_CASE("wait without a limit is a ring, and with one it is none", "[sched][wait]") {
  mutex door;
  std::vector<join_handle<void>> handles;
  auto wait_for_it = [&](std::chrono::nanoseconds limit) -> task<> {
    mutex::guard held = co_await door.lock();
    handles.clear();
    handles.push_back(spawn(hold, std::ref(door)));
    co_await settle();
    const auto ended = co_await wait(std::span(handles), wait_until::all_completed, limit);
    CHECK(ended.done.empty());
  };
  co_await wait_for_it(1s);
  co_await handles[0];
  SKIP_WITHOUT_CHECKS();
  auto without = [&]() -> task<> { co_await wait_for_it(std::chrono::nanoseconds::max()); };
  const std::string complaint = co_await logic_error_in(without);
  CHECK(contains(complaint, "as_completed: resource deadlock would occur"));
  co_await handles[0];
}

LOOP_TEST_CASE("a choice is a ring when none of its alternatives can happen", "[sched][select]") {
  mutex one;
  mutex two;
  mutex three;
  auto choose = [&](bool by_time) -> task<> {
    mutex::guard held = co_await one.lock();
    co_await sleep_for(1s);
    if (by_time) {
      (void)co_await select(hold(two), hold(three), sleep_for(5s));
    } else {
      (void)co_await select(hold(two), hold(three));
    }
  };
  auto block = [&]() -> task<> {
    mutex::guard second = co_await two.lock();
    mutex::guard third = co_await three.lock();
    co_await sleep_for(2s);
    mutex::guard first = co_await one.lock();
  };
  auto choice = spawn(choose, true);
  auto blocker = spawn(block);
  co_await blocker;
  co_await choice;
  SKIP_WITHOUT_CHECKS();
  choice = spawn({.name = "choice"}, choose, false);
  blocker = spawn(block);
  const std::string complaint = co_await end_of(blocker);
  CHECK(contains(complaint, "\"choice\" awaits select at "));
  co_await choice;
}

LOOP_TEST_CASE("a task whose parent has a time limit is waited for", "[sched][timeout]") {
  mutex one;
  mutex two;
  auto try_both = [&]() -> task<> { co_await timeout(5s, lock_both(one, two)); };
  auto limited = spawn(try_both);
  auto other = spawn(lock_both, std::ref(two), std::ref(one));
  auto ended = co_await as_result(limited);
  CHECK_THROWS_AS(ended.value(), timeout_error);
  co_await other;
}

LOOP_TEST_CASE("rings through groups, cleanups and stop tokens are found", "[sched][task_group]") {
  SKIP_WITHOUT_CHECKS();
  mutex door;
  std::string inner;
  auto complain = [&]() -> task<> {
    auto lock = [&]() -> task<> { co_await hold(door); };
    inner = co_await logic_error_in(lock);
  };
  mutex::guard held = co_await door.lock();
  auto body = [&](task_group& group) -> task<> {
    group.spawn(complain);
    co_return;
  };
  co_await task_group::with(body);
  CHECK(contains(inner, " awaits task_group at "));

  std::stop_source stop;
  co_await with_stop_token(stop.get_token(), complain());
  CHECK(contains(inner, " awaits with_stop_token at "));

  auto waiter = spawn(hold, std::ref(door));
  auto leave = [&](exit_scope& scope) -> task<> {
    auto join = [&]() -> task<> { co_await waiter; };
    scope.on_exit(join);
    co_await settle();
  };
  auto with_cleanup = [&]() -> task<> { co_await exit_scope::with(leave); };
  const std::string cleanup = co_await logic_error_in(with_cleanup);
  CHECK(contains(cleanup, "lariat: join: resource deadlock would occur"));
  held.unlock();
  co_await waiter;
}

LOOP_TEST_CASE("who was notified waits for the mutex's holder", "[sched][condition]") {
  SKIP_WITHOUT_CHECKS();
  mutex door;
  condition changed;
  auto wait_for_change = [&]() -> task<> {
    mutex::guard held = co_await door.lock();
    co_await changed.wait(held);
  };
  auto waiter = spawn(wait_for_change);
  co_await settle();
  mutex::guard held = co_await door.lock();
  changed.notify();
  auto join = [&]() -> task<> { co_await waiter; };
  const std::string complaint = co_await logic_error_in(join);
  CHECK(contains(complaint, " awaits condition::wait at "));
  held.unlock();
  co_await waiter;
}
