// Serves the files below a directory by HTTP/1.1: keep-alive, HEAD, ranges, If-Modified-Since, time
// limits for slow clients, and no way out of the directory.
//
//   file_server [OPTION...] DIR PORT     port 0 picks a free one; --help tells the options
//
// It ends by ctrl-C, or after so many seconds, when the answers that are under way are finished.

#include "server.hpp"

#include <lariat/runtime/run/run_main.hpp>
#include <lariat/sched/cancel/cancelled.hpp>
#include <lariat/sched/task/spawn.hpp>
#include <lariat/sched/time/timeout.hpp>

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>
#include <string>
#include <utility>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

struct settings {
  std::string directory;
  std::uint16_t port = 0;
  std::string address = "127.0.0.1";
  file_server::limits limits;
  std::uint32_t seconds = 0;  // 0: until ctrl-C.
};

task<> serve(settings chosen) {
  const file_server::site files(chosen.directory);
  auto listener = io::tcp_listener::bind(io::address(chosen.address, chosen.port));
  std::printf("listening on http://%s/\n", listener.local_address().to_string().c_str());
  std::fflush(stdout);
  file_server::server server(std::move(listener), files, chosen.limits);
  join_handle<void> running = spawn(&file_server::server::run, &server);
  const auto run_time =
      chosen.seconds == 0 ? std::chrono::seconds::max() : std::chrono::seconds(chosen.seconds);
  try {
    // Shielded, so that neither the end of the time nor ctrl-C reaches into answers.
    co_await try_timeout(run_time, shield(running));
  } catch (const operation_cancelled&) {
    // By ctrl-C. A second one would end the process at once.
  }
  server.stop();
  const auto ended = co_await try_timeout(5s, shield(running));
  if (!ended) {
    running.cancel("answers took too long");
    (void)co_await as_result(running);
  }
  std::fprintf(stderr, "file_server: %llu answers, %.1f MB\n",
               static_cast<unsigned long long>(server.answers()),
               static_cast<double>(server.bytes_sent()) / 1e6);
}

}  // namespace

int main(int argc, char** argv) {
  settings chosen;
  auto& limits = chosen.limits;
  CLI::App arguments("Serves the files below a directory by HTTP.", "file_server");
  arguments.option_defaults()->always_capture_default();
  arguments.add_option("DIR", chosen.directory, "The directory")->required();
  arguments.add_option("PORT", chosen.port, "The port; 0 for a free one")->required();
  arguments.add_option("--address", chosen.address, "Where to listen");
  arguments.add_option("--connections", limits.connections, "How many at a time")
      ->check(CLI::Range(1, 100'000));
  arguments.add_option("--request-time", limits.request_seconds, "Limit of waiting for a request")
      ->check(CLI::PositiveNumber);
  arguments.add_option("--write-time", limits.write_seconds, "Limit of sending 64 KiB")
      ->check(CLI::PositiveNumber);
  arguments.add_option("--seconds", chosen.seconds, "End after so many; 0: by ctrl-C");
  CLI11_PARSE(arguments, argc, argv);
  return run_main(serve(chosen));
}
