// Loads an echo server and reads off what a message costs it.
//
//   client --port 7000 | --path /tmp/s  --connections 64 --size 64 --seconds 1 --server-pid 123
//
// Meant to share one core with the server, both under SCHED_FIFO: nobody preempts, so the client
// sends to all connections, sleeps, and the server finds all of them ready. The server's CPU time
// is then comparable between servers; messages per second are not the point. With `--messages n`
// it stops after n messages instead, for instruction counters.

#include "listen.hpp"

#include <dirent.h>
#include <sched.h>

using namespace bench;

namespace {

// Run time of every thread of the server, exact to the last switch; the kernel's own threads that
// work for it (io-wq) are among them.
std::int64_t server_cpu_ns(const std::string& pid) {
  const std::string tasks = "/proc/" + pid + "/task";
  DIR* directory = opendir(tasks.c_str());
  if (directory == nullptr) return 0;
  std::int64_t sum = 0;
  while (dirent* entry = readdir(directory)) {
    if (entry->d_name[0] == '.') continue;
    const std::string path = tasks + "/" + entry->d_name + "/schedstat";
    FILE* file = std::fopen(path.c_str(), "r");
    long ns = 0;
    if (file != nullptr && std::fscanf(file, "%ld", &ns) == 1) sum += ns;
    if (file != nullptr) std::fclose(file);
  }
  closedir(directory);
  return sum;
}

int connect_to(const endpoint& at) {
  int fd = check(socket(at.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  check(connect(fd, at.address(), at.length), "connect");
  int one = 1;
  if (!at.local()) check(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one), "TCP_NODELAY");
  // A server that loses a message is reported, not waited for.
  timeval patience = {.tv_sec = 10, .tv_usec = 0};
  check(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), "SO_RCVTIMEO");
  return fd;
}

// Sends one message to everybody, then collects every reply.
void turn(const std::vector<int>& sockets, std::vector<char>& message, std::vector<char>& reply) {
  for (int fd : sockets) {
    ssize_t sent = check(send(fd, message.data(), message.size(), MSG_NOSIGNAL), "send");
    if (static_cast<std::size_t>(sent) != message.size()) fail("short send", EIO);
  }
  for (int fd : sockets) {
    ssize_t got = check(recv(fd, reply.data(), reply.size(), MSG_WAITALL), "recv");
    if (static_cast<std::size_t>(got) != reply.size()) fail("short reply", EIO);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const auto connections = option(argc, argv, "connections", std::int64_t{64});
  const auto size = option(argc, argv, "size", std::int64_t{64});
  const double seconds = option(argc, argv, "seconds", 1.0);
  const double warmup = option(argc, argv, "warmup", seconds / 4);
  const auto messages_max = option(argc, argv, "messages", std::int64_t{0});
  const std::string pid = option(argc, argv, "server-pid", "self");
  end_after(static_cast<std::int64_t>(seconds + warmup) + (messages_max > 0 ? 300 : 60));
  raise_descriptor_limit();
  const endpoint at(argc, argv);

  const std::int64_t rss_before = rss_bytes(pid);
  std::vector<int> sockets;
  for (std::int64_t i = 0; i < connections; ++i) {
    sockets.push_back(connect_to(at));
    // Let a server on this core accept: under SCHED_FIFO nobody else makes room in its backlog.
    if (i % 64 == 63) usleep(1000);
  }
  std::vector<char> message(static_cast<std::size_t>(size), 'x');
  std::vector<char> reply(message.size());
  for (std::size_t i = 0; i < message.size(); ++i) message[i] = static_cast<char>('a' + i % 23);

  turn(sockets, message, reply);
  if (reply != message) fail("wrong reply", EIO);
  const std::int64_t warm_end = wall_ns() + static_cast<std::int64_t>(warmup * 1e9);
  while (messages_max == 0 && wall_ns() < warm_end) turn(sockets, message, reply);
  const std::int64_t rss_after = rss_bytes(pid);

  samples turns;
  std::int64_t messages = 0;
  const std::int64_t cpu_before = server_cpu_ns(pid);
  const std::int64_t start = wall_ns();
  const std::int64_t end = start + static_cast<std::int64_t>(seconds * 1e9);
  std::int64_t now = start;
  do {
    const std::int64_t sent = now;
    turn(sockets, message, reply);
    now = wall_ns();
    turns.add(now - sent);
    messages += connections;
  } while (messages_max > 0 ? messages < messages_max : now < end);
  // The server's clock is brought up to date when it is switched out: let it finish its turn.
  usleep(2000);
  const std::int64_t cpu = server_cpu_ns(pid) - cpu_before;

  std::printf(
      "messages=%ld messages_per_s=%.0f turn_p50_us=%.2f cpu_ns_per_message=%.1f "
      "rss_bytes_per_connection=%.0f\n",
      messages, double(messages) / (double(now - start) / 1e9), turns.quantile(0.5) / 1e3,
      double(cpu) / double(messages), double(rss_after - rss_before) / double(connections));
}
