#include <lariat/io/file/standard_streams.hpp>

#include <lariat/io/stream/buffered_reader.hpp>

#include "child_process.hpp"
#include "coroutine_test.hpp"
#include "io/pipe_ends.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

using namespace lariat;

TEST_CASE("the standard streams are read and written as files", "[io][kernel]") {
  child_process child([] {
    const pipe_ends ends;
    ::dup2(ends.read.native_handle(), STDIN_FILENO);
    (void)!::write(ends.write.native_handle(), "a line\n", 7);
    run_on_fresh_loop([]() -> task<> {
      io::file input = io::standard_input();
      io::file output = io::standard_output();
      io::file error = io::standard_error();
      io::buffered_reader lines(input);
      const auto line = co_await lines.read_line();
      co_await output.write_all(std::string(*line) + " out\n");
      co_await error.write_all("err\n");
      CHECK(input.native_handle() > STDERR_FILENO);
    });
    say("still open\n");  // What was closed were duplicates.
    return 0;
  });
  CHECK(child.output() == "a line out\nerr\nstill open\n");
  CHECK(child.status() == 0);
}

TEST_CASE("a standard stream that is closed is an error that names it", "[io][kernel]") {
  child_process child([] {
    ::close(STDIN_FILENO);
    try {
      (void)io::standard_input();
    } catch (const std::system_error& failure) {
      say("%s\n", failure.what());
      return failure.code().value();
    }
    return 0;
  });
  CHECK(child.output() == "dup standard input: Bad file descriptor\n");
  CHECK(child.status() == EBADF);
}
