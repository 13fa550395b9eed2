// What files and paths promise, under every cancel and error, in simulation.

#include "scenarios.hpp"

#include <lariat/io/file/file.hpp>
#include <lariat/io/fs.hpp>
#include <lariat/sched/task/spawn.hpp>
#include <lariat/sched/time/timeout.hpp>
#include <lariat/sched/time/timer.hpp>

#include <array>
#include <chrono>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;
using io::open_mode;
using testing::require;
using testing::simulation;

namespace {

std::span<std::byte> bytes_in(std::string& text) { return std::as_writable_bytes(std::span(text)); }

}  // namespace

TEST_CASE("a file reads as it was written, however short the transfers", "[testing][file]") {
  const std::string text = long_text(20'000);
  testing::explore(seeds(200), [&](simulation& world) {
    world.run([](const std::string& content) -> task<> {
      co_await io::fs::write_file("/a", content);
      co_await io::fs::append_file("/a", content);
      const std::string all = co_await io::fs::read_file("/a");
      require(all == content + content, "another content");
    }(text));
    require(world.read_file("/a") == text + text, "the file has another content");
  });
}

TEST_CASE("write_all and read_exact at offsets move all, once", "[testing][file]") {
  const std::string text = long_text(5'000);
  testing::explore(seeds(200), [&](simulation&) -> task<> {
    io::file file = co_await io::file::open("/a", open_mode::read_write | open_mode::create);
    const auto half = text.size() / 2;
    co_await when_all(file.write_all_at(half, io::bytes_of(text).subspan(half)),
                      file.write_all_at(0, io::bytes_of(text).first(half)));
    std::string all(text.size(), '\0');
    co_await when_all(file.read_exact_at(half, bytes_in(all).subspan(half)),
                      file.read_exact_at(0, bytes_in(all).first(half)));
    require(all == text, "another content");
    co_await file.close();
  });
}

TEST_CASE("a durable write leaves the old content or the new one, and no other file",
          "[testing][file]") {
  testing::cancel_everywhere(sweep(30), [](simulation& world) {
    world.write_file("/data/config", "old");
    std::exception_ptr disturbance;
    try {
      world.run(io::fs::write_file_durable("/data/config", "new"));
    } catch (...) {
      disturbance = std::current_exception();
    }
    const auto content = world.read_file("/data/config");
    require(content == "old" || content == "new", "the file is neither old nor new");
    if (disturbance == nullptr) require(content == "new", "it succeeded and is not new");
    world.run([]() -> task<> {
      auto names = io::fs::entries("/data");
      for (;;) {
        const auto name = co_await names.next();
        if (!name) break;
        require(name->name == "config", "a temporary file is left");
      }
    }());
    if (disturbance != nullptr) std::rethrow_exception(disturbance);
  });
}

TEST_CASE("a copy that is cut short leaves no target that it has made", "[testing][file]") {
  const std::string text = long_text(10'000);
  testing::cancel_everywhere(sweep(10), [&](simulation& world) {
    world.write_file("/data/from", text);
    std::exception_ptr disturbance;
    try {
      (void)world.run(io::fs::copy("/data/from", "/data/to"));
    } catch (...) {
      disturbance = std::current_exception();
    }
    const auto content = world.read_file("/data/to");
    if (disturbance == nullptr) require(content == text, "the copy is another text");
    if (disturbance != nullptr) {
      require(!content.has_value() || content == text, "half a copy is left");
      std::rethrow_exception(disturbance);
    }
  });
}

TEST_CASE("operations on paths may be disturbed at each of their points", "[testing][file]") {
  testing::cancel_everywhere(sweep(5), [](simulation& world) {
    world.run([]() -> task<> {
      io::fs::temp_dir scratch = co_await io::fs::temp_dir::create();
      co_await io::fs::mkdir_all(scratch.file("a/b/c"));
      co_await io::fs::write_file(scratch.file("a/b/file"), "text");
      co_await io::fs::symlink("file", scratch.file("a/b/symlink"));
      co_await io::fs::link(scratch.file("a/b/file"), scratch.file("a/link"));
      const std::string target = co_await io::fs::readlink(scratch.file("a/b/symlink"));
      require(target == "file", "another target");
      const std::string real = co_await io::fs::realpath(scratch.file("a/b/../b/symlink"));
      require(real == scratch.file("a/b/file"), "another real path");
      co_await io::fs::chmod(real, 0600);
      co_await io::fs::resize(real, 2);
      const auto found = co_await io::fs::stat(scratch.file("a/link"));
      require(found.size == 2 && found.links == 2 && found.permissions == 0600, "another file");
      const auto link = co_await io::fs::lstat(scratch.file("a/b/symlink"));
      require(link.is_symlink(), "the link was followed");
      co_await io::fs::rename(scratch.file("a/link"), scratch.file("a/b/c/renamed"));
      const bool there = co_await io::fs::exists(scratch.file("a/link"));
      require(!there, "it has two names");
      std::vector<std::string> names;
      io::fs::walk_options options;
      options.on_error = io::fs::on_walk_error::fail;
      auto walk = io::fs::walk(scratch.path(), options);
      for (;;) {
        auto entry = co_await walk.next();
        if (!entry) break;
        names.push_back(std::move(entry->path));
      }
      require(names.size() == 6, "the walk found another number of names");
      co_await io::fs::remove(scratch.file("a/b/symlink"));
      const auto removed = co_await io::fs::remove_all(scratch.file("a"));
      require(removed == 5, "another number was removed");
      co_await scratch.remove();
    }());
  });
}

TEST_CASE("operations on a file may be disturbed at each of their points", "[testing][file]") {
  testing::cancel_everywhere(sweep(10), [](simulation&) -> task<> {
    io::file file = co_await io::file::open("/a", open_mode::read_write | open_mode::create);
    co_await file.allocate(0, 100);
    co_await file.write_all(io::bytes_of(long_text(200)));
    co_await file.sync();
    co_await file.datasync();
    co_await file.resize(150);
    co_await file.advise(0, 0, io::file_advice::sequential);
    const auto found = co_await file.stat();
    require(found.size == 150 && file.size() == 150, "another size");
    std::string first(70, '\0');
    std::string second(80, '\0');
    const std::array<io::mutable_buffer, 2> both{io::mutable_buffer(bytes_in(first)),
                                                 io::mutable_buffer(bytes_in(second))};
    const std::size_t count = co_await file.readv_at(0, both);
    require((first + second).substr(0, count) == long_text(200).substr(0, count), "other bytes");
    co_await file.close();
  });
}

TEST_CASE("a full disk is an error, and what was there stays", "[testing][file]") {
  testing::simulation_options options;
  options.faults.disk_bytes = 4096;  // A page.
  simulation world(options);
  world.write_file("/a", std::string(600, 'a'));
  std::error_code code;
  try {
    world.run(io::fs::write_file("/b", std::string(600, 'b')));
  } catch (const std::system_error& error) {
    code = error.code();
  }
  CHECK(code == std::errc::no_space_on_device);
  CHECK(world.read_file("/a") == std::string(600, 'a'));
}
