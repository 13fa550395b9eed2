// Echo server in plain C on epoll: the other reference.

#include "listen.hpp"

#include <sys/epoll.h>

using namespace bench;

int main(int argc, char** argv) {
  end_after(option(argc, argv, "lifetime", std::int64_t{120}));
  raise_descriptor_limit();
  std::vector<char> buffer(buffer_bytes(argc, argv));
  const int listener = open_listener(endpoint(argc, argv), SOCK_NONBLOCK);
  const int poller = check(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
  epoll_event event = {.events = EPOLLIN, .data = {.fd = listener}};
  check(epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event), "epoll_ctl");
  announce(listener);
  std::vector<epoll_event> events(1024);
  for (;;) {
    int count = epoll_wait(poller, events.data(), int(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      int fd = events[std::size_t(i)].data.fd;
      if (fd == listener) {
        while ((fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
          event = {.events = EPOLLIN, .data = {.fd = fd}};
          check(epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
        }
        continue;
      }
      // Level-triggered: one recv a turn; what it left is reported again. A full socket cannot
      // happen with a client that waits for its reply.
      ssize_t got = recv(fd, buffer.data(), buffer.size(), 0);
      if (got > 0) got = send(fd, buffer.data(), std::size_t(got), MSG_NOSIGNAL);
      if (got == 0 || (got < 0 && errno != EAGAIN)) close(fd);
    }
  }
}
