#include "count_allocations.hpp"

#if COUNT_ALLOCATIONS

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>

// In an executable these take the place of the C library's for every part of the program, and its
// own stay reachable by these names. All of them are here, for memory must not come from one
// allocator and go to another where a tool replaces only some.
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
void __libc_free(void* memory);
}

namespace {

constinit std::atomic<std::uint64_t> count = 0;

// Relaxed: a test orders what it counts by joining it.
void note() noexcept { count.fetch_add(1, std::memory_order_relaxed); }

}  // namespace

std::uint64_t allocations() noexcept { return count.load(std::memory_order_relaxed); }

extern "C" {

void* malloc(std::size_t size) noexcept {
  note();
  return __libc_malloc(size);
}

void* calloc(std::size_t count, std::size_t size) noexcept {
  note();
  return __libc_calloc(count, size);
}

void* realloc(void* memory, std::size_t size) noexcept {
  note();
  return __libc_realloc(memory, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  note();
  return __libc_memalign(alignment, size);
}

int posix_memalign(void** memory, std::size_t alignment, std::size_t size) noexcept {
  note();
  void* const made = __libc_memalign(alignment, size);
  if (made == nullptr) return ENOMEM;
  *memory = made;
  return 0;
}

void free(void* memory) noexcept { __libc_free(memory); }

void* mmap(void* address, std::size_t size, int protection, int flags, int fd,
           off_t offset) noexcept {
  note();
  const long mapped = ::syscall(SYS_mmap, address, size, protection, flags, fd, offset);
  return reinterpret_cast<void*>(mapped);  // MAP_FAILED is -1.
}
}

#endif
