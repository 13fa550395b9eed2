#include "io/connected.hpp"
#include "io/pattern.hpp"

#include <lariat/io/fs.hpp>
#include <lariat/io/net/tcp.hpp>
#include <lariat/sched/pool/pool.hpp>
#include <lariat/sched/pool/to_pool.hpp>

#include <atomic>
#include <string>
#include <vector>

// What a task that runs on a pool may await of io: everything, by way of its loop.

using namespace lariat;
using namespace std::chrono_literals;

namespace {

// In a simulation everything is on the loop's thread, hence [kernel] below.
bool on_worker() { return pool::current_task() != nullptr && loop::current() == nullptr; }

task<bool> echo_until_end(io::tcp_stream* peer) {
  std::array<std::byte, 64> message;
  bool stayed = true;
  for (;;) {
    const std::size_t count = co_await peer->read_some(message);
    stayed = stayed && on_worker();
    if (count == 0) co_return stayed;
    co_await peer->write_all(std::span(message).first(count));
  }
}

task<bool> talk(io::tcp_stream* peer) {
  bool same = true;
  for (int i = 0; i < 50; ++i) {
    std::array<std::byte, 48> sent;
    sent.fill(static_cast<std::byte>(i));
    std::array<std::byte, 48> received{};
    co_await peer->write_all(sent);
    co_await peer->read_exact(received);
    same = same && sent == received && on_worker();
  }
  peer->shutdown_write();
  co_return same;
}

}  // namespace

COROUTINE_TEST_CASE("both ends of a connection on a pool", "[io][on_pool][kernel]") {
  pool workers({.workers = 2});
  connected pair = co_await connect_pair();
  auto [talked, echoed] = co_await when_all(to_pool(workers, talk, &pair.client),
                                            to_pool(workers, echo_until_end, &pair.server));
  CHECK(talked);
  CHECK(echoed);
}

COROUTINE_TEST_CASE("files, listeners and connections may be made and closed on a pool",
                    "[io][on_pool][kernel]") {
  pool workers({.workers = 2});
  auto body = []() -> task<bool> {
    io::fs::temp_dir folder = co_await io::fs::temp_dir::create();
    const std::string path = folder.file("text");
    co_await io::fs::write_file(path, "some text");
    const std::string text = co_await io::fs::read_file(path);
    co_await folder.remove();  // By threads, not by the ring.
    connected pair = co_await connect_pair();
    co_await pair.client.close();
    co_return text == "some text" && on_worker();
  };
  const bool good = co_await to_pool(workers, body);
  CHECK(good);
}

COROUTINE_TEST_CASE("a read on a pool is cancelled, and times out", "[io][on_pool][kernel]") {
  pool workers({.workers = 1});
  connected pair = co_await connect_pair();
  auto late = [](io::tcp_stream* peer) -> task<bool> {
    std::array<std::byte, 8> buffer;
    const auto count = co_await try_timeout(1ms, peer->read_some(buffer));
    co_return !count.has_value() && on_worker();
  };
  const bool was_late = co_await to_pool(workers, late, &pair.server);
  CHECK(was_late);

  std::atomic<bool> begun{false};
  auto read_for_ever = [&](io::tcp_stream* peer) -> task<> {
    std::array<std::byte, 8> buffer;
    begun = true;
    (void)co_await peer->read_some(buffer);
  };
  join_handle<void> reading =
      spawn([&]() -> task<> { co_await to_pool(workers, read_for_ever, &pair.server); });
  while (!begun) co_await yield();
  reading.cancel("no more");
  std::string reason;
  try {
    co_await reading;
  } catch (const operation_cancelled& cancelled) {
    reason = cancelled.reason();
  }
  CHECK(reason == "no more");
}

COROUTINE_TEST_CASE("as_result on a pool throws nothing", "[io][on_pool][kernel]") {
  pool workers({.workers = 1});
  auto body = []() -> task<std::error_code> {
    auto opened = co_await as_result(io::file::open("/nonexistent/file"));
    co_return opened.error;
  };
  const std::error_code error = co_await to_pool(workers, body);
  CHECK(error == std::errc::no_such_file_or_directory);
}
