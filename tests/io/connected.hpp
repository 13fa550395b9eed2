#pragma once

#include <lariat/io/tcp.hpp>
#include <lariat/sched/task.hpp>
#include <lariat/sched/when_all.hpp>

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
  auto both = co_await lariat::when_all(
      lariat::io::tcp_stream::connect(listener.local_address()), listener.accept());
  if (small_buffers) {
    both.first.set_send_buffer_size(4096);
    both.second.set_send_buffer_size(4096);
  }
  connected pair;
  pair.client = std::move(both.first);
  pair.server = std::move(both.second);
  co_return pair;
}
