// What primitives and channels promise, under every cancel, in simulation: nobody waits for ever,
// nothing is held by nobody, nothing is lost or comes twice.

#include "scenarios.hpp"

#include <lariat/sched/channel/broadcast.hpp>
#include <lariat/sched/channel/channel.hpp>
#include <lariat/sched/channel/oneshot.hpp>
#include <lariat/sched/channel/queue.hpp>
#include <lariat/sched/channel/watch.hpp>
#include <lariat/sched/pool/to_pool.hpp>
#include <lariat/sched/scope/as_completed.hpp>
#include <lariat/sched/scope/exit_scope.hpp>
#include <lariat/sched/scope/for_each_concurrent.hpp>
#include <lariat/sched/scope/select.hpp>
#include <lariat/sched/scope/wait.hpp>
#include <lariat/sched/sync/auto_reset_event.hpp>
#include <lariat/sched/sync/barrier.hpp>
#include <lariat/sched/sync/condition.hpp>
#include <lariat/sched/sync/event.hpp>
#include <lariat/sched/sync/latch.hpp>
#include <lariat/sched/sync/mutex.hpp>
#include <lariat/sched/sync/semaphore.hpp>
#include <lariat/sched/sync/shared_mutex.hpp>
#include <lariat/sched/task/spawn.hpp>
#include <lariat/sched/time/retry.hpp>
#include <lariat/sched/time/timeout.hpp>
#include <lariat/sched/time/timer.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;
using testing::require;
using testing::simulation;

