#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace lariat::detail {

/// Which call to the pool the newest forks of a worker's deque belong to, for a thief that may take
/// those of one call only: a worker that waits for it. Protocol: sched/README.md, "Waiting". A
/// template so that its model checks the same text.
///
/// \tparam Call What tells calls apart; is never looked into.
/// \tparam depth How many calls are known: who waits for one further out does not help.
template <class Call, template <class> class Atomic, std::size_t depth = 4>
class basic_fork_origin {
 public:
  struct mark {
    std::array<Call, depth> calls{};  ///< The call, the one that waits for it, and so on.
    std::int64_t first = 0;           ///< The deque's items from here on are of these.
  };

  /// Owner.
  [[nodiscard]] const mark& get() const noexcept { return mark_; }

  /// Owner. Before it pushes what the mark is for.
  void set(const mark& next) noexcept {
    mark_ = next;
    const std::uint32_t version = version_.load(std::memory_order_relaxed);
    version_.store(version + 1, std::memory_order_relaxed);
    // Release, each of them: who sees one sees that the version is odd, or a later one.
    first_.store(next.first, std::memory_order_release);
    for (std::size_t i = 0; i < depth; ++i) {
      calls_[i].store(next.calls[i], std::memory_order_release);
    }
    version_.store(version + 2, std::memory_order_release);
  }

  /// Any thread. Whether the deque's item `index` belongs to `call`. \pre It was seen to be there.
  [[nodiscard]] bool covers(Call call, std::int64_t index) const noexcept {
    const std::uint32_t version = version_.load(std::memory_order_acquire);
    bool found = first_.load(std::memory_order_acquire) <= index;
    bool known = false;
    for (const auto& each : calls_) known |= each.load(std::memory_order_acquire) == call;
    found &= known;
    // The mark that was there all the while; one that is changing is not worth waiting for.
    return found && version % 2 == 0 && version_.load(std::memory_order_relaxed) == version;
  }

 private:
  mark mark_;  // The owner's copy.
  Atomic<std::uint32_t> version_{0};
  Atomic<std::int64_t> first_{0};
  std::array<Atomic<Call>, depth> calls_{};
};

}  // namespace lariat::detail
