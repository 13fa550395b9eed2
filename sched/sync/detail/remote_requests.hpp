#pragma once

#include <atomic>
#include <cstdint>

namespace lariat::detail {

/// The requests of other threads to an object of a loop that the loop has not taken yet: one word
/// of counts and flags. Protocol: sched/README.md, "Primitives". A template so that its model
/// checks the same text, with Relacy's atomics.
template <class Word>
class basic_remote_requests {
 public:
  /// \param bound Whether the object has a loop already.
  explicit basic_remote_requests(bool bound) noexcept : word_(bound ? 0 : unbound) {}
  basic_remote_requests(const basic_remote_requests&) = delete;
  basic_remote_requests& operator=(const basic_remote_requests&) = delete;

  /// Any thread. Adds to the counts. True: the caller has to post the step that takes them.
  [[nodiscard]] bool add(std::uint64_t counts) noexcept {
    // Release: the owner sees what happened before the request, even if another thread's post
    // brings it. Acquire: pairs with `bind`, so the caller sees which loop to post to.
    return word_.fetch_add(counts, std::memory_order_acq_rel) == 0;
  }

  /// The same for flags, which may be set already.
  [[nodiscard]] bool raise(std::uint64_t flags) noexcept {
    return word_.fetch_or(flags, std::memory_order_acq_rel) == 0;  // As in `add`.
  }

  /// Owner: the loop is known from here on. Gives the requests made before, for which nobody has
  /// posted the step.
  [[nodiscard]] std::uint64_t bind() noexcept {
    // Release: pairs with the acquire in `add`. Acquire: pairs with the release in `add`.
    return word_.exchange(0, std::memory_order_acq_rel) & ~unbound;
  }

  /// Owner, in the step: gives all requests, and makes the next one post the step again.
  [[nodiscard]] std::uint64_t take() noexcept {
    // Acquire: pairs with the release in `add`. Release: the thread that posts the step next has to
    // see it unlinked, as this thread left it.
    return word_.exchange(0, std::memory_order_acq_rel);
  }

  /// Whether the step is posted, or about to be. Does not see a request that is being made right
  /// now.
  [[nodiscard]] bool posted() const noexcept {
    const std::uint64_t word = word_.load(std::memory_order_relaxed);  // For a check only.
    return word != 0 && (word & unbound) == 0;
  }

 private:
  static constexpr std::uint64_t unbound = std::uint64_t{1} << 63;

  Word word_;
};

using remote_requests = basic_remote_requests<std::atomic<std::uint64_t>>;

}  // namespace lariat::detail
