// Cached random reads on lariat: a task for each read that is kept in flight.

#include "reads.hpp"

#include <lariat/io/file/file.hpp>
#include <lariat/runtime/run/run.hpp>
#include <lariat/sched/scope/task_group.hpp>

#include <span>

namespace {

using namespace lariat;

task<> keep_reading(bench::reads& work, io::file& file, unsigned slot) {
  const auto buffer = std::as_writable_bytes(std::span(work.buffer(slot), bench::reads::block));
  for (bool more = true; more;) {
    const std::size_t got = co_await file.read_at(work.next_offset(), buffer);
    more = work.count(static_cast<std::int64_t>(got));
  }
}

task<> read_all(bench::reads& work) {
  io::file file = co_await io::file::open(work.path);
  work.start();
  auto body = [&](task_group& group) -> task<> {
    for (unsigned slot = 0; slot < work.depth; ++slot) {
      group.spawn(keep_reading, std::ref(work), std::ref(file), slot).detach();
    }
    co_return;
  };
  co_await task_group::with(body);
  work.report("lariat");
}

}  // namespace

int main(int argc, char** argv) {
  bench::reads work(argc, argv);
  lariat::run(read_all(work));
}
