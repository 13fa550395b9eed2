#include <lariat/sched/blocking/lane.hpp>
#include <lariat/sched/coroutine/detail/frame_pool.hpp>
#include <lariat/sched/coroutine/detail/thread_state.hpp>
#include <lariat/sched/pool/pool.hpp>

#include "fake_loop.hpp"

#include <pthread.h>

#include <algorithm>
#include <thread>
#include <vector>

using namespace lariat;
using detail::allocate_frame;
using detail::deallocate_frame;

namespace {

constexpr std::size_t frame_size = 900;

bool has_state() { return &detail::this_thread_state() != &detail::no_thread_state; }

std::vector<void*> frames_of(std::size_t count) {
  std::vector<void*> frames(count);
  for (void*& each : frames) each = allocate_frame(frame_size);
  return frames;
}

void free_all(const std::vector<void*>& frames) {
  for (void* each : frames) deallocate_frame(each, frame_size);
}

// Whether most of `frames`, which were freed, are found again by this thread.
bool found_again(std::vector<void*> frames) {
  const std::vector<void*> again = frames_of(frames.size());
  std::sort(frames.begin(), frames.end());
  const auto known = std::count_if(again.begin(), again.end(), [&](void* each) {
    return std::binary_search(frames.begin(), frames.end(), each);
  });
  free_all(again);
  return static_cast<std::size_t>(known) > frames.size() / 2;
}

struct freed_at_end {
  std::vector<void*> frames;
  ~freed_at_end() { free_all(frames); }
};

}  // namespace

TEST_CASE("who only asks makes no state for its thread", "[sched][thread_state]") {
  bool made = true;
  std::thread([&] {
    if (loop::current() != nullptr || lane::current() != nullptr) return;
    if (pool::current_task() != nullptr || detail::current_worker() != nullptr) return;
    made = has_state();
  }).join();
  CHECK(!made);
}

TEST_CASE("a thread that frees a frame has a state from then on", "[sched][thread_state]") {
  if (!detail::frames_are_pooled()) return;
  void* const frame = allocate_frame(frame_size);
  bool before = true;
  bool after = false;
  std::thread([&] {
    before = has_state();
    deallocate_frame(frame, frame_size);
    after = has_state();
  }).join();
  CHECK(!before);
  CHECK(after);
}

TEST_CASE("frames freed by a thread-local's destructor are not lost", "[sched][thread_state]") {
  if (!detail::frames_are_pooled()) return;
  const std::vector<void*> frames = frames_of(1000);
  std::thread([&] {
    thread_local freed_at_end late;
    late.frames = frames;
    free_all(frames_of(1));  // The state is made after the other.
  }).join();
  CHECK(found_again(frames));
}

TEST_CASE("frames freed after the thread's state has gone are not lost", "[sched][thread_state]") {
  if (!detail::frames_are_pooled()) return;
  const std::vector<void*> frames = frames_of(1000);
  static bool had_state = true;
  pthread_key_t later;  // Than the state's: destructors come in the order of the keys.
  REQUIRE(::pthread_key_create(&later, [](void* frames_of_it) {
            had_state = has_state();
            free_all(*static_cast<std::vector<void*>*>(frames_of_it));
          }) == 0);
  std::vector<void*> freed_late = frames;
  std::thread([&] {
    free_all(frames_of(1));
    ::pthread_setspecific(later, &freed_late);
  }).join();
  ::pthread_key_delete(later);
  CHECK(!had_state);
  CHECK(found_again(frames));
}
