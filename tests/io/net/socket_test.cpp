#include <lariat/io/net/socket.hpp>

#include "child_process.hpp"
#include "contains.hpp"
#include "coroutine_test.hpp"
#include "io/connected.hpp"

#include <lariat/sched/time/timeout.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <stdexcept>
#include <string>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

using buffer = std::array<std::byte, 8>;

const std::error_code closed_meanwhile(ECANCELED, std::system_category());

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) != -1; }

// What a process prints that runs `body` and has to die by SIGABRT.
template <class Body>
std::string last_words_of(Body body) {
  child_process child([&] {
    run_on_fresh_loop(body);
    return 0;
  });
  CHECK(child.status() == child_process::killed_by(SIGABRT));
  return child.output();
}

}  // namespace

COROUTINE_TEST_CASE("closing a stream ends it for the peer", "[io][socket]") {
  connected pair = co_await connect_pair();
  const int fd = pair.client.native_handle();
  co_await pair.client.close();
  CHECK_FALSE(pair.client.is_open());
  CHECK_FALSE(is_open(fd));
  CHECK(pair.client.native_handle() == -1);
  co_await expect_end(pair.server);
}

COROUTINE_TEST_CASE("closing what is closed does nothing", "[io][socket]") {
  connected pair = co_await connect_pair();
  co_await pair.client.close();
  co_await pair.client.close();
  const auto quiet = co_await as_result(pair.client.close());
  CHECK_FALSE(quiet.error);
  io::tcp_stream never_open;
  co_await never_open.close();
}

COROUTINE_TEST_CASE("operations on a closed or moved-from stream fail", "[io][socket]") {
  connected pair = co_await connect_pair();
  io::tcp_stream moved = std::move(pair.client);
  CHECK(moved.is_open());
  co_await pair.server.close();
  for (io::tcp_stream* closed : {&pair.client, &pair.server}) {
    buffer into;
    const auto read = co_await error_of(closed->read_some(into));
    REQUIRE(read.has_value());
    CHECK(read->code() == std::errc::bad_file_descriptor);
    CHECK(says(*read, "(closed)"));
    const auto exact = co_await as_result(closed->read_exact(into));
    CHECK(exact.error == std::errc::bad_file_descriptor);
    const auto write = co_await as_result(closed->write_all(into));
    CHECK(write.error == std::errc::bad_file_descriptor);
    CHECK(write.value == 0);
    const auto nothing = co_await as_result(closed->write_all({}));
    CHECK(nothing.error == std::errc::bad_file_descriptor);
    const auto ready = co_await as_result(closed->readable());
    CHECK(ready.error == std::errc::bad_file_descriptor);
    CHECK_THROWS_AS(closed->available(), std::system_error);
    CHECK_THROWS_AS(closed->shutdown_write(), std::system_error);
  }
}

COROUTINE_TEST_CASE("closing a stream ends another task's read", "[io][socket]") {
  connected pair = co_await connect_pair();
  const std::string peer = pair.server.peer_address().to_string();
  buffer into;
  auto reading = spawn([&] { return error_of(pair.server.read_some(into)); });
  co_await let_others_run();
  const int fd = pair.server.native_handle();
  co_await pair.server.close();
  CHECK(reading.done());
  CHECK_FALSE(is_open(fd));
  const auto error = co_await reading;
  REQUIRE(error.has_value());
  CHECK(error->code() == std::errc::operation_canceled);
  CHECK(std::string(error->what()) == "read " + peer + " (closed): Operation canceled");
}

COROUTINE_TEST_CASE("closing a stream ends every kind of operation on it", "[io][socket]") {
  const std::vector<std::byte> much(1 << 20);
  buffer into;
  const std::array<io::mutable_buffer, 1> vector_into = {std::span<std::byte>(into)};
  const std::array<io::const_buffer, 1> vector_from = {std::span<const std::byte>(much)};
  for (int kind = 0; kind < 3; ++kind) {
    connected pair = co_await connect_pair(true);
    auto reading = spawn([&]() -> task<std::error_code> {
      if (kind == 0) {
        const auto ended = co_await as_result(pair.server.read_exact(into));
        co_return ended.error;
      }
      if (kind == 1) {
        const auto ended = co_await as_result(pair.server.readv_some(vector_into));
        co_return ended.error;
      }
      const auto ended = co_await as_result(pair.server.readable());
      co_return ended.error;
    });
    auto writing = spawn([&]() -> task<std::error_code> {
      if (kind == 0) {
        const auto ended = co_await as_result(pair.server.writev_all(vector_from));
        co_return ended.error;
      }
      const auto ended = co_await as_result(pair.server.write_all(much));
      co_return ended.error;
    });
    auto queued = spawn([&]() -> task<std::error_code> {
      const auto ended = co_await as_result(pair.server.write_some(much));
      co_return ended.error;
    });
    co_await let_others_run();
    co_await pair.server.close();
    co_await expect(std::move(reading), closed_meanwhile);
    co_await expect(std::move(writing), closed_meanwhile);
    co_await expect(std::move(queued), closed_meanwhile);
  }
}

