// No tasks at all: a million deadlines in a binary heap and a thread that sleeps till the next.
// What is left of the figures is what a runtime cannot avoid.

#include "rounds.hpp"

using namespace bench;

namespace {

struct sleeper {
  std::int64_t deadline_ns;
  void (*wake)(sleeper*);
  std::int64_t* awake;
};

void count_one(sleeper* s) { ++*s->awake; }

bool later(const sleeper* a, const sleeper* b) { return a->deadline_ns > b->deadline_ns; }

}  // namespace

int main(int argc, char** argv) {
  sleepers work(argc, argv);
  std::vector<sleeper> storage;
  std::vector<sleeper*> heap;
  for (int round = 0; round < 2; ++round) {
    work.begin();
    std::int64_t awake = 0;
    storage.clear();
    storage.reserve(std::size_t(work.count));
    heap.reserve(std::size_t(work.count));
    for (std::int64_t i = 0; i < work.count; ++i) {
      heap.push_back(&storage.emplace_back(work.next_deadline_ns(), count_one, &awake));
      std::push_heap(heap.begin(), heap.end(), later);
    }
    work.created();
    while (!heap.empty()) {
      const std::int64_t now = wall_ns();
      const std::int64_t next = heap.front()->deadline_ns;
      if (next > now) {
        timespec until = {.tv_sec = next / 1'000'000'000, .tv_nsec = next % 1'000'000'000};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
        continue;
      }
      sleeper* s = heap.front();
      std::pop_heap(heap.begin(), heap.end(), later);
      heap.pop_back();
      s->wake(s);
    }
    work.expired();
    if (awake != work.count) fail("sleepers lost", EIO);
  }
  work.report("heap");
}
