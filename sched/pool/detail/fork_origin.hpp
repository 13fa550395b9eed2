#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace lariat::detail {

/// Which call to the pool the newest forks in a worker's deque belong to. A worker that waits for a
/// call may steal only that call's forks, and looks here. Protocol: sched/README.md, "Waiting". A
/// template so that the model checks the same text.
///
/// \tparam Call The identity of a call, for instance a pointer; only compared.
/// \tparam depth How many nested calls are recorded: a worker that waits for one further out does
/// not help.
template <class Call, template <class> class Atomic, std::size_t depth = 4>
class basic_fork_origin {
 public:
  struct mark {
    std::array<Call, depth> calls{};  ///< The call, the call that waits for it, and so on.
    std::int64_t first = 0;  ///< The deque's items from this index on belong to these calls.
  };

  /// Owner.
  [[nodiscard]] const mark& get() const noexcept { return mark_; }

  /// Owner. Called before it pushes the items that the mark is for.
  void set(const mark& next) noexcept {
    mark_ = next;
    const std::uint32_t version = version_.load(std::memory_order_relaxed);
    version_.store(version + 1, std::memory_order_relaxed);
    // Each store is a release: a reader that sees one of the new values also sees the odd version,
    // or a later one.
    first_.store(next.first, std::memory_order_release);
    for (std::size_t i = 0; i < depth; ++i) {
      calls_[i].store(next.calls[i], std::memory_order_release);
    }
    version_.store(version + 2, std::memory_order_release);
  }

  /// Any thread. Whether the deque's item `index` belongs to `call`. \pre The thread has seen the
  /// item in the deque.
  [[nodiscard]] bool covers(Call call, std::int64_t index) const noexcept {
    const std::uint32_t version = version_.load(std::memory_order_acquire);
    bool found = first_.load(std::memory_order_acquire) <= index;
    bool known = false;
    for (const auto& each : calls_) known |= each.load(std::memory_order_acquire) == call;
    found &= known;
    // Only if the mark did not change while it was read; a mark that is changing is not worth
    // waiting for.
    return found && version % 2 == 0 && version_.load(std::memory_order_relaxed) == version;
  }

 private:
  mark mark_;  // The owner's copy.
  Atomic<std::uint32_t> version_{0};
  Atomic<std::int64_t> first_{0};
  std::array<Atomic<Call>, depth> calls_{};
};

}  // namespace lariat::detail
