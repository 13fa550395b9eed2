#include "thread_test.hpp"

#include <lariat/sched/pool/fork_join.hpp>
#include <lariat/sched/pool/pool.hpp>
#include <lariat/sched/pool/to_pool.hpp>
#include <lariat/sched/thread/detail/start_thread.hpp>

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <fstream>
#include <latch>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

using namespace lariat;

namespace {

struct step final : runnable {
  explicit step(std::latch& done) : done(done) {}
  void run() noexcept override { done.count_down(); }
  std::latch& done;
};

// Whether a thread of this process sleeps, by what the kernel says: "12 (name) S ...".
bool sleeps(pid_t thread) {
  std::ifstream stat("/proc/self/task/" + std::to_string(thread) + "/stat");
  std::string line;
  std::getline(stat, line);
  const std::size_t end = line.rfind(')');
  return end != line.npos && line.compare(end, 3, ") S") == 0;
}

std::string thread_name() {
  char name[16] = {};
  ::pthread_getname_np(::pthread_self(), name, sizeof name);
  return name;
}

void wait_until_all_sleep(const pool& workers) {
  while (workers.metrics().sleeping != workers.workers()) std::this_thread::yield();
}

}  // namespace

TEST_CASE("a pool starts its workers when it is first used", "[sched][pool]") {
  pool workers({.workers = 2}, "lazy");
  CHECK(workers.metrics().workers == 0);
  CHECK(workers.workers() == 2);
  CHECK(to_pool(workers, thread_name).get().substr(0, 5) == "lazy/");
  CHECK(workers.metrics().workers == 2);
}

TEST_CASE("a pool has a worker for each CPU that it may use, unless told otherwise",
          "[sched][pool]") {
  cpu_set_t usable;
  REQUIRE(::sched_getaffinity(0, sizeof usable, &usable) == 0);
  const pool workers;
  CHECK(workers.workers() >= 1);
  CHECK(workers.workers() <= static_cast<unsigned>(CPU_COUNT(&usable)));
}

TEST_CASE("long names are cut, and keep the worker's number", "[sched][pool]") {
  pool workers({.workers = 1}, "a name of many characters");
  CHECK(to_pool(workers, thread_name).get() == "a name of man/0");
}

TEST_CASE("a pinned worker stays on one CPU", "[sched][pool]") {
  pool workers({.workers = 2, .pin = true});
  const int usable =
      to_pool(workers, [] {
        cpu_set_t mask;
        return ::sched_getaffinity(0, sizeof mask, &mask) == 0 ? CPU_COUNT(&mask) : -1;
      }).get();
  CHECK(usable == 1);
}

TEST_CASE("a negative spin is refused", "[sched][pool]") {
  CHECK_THROWS_AS(pool({.spin = std::chrono::nanoseconds(-1)}), std::invalid_argument);
}

