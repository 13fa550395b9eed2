// first: where over-aligned ones are misaligned: hand over a pointer

#include <lariat/sched/blocking/to_thread.hpp>

#ifdef CORRECT
struct line {
#else
struct alignas(64) line {
#endif
  char bytes[64];
};

void use(line) {}

lariat::task<> caller() {
  line kept{};
  co_await lariat::to_thread(use, kept);
}
