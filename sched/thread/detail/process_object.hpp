#pragma once

#include <atomic>
#include <memory>

namespace lariat::detail {

/// An object of the process: made at its first use and never destroyed. To be a static that is
/// `constinit`.
///
/// It is there for fork(2): a function's own static is locked while a thread makes it, and in a
/// child that another thread forks meanwhile it stays locked for ever. Here nobody waits; the child
/// makes an object of its own.
///
/// \par Threads
/// Any thread.
template <class T>
class process_object {
 public:
  constexpr process_object() = default;

  /// \throws what making the object throws
  [[nodiscard]] T& get() {
    return get([] { return std::make_unique<T>(); });
  }

  /// Makes it by `make()`, which returns a std::unique_ptr<T>. Several threads may do so at once:
  /// the first object stays, the others are destroyed.
  template <class Make>
  [[nodiscard]] T& get(Make make) {
    T* known = object_.load(std::memory_order_acquire);  // What its maker wrote is read next.
    if (known != nullptr) [[likely]]
      return *known;
    std::unique_ptr<T> made = make();
    if (object_.compare_exchange_strong(known, made.get(), std::memory_order_acq_rel,
                                        std::memory_order_acquire)) {
      return *made.release();
    }
    return *known;
  }

 private:
  std::atomic<T*> object_{nullptr};
};

}  // namespace lariat::detail