TEST_CASE("more workers than a pool may have are refused", "[sched][pool]") {
  CHECK_THROWS_AS(pool({.workers = 4'000'000'000}), std::invalid_argument);
  const pool most({.workers = pool::workers_max});  // None of them is made yet.
  CHECK(most.workers() == pool::workers_max);
}

TEST_CASE("a pool that gets no thread says whose and what limits them", "[sched][pool]") {
  const detail::thread_starter real =
      std::exchange(detail::start_thread, [](void (*)(void*), void*) -> std::thread {
        throw std::system_error(EAGAIN, std::generic_category());
      });
  pool none({.workers = 3}, "none");
  std::error_code code;
  std::string text;
  try {
    (void)to_pool(none, [] { return 1; }).get();
  } catch (const std::system_error& error) {
    code = error.code();
    text = error.what();
  }
  detail::start_thread = real;
  CHECK(code == std::errc::resource_unavailable_try_again);
  CHECK(text.find("pool none cannot start any of its 3 workers: this process has ") == 0);
  CHECK(text.find("ulimit -u") != text.npos);
  CHECK(to_pool(none, [] { return 1; }).get() == 1);  // It tries again.
}

TEST_CASE("a pool that gets some of its threads works with those", "[sched][pool]") {
  // The first starts, and sleeps before the others are refused.
  static std::atomic<int> asked;
  static std::atomic<pid_t> first;
  asked = 0;
  first = 0;
  const detail::thread_starter real =
      std::exchange(detail::start_thread, [](void (*body)(void*), void* argument) -> std::thread {
        if (asked.fetch_add(1) == 0) {
          return std::thread([body, argument] {
            first = ::gettid();
            body(argument);
          });
        }
        while (first == 0 || !sleeps(first)) std::this_thread::yield();
        throw std::system_error(EAGAIN, std::generic_category());
      });
  {
    pool some({.workers = 3, .spin = std::chrono::nanoseconds(0)});
    for (int i = 0; i < 100; ++i) CHECK(to_pool(some, [i] { return i; }).get() == i);
  }
  detail::start_thread = real;
  CHECK(asked == 3);
}

TEST_CASE("posted steps run once each, from several threads", "[sched][pool]") {
  constexpr int threads = 4;
  constexpr int each = 20'000;
  struct counted final : runnable {
    explicit counted(std::latch& done) : done(done) {}
    void run() noexcept override {
      ++runs;
      done.count_down();
    }
    std::latch& done;
    int runs = 0;
  };
  std::latch done(threads * each);
  std::vector<counted> steps(threads * each, counted(done));
  {
    pool workers({.workers = 2});
    std::vector<std::thread> posters;
    for (int t = 0; t < threads; ++t) {
      posters.emplace_back([&, t] {
        for (int i = 0; i < each; ++i) workers.post(steps[static_cast<std::size_t>(t * each + i)]);
      });
    }
    done.wait();
    for (std::thread& poster : posters) poster.join();
  }
  const bool once_each =
      std::all_of(steps.begin(), steps.end(), [](const counted& step) { return step.runs == 1; });
  CHECK(once_each);
}

TEST_CASE("steps are taken in order of arrival", "[sched][pool]") {
  std::vector<int> order;
  struct numbered final : runnable {
    void run() noexcept override { order->push_back(number); }
    std::vector<int>* order = nullptr;
    int number = 0;
  };
  std::vector<numbered> steps(1000);
  {
    pool workers({.workers = 1});
    occupation busy;
    std::thread blocker([&] { to_pool(workers, std::ref(busy)).get(); });
    while (!busy.started()) std::this_thread::yield();
    for (std::size_t i = 0; i < steps.size(); ++i) {
      steps[i].order = &order;
      steps[i].number = static_cast<int>(i);
      workers.post(steps[i]);
    }
    busy.release();
    blocker.join();
  }
  REQUIRE(order.size() == steps.size());
  CHECK(std::is_sorted(order.begin(), order.end()));
}

TEST_CASE("the end of a pool waits for what it was given", "[sched][pool]") {
  constexpr int count = 1000;
  std::latch done(count);
  std::vector<step> steps(count, step(done));
  {
    pool workers({.workers = 2});
    for (step& each : steps) workers.post(each);
  }
  CHECK(done.try_wait());
}

TEST_CASE("idle workers sleep, and wake for work again and again", "[sched][pool]") {
  pool workers({.workers = 3});
  for (int i = 0; i < 200; ++i) {
    CHECK(to_pool(workers, [] { return 1; }).get() == 1);
    if (i % 10 == 0) wait_until_all_sleep(workers);
  }
}

TEST_CASE("one step wakes as many workers as there is work for", "[sched][pool]") {
  constexpr int count = 4;
  pool workers({.workers = count});
  workers.start();
  wait_until_all_sleep(workers);
  std::latch all(count);
  std::vector<std::thread> callers;
  for (int i = 0; i < count; ++i) {
    callers.emplace_back([&] { to_pool(workers, [&] { all.arrive_and_wait(); }).get(); });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK(all.try_wait());
}

TEST_CASE("sleepers are woken by forks too", "[sched][pool]") {
  constexpr int count = 4;
  pool workers({.workers = count});
  workers.start();
  struct meeting {
    static fork_task<> at(std::latch* all) {
      all->arrive_and_wait();
      co_return;
    }
    static fork_task<> of_four() {
      std::latch all(count);
      co_await fork_join(at(&all), at(&all), at(&all), at(&all));
    }
  };
  for (int i = 0; i < 50; ++i) {
    wait_until_all_sleep(workers);
    to_pool(workers, &meeting::of_four).get();
  }
}

TEST_CASE("a busy worker's private forks are taken by a raid", "[sched][pool]") {
  // The third fork is pushed while both workers are at work, so nobody asks for it; then the
  // second worker becomes free, and the first is busy for good.
  struct scene {
    static fork_task<> let_go(std::latch* leave) {
      leave->count_down();
      co_return;
    }
    static fork_task<> hold(std::latch* leave) {
      leave->wait();
      co_return;
    }
    static fork_task<> play() {
      std::latch leave(1);
      co_await fork_join(hold(&leave), let_go(&leave));
    }
  };
  pool workers({.workers = 2});
  for (int i = 0; i < 100; ++i) {
    occupation busy;
    std::thread blocker([&] { to_pool(workers, std::ref(busy)).get(); });
    while (!busy.started()) std::this_thread::yield();
    std::thread player([&] { to_pool(workers, &scene::play).get(); });
    busy.release();
    blocker.join();
    player.join();
  }
}

TEST_CASE("pool::current is the worker's own, and current_task is whose work it does",
          "[sched][pool]") {
  pool workers({.workers = 1});
  CHECK(to_pool(workers, [&] { return &pool::current() == &workers; }).get());
  CHECK(&pool::current() != &workers);
  CHECK(pool::current_task() == nullptr);
}
