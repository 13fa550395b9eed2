#pragma once

#include <lariat/sched/executor/executor.hpp>
#include <lariat/sched/loop/loop.hpp>
#include <lariat/sched/sync/detail/remote_requests.hpp>

#include <atomic>
#include <cstdint>

namespace lariat::detail {

/// The base of the primitives by which tasks wait for each other. Each object belongs to one loop,
/// so that its state is plain memory: the loop of the thread that makes it, or, if none runs there,
/// the loop of the first task that awaits or queries it. Requests of other threads reach the loop
/// as a step that is part of the object: sched/README.md, "Primitives".
class loop_bound : private runnable {
 public:
  loop_bound(const loop_bound&) = delete;
  loop_bound& operator=(const loop_bound&) = delete;

  /// Whether `where` is its loop. On that loop's thread.
  [[nodiscard]] bool bound_to(const loop& where) const noexcept {
    return loop_.load(std::memory_order_relaxed) == &where;  // Written by this thread, or unequal.
  }

  /// Makes sure that the object belongs to `where`: binds it if it has no loop yet.
  /// \param operation The caller's name, for the text of the error.
  /// \throws std::logic_error if it belongs to another loop.
  void require(loop& where, const char* operation);

  /// The same with the loop that runs on this thread. \throws std::logic_error also if no loop
  /// does.
  void require_here(const char* operation) {
    if (!here()) [[unlikely]]
      bind_here(operation);
  }

 protected:
  /// Binds it to the loop that runs on this thread, if one does.
  loop_bound() noexcept;
  ~loop_bound() {
    if (requests_.posted()) [[unlikely]]
      die_requested();
  }

  /// Whether this thread runs its loop.
  [[nodiscard]] bool here() const noexcept {
    const loop* current = loop::current();
    // Relaxed as in `bound_to`: equal only on the thread that stored it.
    return current != nullptr && current == loop_.load(std::memory_order_relaxed);
  }

  /// Sends counts or flags to `apply` on the loop's thread. Any thread. The object may be gone when
  /// this returns: a task that `apply` wakes may destroy it.
  void request_count(std::uint64_t counts) noexcept;
  void request_flag(std::uint64_t flag) noexcept;

  /// Carries out the requests, on the loop's thread. Counts add up; a flag arrives once, however
  /// often it was set meanwhile.
  virtual void apply(std::uint64_t requests) noexcept = 0;

  /// Ends the program because a request of another thread breaks a rule: that thread has gone on
  /// and cannot be given an exception.
  [[noreturn]] static void die_misused(const char* rule) noexcept;

 private:
  void run() noexcept final { apply(requests_.take()); }
  void bind_here(const char* operation);
  [[noreturn]] static void die_requested() noexcept;

  std::atomic<loop*> loop_;
  remote_requests requests_;
};

}  // namespace lariat::detail
