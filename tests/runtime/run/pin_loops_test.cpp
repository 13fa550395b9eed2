#include "coroutine_test.hpp"

#include <lariat/runtime/run/run.hpp>
#include <lariat/runtime/run/runtime.hpp>
#include <lariat/sched/blocking/to_thread.hpp>
#include <lariat/sched/pool/to_pool.hpp>
#include <lariat/sched/thread/detail/affinity.hpp>
#include <lariat/sched/thread/detail/usable_cpus.hpp>

#include <sched.h>

#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

using namespace lariat;
using detail::affine_cpus;
using detail::cpu_list_text;
using detail::cpus_in;

namespace {

// The CPU that this thread is pinned to, -1 if it is not.
int pin() {
  detail::cpu_mask mask;
  return mask.read() ? mask.only() : -2;
}

task<int> pin_of_loop() { co_return pin(); }

std::string message_of(const runtime_options& options) {
  try {
    const runtime program(options);
  } catch (const std::invalid_argument& error) {
    return error.what();
  } catch (const std::system_error& error) {
    return error.what();
  }
  return {};
}

// Lets this thread use these CPUs only while it lives.
class narrowed {
 public:
  explicit narrowed(const std::vector<unsigned>& cpus) {
    REQUIRE(before_.read());
    detail::cpu_mask fewer;
    for (const unsigned cpu : cpus) fewer.add(cpu);
    REQUIRE(fewer.apply());
  }
  narrowed(const narrowed&) = delete;
  ~narrowed() { (void)before_.apply(); }

 private:
  detail::cpu_mask before_;
};

}  // namespace

TEST_CASE("a list of CPUs is read as taskset writes it", "[runtime][pin]") {
  CHECK(cpus_in("0") == std::vector<unsigned>{0});
  CHECK(cpus_in("0-2,8,5-5") == std::vector<unsigned>{0, 1, 2, 8, 5});
  const auto wrong = GENERATE("", "a", "0,", ",0", "0-", "-1", "2-1", "0 1", "0x1", "8192",
                              "99999999999", "0-8192", "1.5");
  CAPTURE(wrong);
  CHECK_THROWS_AS(cpus_in(wrong), std::invalid_argument);
}

TEST_CASE("and written that way", "[runtime][pin]") {
  CHECK(cpu_list_text({}).empty());
  CHECK(cpu_list_text({3}) == "3");
  CHECK(cpu_list_text({0, 1, 2, 8, 10, 11}) == "0-2,8,10-11");
}

TEST_CASE("pinned loops run on a CPU each, and the caller's thread is as before afterwards",
          "[runtime][pin]") {
  const std::vector<unsigned> usable = affine_cpus();
  const std::vector<unsigned> before = usable;
  const bool by_list = GENERATE(false, true);
  const bool started = GENERATE(false, true);
  const std::string list = cpu_list_text(usable);
  runtime program({.loops = usable.size(),
                   .pin_loops = !by_list,
                   .loop_cpus = by_list ? list.c_str() : nullptr});
  CHECK(affine_cpus() == before);
  if (started) program.start();
  for (std::size_t index = 1; index < usable.size(); ++index) {
    CHECK(program.spawner_at(index).spawn(pin_of_loop).get() == static_cast<int>(usable[index]));
  }
  CHECK(program.block_on(pin_of_loop()) == static_cast<int>(usable[0]));
  if (usable.size() > 1) CHECK(pin() == -1);
  CHECK(affine_cpus() == before);
  program.shutdown();
  if (usable.size() > 1) CHECK(pin() == -1);
}

TEST_CASE("loops are pinned to the CPUs that are named", "[runtime][pin]") {
  const std::vector<unsigned> usable = affine_cpus();
  const std::string last = std::to_string(usable.back());
  CHECK(run(pin_of_loop(), {.loop_cpus = last.c_str()}) == static_cast<int>(usable.back()));
}

TEST_CASE("a caller's own narrower mask is put back", "[runtime][pin]") {
  const std::vector<unsigned> usable = affine_cpus();
  const narrowed here({usable.back()});
  const std::string first = std::to_string(usable.front());
  CHECK(run(pin_of_loop(), {.loop_cpus = first.c_str()}) == static_cast<int>(usable.front()));
  CHECK(pin() == static_cast<int>(usable.back()));
}

TEST_CASE("threads of lanes and pools are not pinned with the loop that starts them",
          "[runtime][pin]") {
  const std::vector<unsigned> usable = affine_cpus();
  if (usable.size() == 1) return;
  auto main = [&]() -> task<> {
    const int here = pin();
    CHECK(here == static_cast<int>(usable[0]));
    CHECK(detail::usable_cpus() > 1);
    const int lane = co_await to_thread(pin);
    CHECK(lane == -1);
    const int worker = co_await to_pool(pin);
    CHECK(worker == -1);
    const int after = pin();
    CHECK(after == here);
  };
  run(main(), {.pin_loops = true});
}

TEST_CASE("more loops than CPUs are refused", "[runtime][pin]") {
  const std::vector<unsigned> usable = affine_cpus();
  const std::string many = message_of({.loops = usable.size() + 1, .pin_loops = true});
  CHECK(many == "lariat: runtime: pin_loops: " + std::to_string(usable.size() + 1) +
                    " loops want a CPU each, and there are " + std::to_string(usable.size()) +
                    " (" + cpu_list_text(usable) + ")");
  CHECK(message_of({.loops = 2, .loop_cpus = "0"}) ==
        "lariat: runtime: pin_loops: 2 loops want a CPU each, and there are 1 (0)");
}

TEST_CASE("a CPU that is not there is refused", "[runtime][pin]") {
  const std::string text = message_of({.loop_cpus = "8191"});
  CHECK(text.starts_with("lariat: a loop's thread cannot be pinned to CPU 8191 "));
  CHECK(message_of({.loop_cpus = "0-"}) == "lariat: \"0-\" is no list of CPUs, as \"0-3,8\"");
}
