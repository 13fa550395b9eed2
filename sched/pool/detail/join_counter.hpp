#pragma once

#include <atomic>
#include <cstdint>

namespace lariat::detail {

/// Stolen children of a fork and the stacklet that forked them: whoever is last goes on with it.
/// They count below zero until the stacklet has come and added how many there are, so it need not
/// know that before. (As libfork's join counter.) A template so that its model checks the same
/// text.
template <class Word>
class basic_join_counter {
 public:
  /// The stacklet has run what was left of its children; `stolen` were not. True if these have
  /// ended too. False: one of them goes on with it, at once, and nothing of it may be touched.
  [[nodiscard]] bool arrive(std::int32_t stolen) noexcept {
    // Release: who goes on finds the stacklet. Acquire: and what the children did.
    return word_.fetch_add(stolen, std::memory_order_acq_rel) + stolen == 0;
  }

  /// A stolen child has ended. True if the stacklet has arrived and this was the last: go on with
  /// it.
  [[nodiscard]] bool child_ended() noexcept {
    // Release: who goes on finds the result. Acquire: the stacklet, and the other results.
    return word_.fetch_sub(1, std::memory_order_acq_rel) == 1;
  }

 private:
  Word word_{0};
};

using join_counter = basic_join_counter<std::atomic<std::int32_t>>;

}  // namespace lariat::detail