namespace {

// Runs `body(world)` disturbed at every point, and then `check()`.
template <class Body, class Check>
void everywhere(std::uint64_t seed_count, Body body, Check check) {
  testing::cancel_everywhere(sweep(seed_count), [&](simulation& world) {
    std::exception_ptr disturbance;
    try {
      world.run(body(world));
    } catch (...) {
      disturbance = std::current_exception();
    }
    check();
    if (disturbance != nullptr) std::rethrow_exception(disturbance);
  });
}

auto some_time(simulation& world) {
  return sleep_for(std::chrono::nanoseconds(world.random(50'000)));
}

// Is inside for some time, with at most `most` others.
task<> be_inside(simulation& world, int& inside, int most) {
  struct visit {
    int& count;
    explicit visit(int& c) : count(c) { ++count; }
    ~visit() { --count; }
  } const here(inside);
  require(inside <= most, "too many are inside");
  co_await some_time(world);
  require(inside <= most, "too many are inside");
}

// What was sent, and what came of it.
struct traffic {
  int sent = 0;
  int received = 0;
  int next = 0;

  void take(int value) {
    require(value >= next, "out of order, or twice");
    next = value + 1;
    ++received;
  }
  void forget() { *this = {}; }
};

}  // namespace

TEST_CASE("a mutex may be waited for and cancelled anywhere", "[testing][primitive]") {
  int inside = 0;
  everywhere(
      10,
      [&](simulation& world) -> task<> {
        mutex door;
        const auto enter = [&]() -> task<> {
          co_await some_time(world);
          const mutex::guard held = co_await door.lock();
          co_await be_inside(world, inside, 1);
        };
        auto limited = [&]() -> task<> { (void)co_await try_timeout(20us, enter()); };
        co_await when_all(enter(), limited(), enter());
        const mutex::guard free = door.try_lock();
        require(free.owns_lock(), "nobody holds it, and it is locked");
      },
      [&] { require(inside == 0, "somebody is inside"); });
}

TEST_CASE("a shared_mutex and a semaphore may be disturbed anywhere", "[testing][primitive]") {
  int inside = 0;
  everywhere(
      10,
      [&](simulation& world) -> task<> {
        shared_mutex door;
        semaphore seats(2);
        const auto write = [&]() -> task<> {
          co_await some_time(world);
          const auto held = co_await door.lock();
          co_await be_inside(world, inside, 1);
        };
        const auto read = [&]() -> task<> {
          co_await some_time(world);
          const auto held = co_await door.lock_shared();
          const semaphore::permit seat = co_await seats.acquire();
          co_await be_inside(world, inside, 2);
        };
        const auto limited = [&]() -> task<> { (void)co_await try_timeout(20us, read()); };
        co_await when_all(read(), write(), limited(), read());
        require(seats.available() == 2, "a permit is lost");
        require(door.try_lock().owns_lock(), "nobody holds it, and it is locked");
      },
      [&] { require(inside == 0, "somebody is inside"); });
}

TEST_CASE("events, a barrier and a latch let everybody through", "[testing][primitive]") {
  everywhere(
      5,
      [](simulation& world) -> task<> {
        event gate;
        auto_reset_event turn;
        barrier meeting(3);
        latch left(3);
        const auto walk = [&]() -> task<> {
          co_await some_time(world);
          co_await gate.wait();
          (void)co_await meeting.arrive_and_wait();
          co_await turn.wait();
          turn.set();
          left.count_down();
          co_await left.wait();
        };
        const auto open = [&]() -> task<> {
          co_await some_time(world);
          turn.set();
          gate.set();
        };
        co_await when_all(walk(), walk(), walk(), open());
      },
      [] {});
}

TEST_CASE("a condition's waiters have its mutex again, whatever ends them",
          "[testing][primitive]") {
  int inside = 0;
  everywhere(
      10,
      [&](simulation& world) -> task<> {
        mutex door;
        condition changed;
        int level = 0;
        const auto take = [&]() -> task<> {
          mutex::guard held = co_await door.lock();
          struct check {
            mutex::guard& guard;
            ~check() {
              if (!guard.owns_lock()) std::terminate();
            }
          } const at_end{held};
          const auto filled = [&] { return level > 0; };
          co_await changed.wait(held, filled);
          --level;
          co_await be_inside(world, inside, 1);
        };
        const auto fill = [&]() -> task<> {
          for (int i = 0; i < 2; ++i) {
            co_await some_time(world);
            const mutex::guard held = co_await door.lock();
            ++level;
            changed.notify();
          }
        };
        co_await when_all(take(), take(), fill());
        require(level == 0 && door.try_lock().owns_lock(), "it did not come out even");
      },
      [&] { require(inside == 0, "somebody is inside"); });
}

TEST_CASE("a channel loses nothing, and gives nothing twice", "[testing][primitive]") {
  traffic all;
  everywhere(
      20,
      [&](simulation& world) -> task<> {
        all.forget();
        auto ends = channel<int>(1 + world.random(2));
        auto kept = ends.receiver;
        struct drain {
          channel_receiver<int>& from;
          traffic& count;
          ~drain() {
            while (const std::optional<int> left = from.try_receive()) count.take(*left);
          }
        } const at_end{kept, all};
        const auto send = [&](channel_sender<int> to) -> task<> {
          for (int i = 0; i < 6; ++i) {
            co_await some_time(world);
            if (i % 3 == 2) {
              channel_permit<int> thread = co_await to.reserve();
              co_await some_time(world);
              if (thread.send(i)) ++all.sent;
            } else {
              co_await to.send(i);
              ++all.sent;
            }
          }
          to.close();
        };
        const auto receive = [&](channel_receiver<int> from) -> task<> {
          for (;;) {
            co_await some_time(world);
            auto [value, late] = co_await select(from.receive(), sleep_for(10us));
            if (!value.has_value()) continue;
            const std::optional<int> got = value.value();
            if (!got) co_return;
            all.take(*got);
          }
        };
        co_await when_all(send(std::move(ends.sender)), receive(std::move(ends.receiver)));
        require(all.received == 6, "not all came");
      },
      [&] { require(all.sent == all.received, "a value was lost, or came without being sent"); });
}

TEST_CASE("a queue loses nothing, and its join ends", "[testing][primitive]") {
  everywhere(
      10,
      [](simulation& world) -> task<> {
        queue<int> items(2);
        int sum = 0;
        const auto put = [&]() -> task<> {
          for (int i = 1; i <= 4; ++i) {
            co_await some_time(world);
            co_await items.put(i);
          }
          co_await items.join();
          items.close();
        };
        const auto get = [&]() -> task<> {
          for (;;) {
            const std::optional<int> item = co_await items.get();
            if (!item) co_return;
            co_await some_time(world);
            sum += *item;
            items.task_done();
          }
        };
        co_await when_all(put(), get(), get());
        require(sum == 10, "an item was lost");
      },
      [] {});
}

TEST_CASE("oneshot, watch and broadcast tell what was said", "[testing][primitive]") {
  everywhere(
      10,
      [](simulation& world) -> task<> {
        auto [tx, rx] = oneshot<int>();
        watch<int> level(0);
        broadcast<int> news(2);
        auto level_seen = level.subscribe();
        auto listener = news.subscribe();
        const auto tell = [&, &tx = tx]() -> task<> {
          co_await some_time(world);
          tx.set(7);
          for (int i = 1; i <= 3; ++i) {
            co_await some_time(world);
            level.set(i);
            news.send(i);
          }
        };
        const auto hear = [&, &rx = rx]() -> task<> {
          const int value = co_await rx;
          require(value == 7, "another value");
          const auto high = [](int now) { return now == 3; };
          const bool reached = co_await level_seen.wait_for(high);
          require(reached, "the watch was closed");
        };
        const auto listen = [&]() -> task<> {
          std::uint64_t heard = 0;
          while (heard < 3) {
            const auto item = co_await listener.next();
            require(!item.closed(), "the broadcast was closed");
            heard += item.lagged + (item.value ? 1 : 0);
          }
        };
        co_await when_all(tell(), hear(), listen());
      },
      [] {});
}

TEST_CASE("for_each_concurrent, retry and exit_scope may be disturbed anywhere",
          "[testing][primitive]") {
  int inside = 0;
  int cleanups = 0;
  int scopes = 0;
  everywhere(
      10,
      [&](simulation& world) -> task<> {
        const auto visit = [&](int) -> task<> { co_await be_inside(world, inside, 2); };
        const auto body = [&](exit_scope& scope) -> task<> {
          ++scopes;
          scope.on_exit([&]() -> task<> {
            co_await some_time(world);
            ++cleanups;
          });
          std::vector<int> numbers(5);
          co_await for_each_concurrent(std::move(numbers), 2, visit);
          int tries = 0;
          const auto fail_once = [&]() -> task<int> {
            co_await some_time(world);
            if (++tries == 1) throw std::runtime_error("the first time");
            co_return tries;
          };
          retry_options options;
          options.first_pause = 1ms;
          const int needed = co_await retry(options, fail_once);
          require(needed == 2, "it was not tried again");
        };
        co_await exit_scope::with(body);
      },
      [&] {
        require(inside == 0, "somebody is inside");
        require(cleanups == scopes, "a cleanup was left out");
      });
}

TEST_CASE("as_completed and wait leave tasks alone", "[testing][primitive]") {
  int ended = 0;
  int begun = 0;
  everywhere(
      10,
      [&](simulation& world) -> task<> {
        const auto work = [&]() -> task<> {
          ++begun;
          co_await uncancellable(some_time(world));
          ++ended;
        };
        std::vector<join_handle<void>> handles;
        for (int i = 0; i < 3; ++i) handles.push_back(spawn(work));
        auto done = as_completed(std::span(handles));
        join_handle<void>* const first = co_await done.next();
        require(first != nullptr && first->done(), "it has not ended");
        const auto rest = co_await wait(std::span(handles), wait_until::all_completed, 10us);
        require(rest.done.size() + rest.pending.size() == 3, "a task is missing");
      },
      [&] { require(ended == begun, "a task was not waited for at the end"); });
}

TEST_CASE("tasks on a pool may be disturbed anywhere", "[testing][primitive]") {
  int inside = 0;
  everywhere(
      10,
      [&](simulation& world) -> task<> {
        mutex door;
        const auto enter = [&]() -> task<> {
          co_await some_time(world);
          const mutex::guard held = co_await door.lock();
          co_await be_inside(world, inside, 1);
        };
        const auto both = [&]() -> task<int> {
          co_await when_all(enter(), enter());
          co_return 7;
        };
        const int seven = co_await to_pool(both);
        require(seven == 7, "another value");
      },
      [&] { require(inside == 0, "somebody is inside"); });
}
