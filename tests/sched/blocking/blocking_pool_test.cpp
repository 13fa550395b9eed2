#include "thread_test.hpp"

#include <lariat/sched/blocking/blocking_pool.hpp>
#include <lariat/sched/blocking/to_thread.hpp>
#include <lariat/sched/task/join_handle.hpp>
#include <lariat/sched/thread/detail/start_thread.hpp>
#include <lariat/sched/thread/detail/usable_cpus.hpp>

#include <pthread.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

int same(int value) { return value; }

task<> call_on(lane& where, occupation& busy) {
  auto block = [&] { busy(); };
  co_await to_thread({&where}, block);
}

std::string thread_name() {
  std::array<char, 16> name{};
  ::pthread_getname_np(::pthread_self(), name.data(), name.size());
  return name.data();
}

// While it lives threads start as `start` says.
class thread_starter_guard {
 public:
  explicit thread_starter_guard(detail::thread_starter start) : old_(detail::start_thread) {
    detail::start_thread = start;
  }
  thread_starter_guard(const thread_starter_guard&) = delete;
  ~thread_starter_guard() { detail::start_thread = old_; }

 private:
  detail::thread_starter old_;
};

std::thread no_thread(void (*)(void*), void*) {
  throw std::system_error(EAGAIN, std::generic_category(), "no thread today");
}

}  // namespace

THREAD_TEST_CASE("a lane has as many threads as calls that block, up to its limit",
                 "[sched][blocking_pool]") {
  lane three("three", {.threads_max = 3});
  std::array<occupation, 4> busy;
  std::vector<join_handle<void>> calls;
  for (occupation& each : busy) calls.push_back(spawn(call_on, std::ref(three), std::ref(each)));
  co_await until([&] {
    return std::all_of(busy.begin(), busy.end() - 1, [](auto& each) { return each.started(); });
  });
  CHECK(three.metrics().threads == 3);
  CHECK(three.metrics().queued == 1);
  CHECK_FALSE(busy[3].started());
  busy[1].release();
  co_await until([&] { return busy[3].started(); });
  CHECK(three.metrics().threads == 3);
  for (int left : {0, 2, 3}) busy[static_cast<std::size_t>(left)].release();
  for (join_handle<void>& each : calls) co_await each;
  CHECK(three.metrics().calls == 4);
}

THREAD_TEST_CASE("callers of a full lane are served in order of arrival",
                 "[sched][blocking_pool]") {
  lane narrow("narrow", {.threads_max = 1});
  occupation busy;
  join_handle<void> first = spawn(call_on, std::ref(narrow), std::ref(busy));
  co_await until([&] { return busy.started(); });
  std::vector<int> order;
  auto note = [&](int number) { order.push_back(number); };
  auto call = [&](int number) -> task<> { co_await to_thread({&narrow}, note, number); };
  std::vector<join_handle<void>> calls;
  for (int i = 0; i < 10; ++i) calls.push_back(spawn(call, i));
  co_await until([&] { return narrow.metrics().queued == 10; });
  calls[4].cancel();
  (void)co_await as_result(calls[4]);
  busy.release();
  for (join_handle<void>& each : calls) (void)co_await as_result(each);
  co_await first;
  CHECK(order == std::vector{0, 1, 2, 3, 5, 6, 7, 8, 9});
}

THREAD_TEST_CASE("idle threads end, and others start when they are needed",
                 "[sched][blocking_pool]") {
  lane brief("brief", {.threads_max = 2, .idle_timeout = 1ms});
  for (int round = 0; round < 3; ++round) {
    std::array<occupation, 2> busy;
    join_handle<void> first = spawn(call_on, std::ref(brief), std::ref(busy[0]));
    join_handle<void> second = spawn(call_on, std::ref(brief), std::ref(busy[1]));
    co_await until([&] { return busy[0].started() && busy[1].started(); });
    CHECK(brief.metrics().threads == 2);
    for (occupation& each : busy) each.release();
    co_await first;
    co_await second;
    co_await until([&] { return brief.metrics().threads == 0; });
  }
  CHECK(brief.metrics().calls == 6);
}

