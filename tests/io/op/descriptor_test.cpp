#include <lariat/io/op/descriptor.hpp>

#include "coroutine_test.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

using namespace lariat;

namespace {

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) != -1; }

int open_null() {
  const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  REQUIRE(fd >= 0);
  return fd;
}

}  // namespace

TEST_CASE("a descriptor closes what it owns", "[io][descriptor]") {
  const int fd = open_null();
  {
    const io::descriptor owner(fd);
    CHECK(owner.is_open());
    CHECK(owner.native_handle() == fd);
  }
  CHECK_FALSE(is_open(fd));
}

TEST_CASE("a descriptor that was moved from owns nothing", "[io][descriptor]") {
  const int fd = open_null();
  io::descriptor first(fd);
  io::descriptor second(std::move(first));
  CHECK_FALSE(first.is_open());
  CHECK(second.native_handle() == fd);

  const int other_fd = open_null();
  io::descriptor third(other_fd);
  third = std::move(second);
  CHECK(third.native_handle() == fd);
  CHECK_FALSE(is_open(other_fd));
}

TEST_CASE("a released descriptor stays open", "[io][descriptor]") {
  const int fd = open_null();
  {
    io::descriptor owner(fd);
    CHECK(owner.release() == fd);
    CHECK_FALSE(owner.is_open());
  }
  CHECK(is_open(fd));
  ::close(fd);
}

COROUTINE_TEST_CASE("close closes, and says so of one that is closed", "[io][descriptor][kernel]") {
  io::descriptor owner(open_null());
  const int fd = owner.native_handle();
  co_await owner.close();
  CHECK_FALSE(owner.is_open());
  CHECK_FALSE(is_open(fd));

  std::string text;
  std::error_code code;
  try {
    co_await owner.close();
  } catch (const std::system_error& error) {
    code = error.code();
    text = error.what();
  }
  CHECK(code == std::errc::bad_file_descriptor);
  CHECK(text.starts_with("close on a closed descriptor"));
}

COROUTINE_TEST_CASE("close reports the error of the kernel", "[io][descriptor]") {
  io::descriptor owner(open_null());
  ::close(owner.native_handle());  // Behind its back.
  result<void> closed = co_await as_result(owner.close());
  CHECK(closed.error == std::errc::bad_file_descriptor);
  CHECK_FALSE(owner.is_open());
}

COROUTINE_TEST_CASE("a close of a task that is cancelled already leaves it open",
                    "[io][descriptor][kernel]") {
  io::descriptor owner(open_null());
  std::error_code code;
  join_handle<void> self;
  self = spawn([&]() -> task<> {
    self.cancel();
    result<void> closed = co_await as_result(owner.close());
    code = closed.error;
    // The cancel has been delivered: the next one works.
    co_await owner.close();
  });
  co_await self;
  CHECK(code == std::errc::operation_canceled);
  CHECK_FALSE(owner.is_open());
}
