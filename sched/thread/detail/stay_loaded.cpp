#include <lariat/sched/thread/detail/stay_loaded.hpp>

#include <dlfcn.h>
#include <link.h>

#include <cstddef>
#include <cstdint>

// Not there in a program that is linked statically, which opens nothing; and calling it, such a
// program would be warned by the linker.
#pragma weak dlopen

namespace lariat::detail {
namespace {

struct search {
  std::uintptr_t address;
  const char* name = nullptr;
};

// Called for each object, the program first.
int look_into(dl_phdr_info* object, std::size_t, void* data) noexcept {
  auto& wanted = *static_cast<search*>(data);
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const auto& segment = object->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD) continue;
    const std::uintptr_t begin = object->dlpi_addr + segment.p_vaddr;
    if (wanted.address - begin < segment.p_memsz) {
      wanted.name = object->dlpi_name;
      return 1;
    }
  }
  return 0;
}

}  // namespace

void stay_loaded() noexcept {
  search self{reinterpret_cast<std::uintptr_t>(&stay_loaded)};
  ::dl_iterate_phdr(&look_into, &self);
  // The program itself has an empty name. The name stays valid, because this object stays loaded
  // till here.
  if (self.name == nullptr || *self.name == '\0' || &::dlopen == nullptr) return;
  (void)::dlopen(self.name, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
}

}  // namespace lariat::detail
