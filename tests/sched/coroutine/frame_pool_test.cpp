#include <lariat/sched/coroutine/detail/frame_pool.hpp>
#include <lariat/sched/task/task.hpp>

#include "fake_loop.hpp"

#include <cstring>
#include <set>
#include <thread>
#include <vector>

using namespace lariat;
using detail::allocate_frame;
using detail::deallocate_frame;
using detail::frames_are_pooled;

namespace {

std::vector<void*> allocate(std::size_t size, int count) {
  std::vector<void*> frames;
  for (int i = 0; i < count; ++i) {
    frames.push_back(allocate_frame(size));
    std::memset(frames.back(), i, size);
  }
  return frames;
}

void deallocate(const std::vector<void*>& frames, std::size_t size) {
  for (void* frame : frames) deallocate_frame(frame, size);
}

template <class Function>
void on_thread(Function function) {
  std::thread(function).join();
}

// How many of `some` are not among `all`.
std::size_t unknown(const std::vector<void*>& some, const std::vector<void*>& all) {
  const std::set<void*> known(all.begin(), all.end());
  std::size_t count = 0;
  for (void* each : some) count += !known.contains(each);
  return count;
}

// Memory is cut into frames by so many; some of them may wait for their first use.
constexpr std::size_t batch_max = 256;

}  // namespace

TEST_CASE("frames are aligned, and do not overlap", "[sched][frame_pool]") {
  for (std::size_t size : {1, 15, 16, 17, 100, 1024, 1025, 5000, 16384, 16385, 100'000}) {
    std::vector<void*> frames = allocate(size, 200);
    for (int i = 0; i < 200; ++i) {
      auto* bytes = static_cast<unsigned char*>(frames[static_cast<std::size_t>(i)]);
      REQUIRE(reinterpret_cast<std::uintptr_t>(bytes) % alignof(std::max_align_t) == 0);
      REQUIRE(bytes[0] == i);
      REQUIRE(bytes[size - 1] == i);
    }
    deallocate(frames, size);
  }
}

TEST_CASE("a freed frame is the next one of its size that is taken", "[sched][frame_pool]") {
  if (!frames_are_pooled()) return;
  void* first = allocate_frame(200);
  deallocate_frame(first, 200);
  void* second = allocate_frame(193);  // Of the same class.
  CHECK(second == first);
  void* other = allocate_frame(192);
  CHECK(other != first);
  deallocate_frame(other, 192);
  deallocate_frame(second, 193);
}

TEST_CASE("the steady state takes no new memory", "[sched][frame_pool]") {
  if (!frames_are_pooled()) return;
  for (std::size_t size : {48, 2000}) {
    std::vector<void*> seen = allocate(size, 10'000);
    deallocate(seen, size);
    std::size_t added = 0;
    // What a thread does not keep is shared, and comes back.
    for (int round = 0; round < 5; ++round) {
      std::vector<void*> again = allocate(size, 10'000);
      added += unknown(again, seen);
      seen.insert(seen.end(), again.begin(), again.end());
      deallocate(again, size);
    }
    CHECK(added <= batch_max);
  }
}

TEST_CASE("frames freed on another thread serve their own thread again", "[sched][frame_pool]") {
  constexpr std::size_t size = 333;
  std::vector<void*> frames = allocate(size, 20'000);
  on_thread([&] { deallocate(frames, size); });  // A thread that only frees.
  std::vector<void*> again = allocate(size, 20'000);
  if (frames_are_pooled()) CHECK(unknown(again, frames) <= batch_max);
  deallocate(again, size);
}

TEST_CASE("a few frames freed by a thread that takes none are not lost", "[sched][frame_pool]") {
  constexpr std::size_t size = 6000;
  std::vector<void*> frames = allocate(size, 20);
  on_thread([&] { deallocate(frames, size); });
  std::vector<void*> again = allocate(size, 20);
  if (frames_are_pooled()) CHECK(unknown(again, frames) < 20);
  deallocate(again, size);
}

TEST_CASE("what a thread held when it ended serves others", "[sched][frame_pool]") {
  if (!frames_are_pooled()) return;
  constexpr std::size_t size = 777;
  std::vector<void*> theirs;
  on_thread([&] {
    theirs = allocate(size, 1000);
    deallocate(theirs, size);
  });
  std::vector<void*> ours = allocate(size, 1000);
  CHECK(unknown(ours, theirs) < 500);
  deallocate(ours, size);
}

LOOP_TEST_CASE("tasks of one kind use one frame after the other", "[sched][frame_pool]") {
  if (!frames_are_pooled()) co_return;
  std::set<const void*> places;
  auto body = [](std::set<const void*>& seen) -> task<int> {
    const int local = 1;
    seen.insert(&local);
    co_await yield();
    co_return local;
  };
  for (int i = 0; i < 1000; ++i) {
    const int one = co_await body(places);
    if (one != 1) co_return;
  }
  CHECK(places.size() <= 2);
}
