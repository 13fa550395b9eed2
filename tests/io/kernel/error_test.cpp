#include <lariat/io/kernel/detail/error.hpp>

#include <lariat/io/file/file.hpp>
#include <lariat/io/fs.hpp>
#include <lariat/io/net/address.hpp>

#include "contains.hpp"
#include "coroutine_test.hpp"

#include <sys/stat.h>

#include <stdexcept>
#include <string>
#include <system_error>

using namespace lariat;
using namespace std::string_literals;
namespace fs = io::fs;

namespace {

// As printf("%s") and most programs take it: up to the first NUL.
task<std::string> text_of(task<> work) {
  try {
    co_await std::move(work);
  } catch (const std::exception& error) {
    co_return std::string(error.what());
  }
  co_return "";
}

task<> open(std::string path) { co_await io::file::open(path); }
task<> list(std::string path) {
  auto names = fs::entries(path);
  co_await names.next();
}
task<> move(std::string from, std::string to) { co_await fs::rename(from, to); }
task<> copy(std::string from, std::string to) { co_await fs::copy(from, to); }

}  // namespace

COROUTINE_TEST_CASE("an error about a path with a NUL keeps its reason", "[io][error]") {
  const std::string path = "/etc/passwd\0.txt"s;
  const std::string reason = R"( "/etc/passwd\0.txt": Invalid argument)";
  const std::string by_ring = co_await text_of(open(path));
  CHECK(by_ring == "open" + reason);
  const std::string by_thread = co_await text_of(list(path));
  CHECK(by_thread == "open" + reason);
  const std::string by_removal = co_await text_of(fs::mkdir_all(path));
  CHECK(by_removal == "mkdir" + reason);
}

COROUTINE_TEST_CASE("an error is one line that moves no cursor, whatever the path", "[io][error]") {
  const std::string text = co_await text_of(open("/no\nsuch\x1b[31m/\xff"));
  CHECK(text == R"(open "/no\nsuch\x1b[31m/\xff": No such file or directory)");
}

COROUTINE_TEST_CASE("an error shows an empty path, and which of two it is", "[io][error]") {
  const std::string none = co_await text_of(open(""));
  CHECK(none == R"(open "": No such file or directory)");
  const std::string from = co_await text_of(move("", "/b"));
  CHECK(from == R"(rename "" to /b: No such file or directory)");
  const std::string to = co_await text_of(move("/etc", ""));
  CHECK(to == R"(rename /etc to "": No such file or directory)");
  const std::string copied = co_await text_of(copy("/no/such file", ""));
  CHECK(copied == R"(open "/no/such file": No such file or directory)");
}

COROUTINE_TEST_CASE("an error about a name that is too long is short", "[io][error]") {
  const std::string path = "/" + std::string(100'000, 'a');
  const std::string by_ring = co_await text_of(open(path));
  CHECK(by_ring.size() < 1000);
  CHECK(contains(by_ring, R"(aaa...aaa)"));
  CHECK(by_ring.ends_with("\" (100001 bytes): File name too long"));
  const std::string by_thread = co_await text_of(list(path));
  CHECK(by_thread == by_ring);
}

COROUTINE_TEST_CASE("an error about an open file shows its name escaped", "[io][error][kernel]") {
  fs::temp_dir scratch = co_await fs::temp_dir::create();
  const std::string path = scratch.file("a\nb");
  co_await fs::write_file(path, "");
  io::file input = co_await io::file::open(path);
  std::string text;
  try {
    co_await input.write_all(io::bytes_of("x"));
  } catch (const std::system_error& error) {
    text = error.what();
  }
  CHECK(contains(text, R"(/a\nb")"));
  CHECK(contains(text, "Bad file descriptor"));
}

TEST_CASE("an error about an address shows the text escaped", "[io][error]") {
  CHECK_THROWS_WITH(
      io::address::parse("10.0.0.7\0:80"s),
      R"(address "10.0.0.7\0:80": each part of an IPv4 address is a number from 0 to 255)");
  CHECK_THROWS_WITH(io::address::parse("a\x1b[31m\n"),
                    R"(address "a\x1b[31m\n": the port is missing)");
  const std::string lengthy(100'000, '1');
  CHECK_THROWS_WITH(io::address(lengthy, 80),
                    Catch::EndsWith("(100000 bytes): an IPv4 address has four parts"));
}
