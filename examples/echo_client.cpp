// Sends a text to an echo server, and prints what comes back.
//
//   echo_client [ADDRESS:PORT [TEXT]]     127.0.0.1:7000 and "hello" unless told otherwise

#include <lariat/io/net/tcp.hpp>
#include <lariat/lariat.hpp>

#include <chrono>
#include <cstdio>
#include <string>

using namespace lariat;
using namespace std::chrono_literals;

task<std::string> echoed(io::address server, std::string text) {
  io::tcp_stream peer = co_await io::tcp_stream::connect(server);
  co_await peer.write_all(io::bytes_of(text));
  peer.shutdown_write();
  std::string answer(text.size(), '\0');
  co_await peer.read_exact(std::as_writable_bytes(std::span(answer)));
  co_return answer;
}

// What it throws (a refused connection, a timeout_error) run_main prints.
task<int> echo_client(const char* server, std::string text) {
  const std::string answer = co_await timeout(5s, echoed(io::address::parse(server), text));
  std::printf("%s\n", answer.c_str());
  co_return answer == text ? 0 : 1;
}

int main(int argc, char** argv) {
  return run_main(echo_client, argc > 1 ? argv[1] : "127.0.0.1:7000", argc > 2 ? argv[2] : "hello");
}
