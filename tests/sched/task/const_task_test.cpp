#include "fake_loop.hpp"

#include <lariat/sched/pool/to_pool.hpp>
#include <lariat/sched/scope/as_completed.hpp>
#include <lariat/sched/scope/select.hpp>
#include <lariat/sched/scope/task_group.hpp>
#include <lariat/sched/scope/uncancellable.hpp>
#include <lariat/sched/scope/when_all.hpp>
#include <lariat/sched/scope/when_any.hpp>
#include <lariat/sched/task/generator.hpp>
#include <lariat/sched/task/join_handle.hpp>
#include <lariat/sched/time/retry.hpp>
#include <lariat/sched/time/timeout.hpp>

#include <memory>
#include <string>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

task<const std::string> name(std::string text) {
  co_await yield();
  co_return text;
}

task<const std::unique_ptr<int>> pointer() { co_return std::make_unique<int>(1); }

task<const int> number() { co_return 1; }

async_generator<const std::string> names() { co_yield "a"; }

task<std::vector<std::string>> all_ways() {
  std::vector<std::string> got;
  got.push_back(co_await name("await"));
  auto handle = spawn(name, "spawn");
  got.push_back(co_await handle);
  auto [a, b] = co_await when_all(name("all"), number());
  got.push_back(a + std::to_string(b));
  std::vector<task<const std::string>> range;
  range.push_back(name("range"));
  auto values = co_await when_all(std::move(range));
  got.push_back(values.at(0));
  auto [c] = co_await select(name("select"));
  got.push_back(c.value());
  got.push_back(co_await timeout(1h, name("timeout")));
  auto in_time = co_await try_timeout(1h, name("try"));
  got.push_back(in_time.value());
  got.push_back(co_await uncancellable(name("mask")));
  auto body = [](task_group&) { return name("group"); };
  got.push_back(co_await task_group::with(body));
  auto settled = spawn(name, "outcome");
  auto end = co_await as_result(settled);
  got.push_back(end.value());
  auto source = names();
  const auto generated = co_await source.next();
  got.push_back(*generated);
  co_return got;
}

}  // namespace

LOOP_TEST_CASE("a task may give a const value, however it is awaited", "[sched][task]") {
  const std::vector<std::string> got = co_await all_ways();
  CHECK(got == std::vector<std::string>{"await", "spawn", "all1", "range", "select", "timeout",
                                        "try", "mask", "group", "outcome", "a"});
  const std::unique_ptr<int> moved = co_await pointer();
  CHECK(*moved == 1);
  auto [first, second] = co_await when_all(pointer(), number());
  CHECK(*first == second);
}
