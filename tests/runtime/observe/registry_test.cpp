#include <lariat/runtime/observe/detail/registry.hpp>

#include "coroutine_test.hpp"

#include <lariat/runtime/run/run.hpp>
#include <lariat/runtime/run/runtime.hpp>

#include <algorithm>
#include <vector>

using namespace lariat;

namespace {

std::vector<loop*> loops_known() {
  std::vector<loop*> found;
  detail::for_each_loop([&](loop& each) { found.push_back(&each); });
  return found;
}

}  // namespace

TEST_CASE("the process knows the loops that run, while they do", "[runtime][registry]") {
  CHECK(loops_known().empty());
  {
    runtime program;
    CHECK(loops_known().empty());
    auto main = []() -> task<std::vector<loop*>> { co_return loops_known(); };
    CHECK(program.block_on(main()) == std::vector<loop*>{&program.loop_at(0)});
    CHECK(loops_known().empty());
  }
  {
    runtime program({.loops = 3});
    program.start();
    for (std::size_t index = 0; index < 3; ++index) {
      auto nothing = []() -> task<> { co_return; };
      program.spawner_at(index).spawn(nothing).get();  // Now it runs.
    }
    std::vector<loop*> found = loops_known();
    CHECK(found.size() == 3);
    for (std::size_t index = 0; index < 3; ++index) {
      CHECK(std::count(found.begin(), found.end(), &program.loop_at(index)) == 1);
    }
  }
  CHECK(loops_known().empty());
}
