#pragma once

#include <memory>
#include <vector>

namespace lariat::detail {

/// A task's values of `local` variables, one for each. Immutable, and shared with the task's
/// children.
struct local_values {
  struct entry {
    const void* key;
    std::shared_ptr<const void> value;
  };
  std::vector<entry> entries;
};

}  // namespace lariat::detail
