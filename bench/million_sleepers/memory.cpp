// No tasks and no timers: each "task" writes to fresh bytes, as many as lariat's takes, in slabs of
// huge pages. What is left of the cold creation is the system's price for memory.

#include "rounds.hpp"

#include <sys/mman.h>

using namespace bench;

namespace {

constexpr std::size_t bytes_per_task = 304;
constexpr std::size_t huge_page = 2 * 1024 * 1024;

}  // namespace

int main(int argc, char** argv) {
  sleepers work(argc, argv);
  const std::size_t total = std::size_t(work.count) * bytes_per_task;
  const std::size_t mapped = total + 2 * huge_page;
  void* map = mmap(nullptr, mapped, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (map == MAP_FAILED) fail("mmap", errno);
  const auto address = reinterpret_cast<std::uintptr_t>(map);
  auto* memory = reinterpret_cast<std::int64_t*>((address + huge_page - 1) & ~(huge_page - 1));
  madvise(memory, mapped - huge_page, MADV_HUGEPAGE);
  for (int round = 0; round < 2; ++round) {
    work.begin();
    std::int64_t* next = memory;
    for (std::int64_t i = 0; i < work.count; ++i) {
      const std::int64_t deadline_ns = work.next_deadline_ns();
      for (std::size_t word = 0; word < bytes_per_task / sizeof *next; ++word) {
        *static_cast<volatile std::int64_t*>(next++) = deadline_ns;
      }
    }
    work.created();
    work.expired();
  }
  work.report("memory");
}