COROUTINE_TEST_CASE("bytes that came before the close are delivered", "[io][socket]") {
  for (int i = 0; i < 100; ++i) {
    connected pair = co_await connect_pair();
    buffer into;
    auto reading = spawn([&]() -> task<result<std::size_t>> {
      auto ended = co_await as_result(pair.server.read_some(into));
      co_return ended;
    });
    if (i % 2 == 0) co_await let_others_run();
    co_await pair.client.write_all(io::bytes_of("abc"));
    for (int turns = i % 5; turns > 0; --turns) co_await yield();
    co_await pair.server.close();
    const result<std::size_t> ended = co_await reading;
    if (ended.error) {
      CHECK(ended.error == std::errc::operation_canceled);
      CHECK(ended.value == 0);
    } else {
      CHECK(ended.value == 3);
    }
  }
}

COROUTINE_TEST_CASE("two tasks may close the same stream", "[io][socket]") {
  connected pair = co_await connect_pair();
  buffer into;
  auto reading = spawn([&] { return error_of(pair.server.read_some(into)); });
  co_await let_others_run();
  co_await when_all(pair.server.close(), pair.server.close());
  const auto error = co_await reading;
  CHECK(error.has_value());
}

COROUTINE_TEST_CASE("a cancelled task can still close its stream", "[io][socket][kernel]") {
  connected pair = co_await connect_pair();
  const int fd = pair.server.native_handle();
  bool closed = false;
  auto serving = spawn([&]() -> task<> {
    co_await pair.server.close();
    closed = true;
  });
  serving.cancel();
  // Not before it has run.
  while (!closed && !serving.done()) co_await yield();
  (void)co_await as_result(serving);
  if (closed) {
    CHECK_FALSE(is_open(fd));
  } else {
    CHECK(is_open(fd));  // The task was cancelled before it started.
  }

  connected other = co_await connect_pair();
  auto cancelled_inside = spawn([&]() -> task<> {
    co_await timeout(
        0s, [](io::tcp_stream& stream) -> task<> { co_await stream.close(); }(other.server));
  });
  (void)co_await as_result(cancelled_inside);
  CHECK_FALSE(other.server.is_open());
}

COROUTINE_TEST_CASE("a stream may be moved while operations are under way", "[io][socket]") {
  connected pair = co_await connect_pair(true);
  const std::vector<std::byte> much(300'000);
  buffer into;
  auto reading = spawn([&]() -> task<std::size_t> {
    const std::size_t count = co_await pair.server.read_exact(into);
    co_return count;
  });
  auto writing = spawn([&]() -> task<std::size_t> {
    const std::size_t count = co_await pair.server.write_all(much);
    co_return count;
  });
  auto queued = spawn([&]() -> task<std::size_t> {
    const std::size_t count = co_await pair.server.write_all(io::bytes_of("end"));
    co_return count;
  });
  co_await let_others_run();
  io::tcp_stream moved = std::move(pair.server);
  io::tcp_stream again;
  again = std::move(moved);
  co_await pair.client.write_all(into);
  co_await expect(std::move(reading), into.size());
  std::vector<std::byte> received(much.size() + 3);
  co_await pair.client.read_exact(received);
  co_await expect(std::move(writing), much.size());
  co_await expect(std::move(queued), 3);
  CHECK(io::text_of(std::span(received).last(3)) == "end");
  CHECK_THROWS_AS(pair.server.shutdown_write(), std::system_error);
}

COROUTINE_TEST_CASE("a stream that was moved under way can be closed", "[io][socket]") {
  connected pair = co_await connect_pair();
  buffer into;
  auto reading = spawn([&] { return error_of(pair.server.read_some(into)); });
  co_await let_others_run();
  io::tcp_stream moved = std::move(pair.server);
  co_await moved.close();
  const auto error = co_await reading;
  REQUIRE(error.has_value());
  CHECK(error->code() == std::errc::operation_canceled);
}

COROUTINE_TEST_CASE("a descriptor in use is not given away", "[io][socket]") {
  connected pair = co_await connect_pair();
  buffer into;
  auto reading = spawn([&] { return error_of(pair.server.read_some(into)); });
  co_await let_others_run();
  CHECK_THROWS_AS((void)pair.server.release(), std::logic_error);
  co_await pair.server.close();
  (void)co_await reading;
}

COROUTINE_TEST_CASE("destroying a stream closes it", "[io][socket][kernel]") {
  int fd = -1;
  {
    connected pair = co_await connect_pair();
    fd = pair.client.native_handle();
    CHECK(is_open(fd));
    pair.client = io::tcp_stream();
    CHECK_FALSE(is_open(fd));
    fd = pair.server.native_handle();
  }
  CHECK_FALSE(is_open(fd));
}

TEST_CASE("destroying a stream that another task uses ends the program and names both",
          "[io][socket]") {
  constexpr int read_line = __LINE__ + 4;
  const auto body = []() -> task<> {
    std::optional<connected> pair = co_await connect_pair();
    buffer into;
    auto read = [&]() -> task<> { (void)co_await pair->server.read_some(into); };
    auto reading = spawn({.name = "read\ner"}, read);
    co_await let_others_run();
    say("%s, fd %d\n", pair->server.peer_address().to_string().c_str(),
        pair->server.native_handle());
    pair.reset();
    co_await reading;
  };
  const std::string output = last_words_of(body);
  const std::string name = output.substr(0, output.find('\n'));
  INFO(output);
  CHECK(contains(output, "lariat: a socket (" + name + ") was destroyed while another task uses"));
  CHECK(contains(output, R"("read\ner" (spawned at )"));
  CHECK(contains(output, " waits in read(" + name.substr(name.find("fd ")) + ") at "));
  CHECK(contains(output, "socket_test.cpp:" + std::to_string(read_line) + ". co_await its close"));
}
