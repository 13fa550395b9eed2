// What a server does for each message allocates nothing once its connections and files are open.

#include "connected.hpp"
#include "count_allocations.hpp"

#include <lariat/io/file/file.hpp>
#include <lariat/io/fs/fs_temp.hpp>
#include <lariat/sched/task/join_handle.hpp>
#include <lariat/sched/task/spawn.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#if COUNT_ALLOCATIONS

using namespace lariat;

COROUTINE_TEST_CASE("a read of a file allocates nothing", "[io][allocation][kernel]") {
  using io::open_mode;
  io::fs::temp_dir scratch = co_await io::fs::temp_dir::create();
  constexpr open_mode fresh = open_mode::write | open_mode::create;
  io::file written = co_await io::file::open(scratch.file("a"), fresh);
  const std::string text(16 * 10'100, 'x');
  co_await written.write_all(io::bytes_of(text));
  io::file file = co_await io::file::open(scratch.file("a"));

  std::array<std::byte, 16> buffer;
  std::size_t sum = 0;
  const auto step = [&]() -> task<> { sum += co_await file.read_some(buffer); };
  const std::uint64_t during = co_await allocations_once_warm(step);
  CHECK(sum == text.size());
  CHECK(during == 0);
}

COROUTINE_TEST_CASE("an echo over TCP allocates nothing at either end",
                    "[io][allocation][kernel]") {
  connected pair = co_await connect_pair();
  const auto echo = [&]() -> task<> {
    std::array<std::byte, 64> message;
    for (;;) {
      const std::size_t count = co_await pair.server.read_some(message);
      if (count == 0) co_return;
      co_await pair.server.write_all(std::span(message).first(count));
    }
  };
  join_handle<void> server = spawn(echo);

  std::array<std::byte, 64> message{};
  const auto step = [&]() -> task<> {
    co_await pair.client.write_all(message);
    co_await pair.client.read_exact(message);
  };
  const std::uint64_t during = co_await allocations_once_warm(step);
  co_await pair.client.close();
  co_await server;
  CHECK(during == 0);
}

#endif
