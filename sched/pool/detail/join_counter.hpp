#pragma once

#include <atomic>
#include <cstdint>

namespace lariat::detail {

/// Counts the ends of a fork's stolen children and of the stacklet that forked them; the last to
/// end goes on with the parent. Each child subtracts one, and the stacklet adds the number of
/// stolen children when it arrives, so the number need not be known before. (As libfork's join
/// counter.) A template so that the model checks the same text.
template <class Word>
class basic_join_counter {
 public:
  /// The stacklet has run its remaining children; `stolen` of them were stolen. True if these have
  /// ended too. If false, the last of them goes on with the stacklet, perhaps at once, so the
  /// caller may not touch it any more.
  [[nodiscard]] bool arrive(std::int32_t stolen) noexcept {
    // Release: the child that goes on must see the stacklet. Acquire: the stacklet must see what
    // the children did.
    return word_.fetch_add(stolen, std::memory_order_acq_rel) + stolen == 0;
  }

  /// A stolen child has ended. True if the stacklet has arrived and this was the last child: the
  /// caller goes on with the stacklet.
  [[nodiscard]] bool child_ended() noexcept {
    // Release: whoever goes on must see the child's result. Acquire: the caller must see the
    // stacklet and the other results.
    return word_.fetch_sub(1, std::memory_order_acq_rel) == 1;
  }

 private:
  Word word_{0};
};

using join_counter = basic_join_counter<std::atomic<std::int32_t>>;

}  // namespace lariat::detail
