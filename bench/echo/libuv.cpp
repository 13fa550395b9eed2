// Echo server on libuv: one read buffer for all, since the callback is done with it when it
// returns, and uv_try_write before uv_write, which spares the request but for a full socket.

#include "listen.hpp"

#include <uv.h>

#include <array>

namespace {

// Larger than a message, or libuv asks the socket a second time whether there is more.
std::array<char, 65536> read_buffer;

struct connection {
  union {
    uv_handle_t handle;
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
  };
};

struct pending_write {
  uv_write_t request;
  char* data() { return reinterpret_cast<char*>(this + 1); }
};

void free_connection(uv_handle_t* handle) { delete static_cast<connection*>(handle->data); }

void allocate(uv_handle_t*, std::size_t, uv_buf_t* buffer) {
  *buffer = uv_buf_init(read_buffer.data(), read_buffer.size());
}

void write_rest(uv_stream_t* stream, const char* data, std::size_t size) {
  auto* pending = static_cast<pending_write*>(std::malloc(sizeof(pending_write) + size));
  std::memcpy(pending->data(), data, size);
  pending->request.data = pending;
  uv_buf_t rest = uv_buf_init(pending->data(), static_cast<unsigned>(size));
  uv_write(&pending->request, stream, &rest, 1,
           [](uv_write_t* done, int) { std::free(done->data); });
}

void received(uv_stream_t* stream, ssize_t got, const uv_buf_t* buffer) {
  if (got < 0) {
    uv_close(reinterpret_cast<uv_handle_t*>(stream), free_connection);
    return;
  }
  uv_buf_t reply = uv_buf_init(buffer->base, static_cast<unsigned>(got));
  int sent = uv_try_write(stream, &reply, 1);
  if (sent == UV_EAGAIN) sent = 0;
  if (sent >= 0 && sent < got) write_rest(stream, buffer->base + sent, std::size_t(got - sent));
}

void connected(uv_stream_t* listener, int status) {
  if (status < 0) return;
  auto* c = new connection;
  if (listener->type == UV_TCP) {
    uv_tcp_init(listener->loop, &c->tcp);
  } else {
    uv_pipe_init(listener->loop, &c->pipe, 0);
  }
  c->handle.data = c;
  if (uv_accept(listener, &c->stream) == 0) {
    uv_read_start(&c->stream, allocate, received);
  } else {
    uv_close(&c->handle, free_connection);
  }
}

}  // namespace

int main(int argc, char** argv) {
  bench::end_after(bench::option(argc, argv, "lifetime", std::int64_t{120}));
  bench::raise_descriptor_limit();
  const bench::endpoint at(argc, argv);
  const int fd = bench::open_listener(at, SOCK_NONBLOCK);
  uv_loop_t* loop = uv_default_loop();
  connection listener;
  if (at.local()) {
    uv_pipe_init(loop, &listener.pipe, 0);
    bench::check(uv_pipe_open(&listener.pipe, fd), "uv_pipe_open");
  } else {
    uv_tcp_init(loop, &listener.tcp);
    bench::check(uv_tcp_open(&listener.tcp, fd), "uv_tcp_open");
  }
  bench::check(uv_listen(&listener.stream, 4096, connected), "uv_listen");
  bench::announce(fd);
  return uv_run(loop, UV_RUN_DEFAULT);
}