THREAD_TEST_CASE("calls that race the end of idle threads are not lost", "[sched][blocking_pool]") {
  lane brief("brief", {.threads_max = 2, .idle_timeout = 1us, .spin = 0ns});
  int sum = 0;
  for (int i = 0; i < 2000; ++i) sum += co_await to_thread({&brief}, same, 1);
  CHECK(sum == 2000);
}

THREAD_TEST_CASE("a busy lane does not hold up another one", "[sched][blocking_pool]") {
  blocking_pool pool({.threads_max = 1});
  loop::current()->set_blocking(&pool);
  occupation busy;
  join_handle<void> first = spawn(call_on, std::ref(pool.default_lane()), std::ref(busy));
  co_await until([&] { return busy.started(); });
  lane& other = pool.named_lane("other");
  const int value = co_await to_thread({&other}, same, 1);  // While the default lane is full.
  CHECK(value == 1);
  busy.release();
  co_await first;
  loop::current()->set_blocking(nullptr);
}

THREAD_TEST_CASE("calls go to the default lane of the loop's pool", "[sched][blocking_pool]") {
  CHECK(&blocking_pool::current() == &blocking_pool::of(*loop::current()));
  blocking_pool pool;
  loop::current()->set_blocking(&pool);
  CHECK(&blocking_pool::current() == &pool);
  const lane* used = co_await to_thread(&lane::current);
  CHECK(used == &pool.default_lane());
  CHECK(lane::current() == nullptr);
  loop::current()->set_blocking(nullptr);
}

TEST_CASE("a lane is found by its name", "[sched][blocking_pool]") {
  blocking_pool pool;
  lane& dns = pool.named_lane("dns", {.threads_max = 2});
  CHECK(&pool.named_lane("dns") == &dns);
  CHECK(&pool.named_lane("files") != &dns);
  CHECK(dns.threads_max() == 2);
  std::vector<std::string> names;
  pool.for_each_lane([&](const lane& each) { names.push_back(each.name()); });
  CHECK(names == std::vector<std::string>{"blocking", "dns", "files"});
}

TEST_CASE("a lane has a thread for each CPU and four more, but at most 32, unless told otherwise",
          "[sched][blocking_pool]") {
  CHECK(lane("default").threads_max() == std::min(32U, detail::usable_cpus() + 4));
}

THREAD_TEST_CASE("threads have their lane's name and a number", "[sched][blocking_pool]") {
  lane files("files");
  const std::string name = co_await to_thread({&files}, thread_name);
  CHECK(name == "files/0");
  lane verbose("a_name_that_is_too_long");
  const std::string cut = co_await to_thread({&verbose}, thread_name);
  CHECK(cut == "a_name_that_i/0");
}

THREAD_TEST_CASE("a call fails with the reason if no thread can be started",
                 "[sched][blocking_pool]") {
  const thread_starter_guard guard(no_thread);
  lane none("none");
  for (int i = 0; i < 2; ++i) {
    std::error_code code;
    std::string text;
    try {
      (void)co_await to_thread({&none}, same, 1);
    } catch (const std::system_error& error) {
      code = error.code();
      text = error.what();
    }
    CHECK(code == std::errc::resource_unavailable_try_again);
    CHECK(text.find("lane none cannot start a thread") != text.npos);
    CHECK(text.find("ulimit -u") != text.npos);
  }
}

THREAD_TEST_CASE("a lane that gets no more threads goes on with those that it has",
                 "[sched][blocking_pool]") {
  lane narrow("narrow", {.threads_max = 4});
  occupation busy;
  join_handle<void> first = spawn(call_on, std::ref(narrow), std::ref(busy));
  co_await until([&] { return busy.started(); });
  const thread_starter_guard guard(no_thread);
  auto call = [&]() -> task<int> { co_return co_await to_thread({&narrow}, same, 2); };
  join_handle<int> second = spawn(call);
  co_await until([&] { return narrow.metrics().queued == 1; });
  CHECK(narrow.metrics().threads == 1);
  busy.release();
  co_await first;
  const int value = co_await second;
  CHECK(value == 2);
}

