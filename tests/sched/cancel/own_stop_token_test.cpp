#ifdef LARIAT_CATCH2_V3
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include <lariat/sched/cancel/detail/own_stop_token.hpp>
#include <lariat/sched/cancel/stop_token.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <type_traits>
#include <vector>

using namespace lariat::detail;

TEST_CASE("the library's own stop token stands for the standard one where there is none",
          "[sched][stop]") {
#ifdef LARIAT_OWN_STOP_TOKEN
  STATIC_REQUIRE(std::is_same_v<lariat::stop_token, own_stop_token>);
#else
  STATIC_REQUIRE(std::is_same_v<lariat::stop_token, std::stop_token>);
#endif
}

TEST_CASE("a stop is requested once, and possible while there is a source", "[sched][stop]") {
  own_stop_token token;
  CHECK(!token.stop_possible());
  {
    own_stop_source source;
    const own_stop_source other = source;
    token = other.get_token();
    CHECK(token == source.get_token());
    CHECK(token.stop_possible());
    CHECK(!token.stop_requested());
  }
  CHECK(!token.stop_possible());

  own_stop_source source{own_no_stop_state()};
  CHECK(!source.stop_possible());
  CHECK(!source.request_stop());
  source = own_stop_source();
  CHECK(source.request_stop());
  CHECK(!source.request_stop());
  CHECK(source.get_token().stop_requested());
}

TEST_CASE("callbacks run once, at the request or at once after it", "[sched][stop]") {
  own_stop_source source;
  int calls = 0;
  {
    const own_stop_callback gone(source.get_token(), [&] { calls += 100; });
    const own_stop_callback<std::function<void()>> first(source.get_token(), [&] { ++calls; });
    {
      const own_stop_callback left(source.get_token(), [&] { calls += 100; });
    }
    const own_stop_callback last(source.get_token(), [&] { ++calls; });
    CHECK(calls == 0);
  }
  const own_stop_callback first(source.get_token(), [&] { ++calls; });
  const own_stop_callback second(source.get_token(), [&] { ++calls; });
  source.request_stop();
  CHECK(calls == 2);
  const own_stop_callback late(source.get_token(), [&] { ++calls; });
  CHECK(calls == 3);
}

TEST_CASE("a callback may destroy itself", "[sched][stop]") {
  own_stop_source source;
  int calls = 0;
  std::optional<own_stop_callback<std::function<void()>>> callback;
  callback.emplace(source.get_token(), [&] {
    ++calls;
    callback.reset();
  });
  source.request_stop();
  CHECK(calls == 1);
  CHECK(!callback.has_value());
}

TEST_CASE("who removes a callback waits while another thread runs it", "[sched][stop]") {
  own_stop_source source;
  std::atomic<bool> runs = false;
  std::atomic<bool> removing = false;
  bool ended = false;  // Not atomic: the removal orders it.
  auto callback =
      std::make_unique<own_stop_callback<std::function<void()>>>(source.get_token(), [&] {
        runs = true;
        runs.notify_all();
        removing.wait(false);
        std::this_thread::yield();
        ended = true;
      });
  std::thread requester([&] { source.request_stop(); });
  runs.wait(false);
  removing = true;
  removing.notify_all();
  callback.reset();
  CHECK(ended);
  requester.join();
}

TEST_CASE("requests race with callbacks that come and go", "[sched][stop]") {
  for (int round = 0; round < 200; ++round) {
    own_stop_source source;
    std::atomic<int> calls = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; ++i) {
      threads.emplace_back([&, token = source.get_token()] {
        while (!token.stop_requested()) {
          const own_stop_callback callback(token, [&] { ++calls; });
        }
        const own_stop_callback late(token, [&] { ++calls; });
      });
    }
    CHECK(source.request_stop());
    for (std::thread& each : threads) each.join();
    CHECK(calls >= 2);
  }
}
