#pragma once

#include <atomic>
#include <cstdint>

namespace lariat::detail {

/// What other threads have asked of something that belongs to a loop, and its loop has not taken
/// yet: one word of counts and flags. Protocol: sched/README.md, "Primitives". A template so that
/// the same text is checked by its model, with words that Relacy watches.
template <class Word>
class basic_remote_requests {
 public:
  /// \param bound Whether the loop is known already.
  explicit basic_remote_requests(bool bound) noexcept : word_(bound ? 0 : unbound) {}
  basic_remote_requests(const basic_remote_requests&) = delete;
  basic_remote_requests& operator=(const basic_remote_requests&) = delete;

  /// Any thread. Adds to the counts. True: the caller has to post the step that takes them.
  [[nodiscard]] bool add(std::uint64_t counts) noexcept {
    // Release: the owner sees what led to the request, though another's post brings it. Acquire:
    // pairs with `bind`, so the caller sees which loop to post to.
    return word_.fetch_add(counts, std::memory_order_acq_rel) == 0;
  }

  /// The same for flags, which may be set already.
  [[nodiscard]] bool raise(std::uint64_t flags) noexcept {
    return word_.fetch_or(flags, std::memory_order_acq_rel) == 0;  // As in `add`.
  }

  /// Owner: the loop is known from here on. Gives what came before; nobody has posted for that.
  [[nodiscard]] std::uint64_t bind() noexcept {
    // Release: pairs with the acquire in `add`. Acquire: with the release there.
    return word_.exchange(0, std::memory_order_acq_rel) & ~unbound;
  }

  /// Owner, in the step: gives all, and lets the next request post the step again.
  [[nodiscard]] std::uint64_t take() noexcept {
    // Acquire: pairs with the release in `add`. Release, for the next one's post is to find the
    // step unlinked, as this thread left it.
    return word_.exchange(0, std::memory_order_acq_rel);
  }

  /// Whether the step is posted, or about to be. Says nothing of requests that are being made.
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
