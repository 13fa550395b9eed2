#pragma once

#include <lariat/io/net/tcp.hpp>
#include <lariat/io/stream/buffer.hpp>
#include <lariat/sched/scope/when_all.hpp>
#include <lariat/sched/task/task.hpp>
#include <lariat/sched/task/yield.hpp>
#include <lariat/sched/time/timeout.hpp>

#include "coroutine_test.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <utility>

/// Both ends of a TCP connection over loopback.
struct connected {
  lariat::io::tcp_stream client;
  lariat::io::tcp_stream server;
};

/// A listener on a free port of 127.0.0.1.
inline lariat::io::tcp_listener listen_on_loopback(lariat::io::listen_options options = {}) {
  return lariat::io::tcp_listener::bind({"127.0.0.1", 0}, options);
}

/// Connects a pair; small buffers, if asked for, make writes short.
inline lariat::task<connected> connect_pair(bool small_buffers = false) {
  lariat::io::tcp_listener listener = listen_on_loopback();
  if (small_buffers) listener.set_receive_buffer_size(4096);
  auto both = co_await lariat::when_all(lariat::io::tcp_stream::connect(listener.local_address()),
                                        listener.accept());
  if (small_buffers) {
    both.first.set_send_buffer_size(4096);
    both.second.set_send_buffer_size(4096);
  }
  connected pair;
  pair.client = std::move(both.first);
  pair.server = std::move(both.second);
  co_return pair;
}

/// Awaits, and gives the std::system_error that was thrown, if one was.
template <class Awaitable>
lariat::task<std::optional<std::system_error>> error_of(Awaitable awaitable) {
  try {
    co_await std::move(awaitable);
  } catch (const std::system_error& error) {
    co_return error;
  }
  co_return std::nullopt;
}

inline bool says(const std::system_error& error, const std::string& part) {
  return std::string(error.what()).find(part) != std::string::npos;
}

/// Suspends until what is ready now has run, and the kernel was asked.
inline lariat::task<> let_others_run() {
  for (int i = 0; i < 3; ++i) co_await lariat::yield();
}

/// Awaits, and checks the value. Not an await inside CHECK: other tasks check things meanwhile.
template <class Awaitable>
lariat::task<> expect(Awaitable awaitable, lariat::detail::await_result_t<Awaitable> expected) {
  const auto value = co_await std::move(awaitable);
  CHECK(value == expected);
}

/// Checks that it does not end within a millisecond.
template <class Awaitable>
lariat::task<> expect_timeout(Awaitable awaitable) {
  const auto value =
      co_await lariat::try_timeout(std::chrono::milliseconds(1), std::move(awaitable));
  CHECK_FALSE(value.has_value());
}

inline lariat::task<std::string> read_text(lariat::io::stream_socket& from, std::size_t size) {
  std::string text(size, '\0');
  co_await from.read_exact(std::as_writable_bytes(std::span(text)));
  co_return text;
}

inline lariat::task<> expect_text(lariat::io::stream_socket& from, std::string expected) {
  const std::string text = co_await read_text(from, expected.size());
  CHECK(text == expected);
}

inline lariat::task<> expect_end(lariat::io::stream_socket& from) {
  std::array<std::byte, 8> buffer;
  const std::size_t count = co_await from.read_some(buffer);
  CHECK(count == 0);
}
