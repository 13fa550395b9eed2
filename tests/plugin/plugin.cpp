// A shared object that contains lariat. host.cpp opens it.

#include <lariat/lariat.hpp>

namespace {

using namespace lariat;

int one() { return 1; }

task<int> body() {
  const int blocking = co_await to_thread(one);
  const int computed = co_await to_pool(one);
  co_return blocking + computed;
}

// While a static object is made whoever opens has the dynamic linker's lock, and waits for threads
// here that must not want it.
const int at_load = run(body());

}  // namespace

extern "C" int loaded() { return at_load; }

extern "C" int run_a_loop() { return run(body()); }

// On the process's own pool, whose threads stay.
extern "C" int use_the_pool() { return to_pool(one).get(); }
