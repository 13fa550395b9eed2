#pragma once

#include <lariat/io/net/tcp.hpp>
#include <lariat/runtime/testing.hpp>
#include <lariat/sched/scope/when_all.hpp>
#include <lariat/sched/task/task.hpp>

#ifdef LARIAT_CATCH2_V3
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>

/// How many seeds a test tries: LARIAT_SEEDS times as many in a long run.
inline std::uint64_t seeds(std::uint64_t count) {
  const char* const factor = std::getenv("LARIAT_SEEDS");
  return factor == nullptr ? count : count * std::strtoull(factor, nullptr, 0);
}

/// All points of so many seeds, and for each of them some cancels of other tasks.
inline lariat::testing::sweep_options sweep(std::uint64_t count) {
  lariat::testing::sweep_options options;
  options.seeds = seeds(count);
  options.task_cancels = 25;
  return options;
}

inline const lariat::io::address server_host("10.0.0.2", 80);

/// The two ends of a connection to another host.
struct simulated_pair {
  lariat::io::tcp_stream client;
  lariat::io::tcp_stream server;
};

inline lariat::task<simulated_pair> connect_hosts() {
  lariat::io::tcp_listener listener = lariat::io::tcp_listener::bind(server_host);
  auto both =
      co_await lariat::when_all(lariat::io::tcp_stream::connect(server_host), listener.accept());
  simulated_pair pair;
  pair.client = std::move(both.first);
  pair.server = std::move(both.second);
  co_return pair;
}

/// A text of that many bytes, each place of which can be told from its neighbours.
inline std::string long_text(std::size_t size) {
  std::string text;
  for (std::size_t number = 0; text.size() < size; ++number) text += std::to_string(number) + ' ';
  text.resize(size);
  return text;
}
