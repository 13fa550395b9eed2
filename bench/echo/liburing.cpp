// Echo server in plain C on liburing: the reference. What a runtime adds is what it is dearer.
//
//   liburing --mode single      a recv and a send per message, each awaited: as a coroutine does
//   liburing --mode multishot   the best that is known: multishot accept into direct descriptors,
//                               multishot recv into a shared buffer ring, sends from those buffers

#include "../ring.hpp"
#include "listen.hpp"

#include <sys/mman.h>

using namespace bench;

namespace {

constexpr unsigned queue_depth = 1024;
constexpr int direct_max = 16384;
// Few enough to stay in the cache. A turn that finds none left re-arms, which costs next to
// nothing.
constexpr unsigned buffer_count = 256;
constexpr int buffer_group = 0;

// What a completion belongs to, in the low bits of user_data beside the connection's address.
enum operation : std::uint64_t { receiving = 0, sending = 1, accepting = 2 };

void tag(io_uring_sqe* sqe, void* connection, operation what) {
  io_uring_sqe_set_data64(sqe, reinterpret_cast<std::uint64_t>(connection) | what);
}

operation what_of(const io_uring_cqe* cqe) { return operation(cqe->user_data & 7); }

template <class Connection>
Connection* connection_of(const io_uring_cqe* cqe) {
  return reinterpret_cast<Connection*>(cqe->user_data & ~std::uint64_t{7});
}

namespace single {

struct connection {
  int fd;
  std::size_t size;
  char* buffer() { return reinterpret_cast<char*>(this + 1); }
};

void receive(ring& loop, connection* c) {
  io_uring_sqe* sqe = loop.next_sqe();
  io_uring_prep_recv(sqe, c->fd, c->buffer(), c->size, 0);
  tag(sqe, c, receiving);
}

void accept_one(ring& loop, int listener) {
  io_uring_sqe* sqe = loop.next_sqe();
  io_uring_prep_accept(sqe, listener, nullptr, nullptr, SOCK_CLOEXEC);
  tag(sqe, nullptr, accepting);
}

void complete(ring& loop, io_uring_cqe* cqe, int listener, std::size_t size) {
  if (what_of(cqe) == accepting) {
    check(cqe->res, "accept");
    auto* c = static_cast<connection*>(std::malloc(sizeof(connection) + size));
    *c = {cqe->res, size};
    receive(loop, c);
    accept_one(loop, listener);
    return;
  }
  auto* c = connection_of<connection>(cqe);
  if (cqe->res <= 0) {
    close(c->fd);
    std::free(c);
  } else if (what_of(cqe) == receiving) {
    io_uring_sqe* sqe = loop.next_sqe();
    io_uring_prep_send(sqe, c->fd, c->buffer(), std::size_t(cqe->res), MSG_NOSIGNAL | MSG_WAITALL);
    tag(sqe, c, sending);
  } else {
    receive(loop, c);
  }
}

[[noreturn]] void serve(ring& loop, int listener, std::size_t size) {
  accept_one(loop, listener);
  for (;;) {
    loop.submit_and_wait();
    loop.for_each_completion([&](io_uring_cqe* cqe) { complete(loop, cqe, listener, size); });
  }
}

}  // namespace single

namespace multishot {

// Buffers wait here while an earlier one of the same connection is being sent: one send in flight
// keeps the order.
struct connection {
  explicit connection(int file_index) : index(file_index) {}

  int index;  // In the ring's file table.
  bool send_in_flight = false;
  bool ended = false;
  std::vector<std::pair<unsigned short, unsigned>> waiting;
  unsigned short sending_buffer = 0;
};

struct server {
  ring& loop;
  int listener;
  std::size_t size;
  io_uring_buf_ring* buffers = nullptr;
  char* memory = nullptr;

  char* buffer(unsigned short id) { return memory + id * size; }

  void give_back(unsigned short id) {
    io_uring_buf_ring_add(buffers, buffer(id), static_cast<unsigned>(size), id,
                          io_uring_buf_ring_mask(buffer_count), 0);
    io_uring_buf_ring_advance(buffers, 1);
  }