THREAD_TEST_CASE("a call to a lane all of whose threads wait for it is refused",
                 "[sched][blocking_pool]") {
  lane narrow("narrow", {.threads_max = 1});
  auto inner = [&]() -> std::string {
    std::string complaint;
    run_on_futex_loop([&]() -> task<> {
      try {
        (void)co_await to_thread({&narrow}, same, 1);
      } catch (const std::logic_error& error) {
        complaint = error.what();
      }
    });
    return complaint;
  };
  const std::string complaint = co_await to_thread({&narrow}, inner);
  CHECK(complaint.find("deadlock") != complaint.npos);
  CHECK(complaint.find("narrow") != complaint.npos);
  const int after = co_await to_thread({&narrow}, same, 3);  // It works as before.
  CHECK(after == 3);
}

THREAD_TEST_CASE("a call to a lane with a thread left may come from one of its threads",
                 "[sched][blocking_pool]") {
  lane two("two", {.threads_max = 2});
  auto inner = [&]() -> int {
    int sum = 0;
    run_on_futex_loop([&]() -> task<> {
      for (int i = 0; i < 100; ++i) sum += co_await to_thread({&two}, same, 1);
    });
    return sum;
  };
  for (int round = 0; round < 2; ++round) {
    const int sum = co_await to_thread({&two}, inner);
    CHECK(sum == 100);
  }
}

THREAD_TEST_CASE("a lane that is destroyed runs what is queued and waits for what runs",
                 "[sched][blocking_pool]") {
  auto narrow = std::make_unique<lane>("narrow", lane_options{.threads_max = 1});
  occupation busy;
  std::atomic<int> ran = 0;
  join_handle<void> first = spawn(call_on, std::ref(*narrow), std::ref(busy));
  auto count = [&] { ++ran; };
  auto call = [&]() -> task<> { co_await to_thread({narrow.get()}, count); };
  std::vector<join_handle<void>> calls;
  for (int i = 0; i < 100; ++i) calls.push_back(spawn(call));
  co_await until([&] { return busy.started() && narrow->metrics().queued == 100; });
  std::thread destroyer([&] { narrow.reset(); });
  busy.release();
  co_await first;
  for (join_handle<void>& each : calls) co_await each;
  destroyer.join();
  CHECK(ran == 100);
}

THREAD_TEST_CASE("a hundred thousand calls, a thousand at a time", "[sched][blocking_pool]") {
  lane several("several", {.threads_max = 4});
  int sum = 0;
  auto call = [&]() -> task<> {
    for (int i = 0; i < 100; ++i) sum += co_await to_thread({&several}, same, 1);
  };
  std::vector<join_handle<void>> calls;
  for (int i = 0; i < 1000; ++i) calls.push_back(spawn(call));
  for (join_handle<void>& each : calls) co_await each;
  CHECK(sum == 100'000);
  CHECK(several.metrics().calls == 100'000);
}

TEST_CASE("loops on several threads share lanes", "[sched][blocking_pool]") {
  blocking_pool pool({.threads_max = 3, .idle_timeout = 1ms});
  lane& other = pool.named_lane("other", {.threads_max = 1});
  constexpr std::size_t loops = 4;
  std::array<int, loops> sums{};
  std::array<loop_thread, loops> threads;
  auto count = [&](int* sum) -> task<> {
    for (int i = 0; i < 100; ++i) {
      *sum += co_await to_thread(same, 1);
      *sum += co_await to_thread({&other}, same, 1);
    }
  };
  auto main = [&](int* sum) -> task<> {
    loop::current()->set_blocking(&pool);
    std::vector<join_handle<void>> calls;
    for (int i = 0; i < 8; ++i) calls.push_back(spawn(count, sum));
    // Some of them end early, wherever they are.
    for (std::size_t i = 0; i < 2; ++i) {
      co_await yield();
      calls[i].cancel();
    }
    for (join_handle<void>& each : calls) (void)co_await as_result(each);
  };
  std::vector<join_handle<void>> mains;
  for (std::size_t i = 0; i < loops; ++i) mains.push_back(threads[i].spawn(main, &sums[i]));
  for (join_handle<void>& each : mains) each.get();
  for (int sum : sums) CHECK(sum >= 6 * 200);
}
