#include <lariat/sched/coroutine/release_memory.hpp>

#include <lariat/sched/coroutine/detail/frame_pool.hpp>
#include <lariat/sched/sync/event.hpp>
#include <lariat/sched/task/join_handle.hpp>

#include "fake_loop.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <fstream>
#include <random>
#include <thread>
#include <vector>

using namespace lariat;
using detail::allocate_frame;
using detail::deallocate_frame;
using detail::frames_are_pooled;

namespace {

constexpr std::size_t mib = 1024 * 1024;
constexpr std::size_t slab = 2 * mib;

std::size_t resident() {
  std::ifstream file("/proc/self/statm");
  std::size_t whole = 0;
  std::size_t pages = 0;
  file >> whole >> pages;
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

// Frames of that size, `bytes` in all, that were written to.
std::vector<void*> frames_of(std::size_t size, std::size_t bytes) {
  std::vector<void*> frames(bytes / size);
  for (void*& each : frames) {
    each = allocate_frame(size);
    std::memset(each, 1, size);
  }
  return frames;
}

void free_all(const std::vector<void*>& frames, std::size_t size) {
  for (void* each : frames) deallocate_frame(each, size);
}

}  // namespace

TEST_CASE("the memory of frames goes back after a peak", "[sched][release_memory]") {
  if (!frames_are_pooled()) return;
  (void)release_memory();
  for (const std::size_t size : {300, 1024, 5000}) {
    std::vector<void*> frames = frames_of(size, 64 * mib);
    const std::size_t peak = resident();
    std::shuffle(frames.begin(), frames.end(), std::mt19937(1));
    free_all(frames, size);
    CHECK(release_memory() >= 64 * mib - 2 * slab);
    CHECK(resident() + 48 * mib < peak);
    CHECK(release_memory() == 0);
  }
}

TEST_CASE("a frame that is in use keeps its slab, and nothing else", "[sched][release_memory]") {
  if (!frames_are_pooled()) return;
  constexpr std::size_t size = 500;
  (void)release_memory();
  std::vector<void*> frames = frames_of(size, 32 * mib);
  std::swap(frames[frames.size() / 2], frames.back());
  auto* const kept = static_cast<unsigned char*>(frames.back());
  frames.pop_back();
  free_all(frames, size);
  const std::size_t released = release_memory();
  CHECK(released >= 32 * mib - 3 * slab);
  CHECK(std::all_of(kept, kept + size, [](unsigned char each) { return each == 1; }));
  // Its slab's other frames are still to be had.
  const std::vector<void*> again = frames_of(size, mib);
  const auto near = std::count_if(again.begin(), again.end(), [&](void* each) {
    return reinterpret_cast<std::uintptr_t>(each) / slab ==
           reinterpret_cast<std::uintptr_t>(kept) / slab;
  });
  CHECK(near > 0);
  free_all(again, size);
  deallocate_frame(kept, size);
  CHECK(release_memory() >= slab);
}

TEST_CASE("what a thread has ready is its own to release", "[sched][release_memory]") {
  if (!frames_are_pooled()) return;
  constexpr std::size_t size = 800;
  (void)release_memory();
  std::size_t while_it_lives = 0;
  std::thread([&] {
    free_all(frames_of(size, 16 * mib), size);
    std::thread([&] { while_it_lives = release_memory(); }).join();
  }).join();
  const std::size_t after = release_memory();
  CHECK(while_it_lives <= 16 * mib);
  CHECK(after >= slab);  // Of the frames that the thread kept.
  CHECK(while_it_lives + after >= 16 * mib - 2 * slab);
}

TEST_CASE("slabs that are given up before their end are gone on with", "[sched][release_memory]") {
  if (!frames_are_pooled()) return;
  constexpr std::size_t size = 1000;
  (void)release_memory();
  std::vector<std::vector<void*>> alive;
  // Each time a frame stays, so its slab does; the next frames come from there.
  for (int i = 0; i < 1000; ++i) {
    alive.push_back(frames_of(size, size));
    (void)release_memory();
  }
  std::vector<std::uintptr_t> slabs;
  for (const auto& each : alive) {
    slabs.push_back(reinterpret_cast<std::uintptr_t>(each.front()) / slab);
  }
  std::sort(slabs.begin(), slabs.end());
  CHECK(std::unique(slabs.begin(), slabs.end()) - slabs.begin() <= 3);
  for (const auto& each : alive) free_all(each, size);
}

TEST_CASE("memory is released while others take and free", "[sched][release_memory]") {
  constexpr int threads = 3;
  std::atomic<int> at_work{threads};
  std::vector<std::thread> all;
  for (int i = 0; i < threads; ++i) {
    all.emplace_back([&at_work, i] {
      std::mt19937 random(static_cast<unsigned>(i));
      for (int round = 0; round < 30; ++round) {
        const std::size_t size = 16 + random() % 3000;
        const std::vector<void*> frames = frames_of(size, 4 * mib);
        const bool whole = std::all_of(frames.begin(), frames.end(), [size](void* each) {
          return static_cast<unsigned char*>(each)[size - 1] == 1;
        });
        if (!whole) std::abort();
        free_all(frames, size);
      }
      --at_work;
    });
  }
  while (at_work != 0) (void)release_memory();
  for (std::thread& each : all) each.join();
  (void)release_memory();
}

LOOP_TEST_CASE("tasks that have ended leave nothing behind", "[sched][release_memory]") {
  if (!frames_are_pooled()) co_return;
  auto waiting = [](event& gate) -> task<> { co_await gate.wait(); };
  (void)release_memory();
  {
    event gate;
    std::vector<join_handle<void>> tasks;
    for (int i = 0; i < 100'000; ++i) tasks.push_back(spawn(waiting, std::ref(gate)));
    co_await yield();
    gate.set();
    for (auto& each : tasks) co_await each;
  }
  CHECK(release_memory() >= 8 * mib);
}