  void register_all() {
    check(io_uring_register_files_sparse(loop.get(), direct_max), "register_files_sparse");
    const std::size_t ring_bytes = buffer_count * sizeof(io_uring_buf);
    void* mapped = mmap(nullptr, ring_bytes + buffer_count * size, PROT_READ | PROT_WRITE,
                        MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
    if (mapped == MAP_FAILED) fail("mmap", errno);
    buffers = static_cast<io_uring_buf_ring*>(mapped);
    memory = static_cast<char*>(mapped) + ring_bytes;
    io_uring_buf_reg registration = {};
    registration.ring_addr = reinterpret_cast<std::uint64_t>(mapped);
    registration.ring_entries = buffer_count;
    registration.bgid = buffer_group;
    check(io_uring_register_buf_ring(loop.get(), &registration, 0), "register_buf_ring");
    for (unsigned id = 0; id < buffer_count; ++id) give_back(static_cast<unsigned short>(id));
  }

  void accept_all() {
    io_uring_sqe* sqe = loop.next_sqe();
    io_uring_prep_multishot_accept_direct(sqe, listener, nullptr, nullptr, 0);
    tag(sqe, nullptr, accepting);
  }

  void receive(connection* c) {
    io_uring_sqe* sqe = loop.next_sqe();
    io_uring_prep_recv_multishot(sqe, c->index, nullptr, 0, 0);
    sqe->flags |= IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT;
    sqe->buf_group = buffer_group;
    tag(sqe, c, receiving);
  }

  void send(connection* c, unsigned short id, unsigned length) {
    c->send_in_flight = true;
    c->sending_buffer = id;
    io_uring_sqe* sqe = loop.next_sqe();
    io_uring_prep_send(sqe, c->index, buffer(id), length, MSG_NOSIGNAL | MSG_WAITALL);
    sqe->flags |= IOSQE_FIXED_FILE;
    tag(sqe, c, sending);
  }

  void drop_when_idle(connection* c) {
    if (!c->ended || c->send_in_flight) return;
    io_uring_sqe* sqe = loop.next_sqe();
    io_uring_prep_close_direct(sqe, static_cast<unsigned>(c->index));
    sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
    delete c;
  }

  void received(io_uring_cqe* cqe, connection* c) {
    if (cqe->res > 0) {
      const auto id = static_cast<unsigned short>(cqe->flags >> IORING_CQE_BUFFER_SHIFT);
      const auto length = static_cast<unsigned>(cqe->res);
      if (c->send_in_flight) {
        c->waiting.emplace_back(id, length);
      } else {
        send(c, id, length);
      }
    } else if (cqe->res != -ENOBUFS) {
      c->ended = true;
      drop_when_idle(c);
      return;
    }
    if ((cqe->flags & IORING_CQE_F_MORE) == 0) receive(c);
  }

  void sent(io_uring_cqe* cqe, connection* c) {
    give_back(c->sending_buffer);
    c->send_in_flight = false;
    if (cqe->res < 0) c->ended = true;
    if (c->waiting.empty()) {
      drop_when_idle(c);
      return;
    }
    auto [id, length] = c->waiting.front();
    c->waiting.erase(c->waiting.begin());
    send(c, id, length);
  }

  void complete(io_uring_cqe* cqe) {
    switch (what_of(cqe)) {
      case accepting:
        check(cqe->res, "accept");
        receive(new connection(cqe->res));
        if ((cqe->flags & IORING_CQE_F_MORE) == 0) accept_all();
        break;
      case receiving:
        received(cqe, connection_of<connection>(cqe));
        break;
      case sending:
        sent(cqe, connection_of<connection>(cqe));
        break;
    }
  }

  [[noreturn]] void serve() {
    register_all();
    accept_all();
    for (;;) {
      loop.submit_and_wait();
      loop.for_each_completion([this](io_uring_cqe* cqe) { complete(cqe); });
    }
  }
};

}  // namespace multishot

}  // namespace

int main(int argc, char** argv) {
  end_after(option(argc, argv, "lifetime", std::int64_t{120}));
  raise_descriptor_limit();
  const std::size_t size = buffer_bytes(argc, argv);
  const std::string mode = option(argc, argv, "mode", "single");
  int listener = open_listener(endpoint(argc, argv), 0);
  ring loop;
  loop.start(queue_depth);
  announce(listener);
  if (mode == "single") single::serve(loop, listener, size);
  // The buffers are shared, so they need not be generous.
  const auto message = static_cast<std::size_t>(option(argc, argv, "size", std::int64_t{64}));
  const std::size_t shared = std::max<std::size_t>(512, message);
  multishot::server{.loop = loop, .listener = listener, .size = shared}.serve();
}
