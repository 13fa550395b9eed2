#pragma once

#include <lariat/sched/executor/executor.hpp>
#include <lariat/sched/loop/loop.hpp>
#include <lariat/sched/sync/detail/remote_requests.hpp>

#include <atomic>
#include <cstdint>

namespace lariat::detail {

/// What belongs to one loop, so that its state is plain memory: the base of the primitives by which
/// tasks wait for each other. The loop is that of the thread that makes it, or else that of the
/// first task which awaits it or asks it something. Other threads' requests go there as a step that
/// lies in the object: sched/README.md, "Primitives".
class loop_bound : private runnable {
 public:
  loop_bound(const loop_bound&) = delete;
  loop_bound& operator=(const loop_bound&) = delete;

  /// Whether `where` is its loop. On that loop's thread.
  [[nodiscard]] bool bound_to(const loop& where) const noexcept {
    return loop_.load(std::memory_order_relaxed) == &where;  // Written by this thread, or unequal.
  }

  /// Makes sure that it belongs to `where`: binds it if it has no loop yet.
  /// \param operation Who asks, for the text of the error.
  /// \throws std::logic_error if it belongs to another loop.
  void require(loop& where, const char* operation);

  /// The same with the loop that runs on this thread. \throws std::logic_error also if none does.
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
    // As in `bound_to`: it is equal only on the thread that wrote it.
    return current != nullptr && current == loop_.load(std::memory_order_relaxed);
  }

  /// Sends counts or flags to `apply` on the loop's thread. Any thread; after it whoever `apply`
  /// wakes may destroy the object.
  void request_count(std::uint64_t counts) noexcept;
  void request_flag(std::uint64_t flag) noexcept;

  /// Does what was asked for, on the loop's thread. Counts add up; a flag comes once, however often
  /// it was set meanwhile.
  virtual void apply(std::uint64_t requests) noexcept = 0;

  /// Ends the program: a request of another thread, which cannot be told, breaks a rule.
  [[noreturn]] static void die_misused(const char* rule) noexcept;

 private:
  void run() noexcept final { apply(requests_.take()); }
  void bind_here(const char* operation);
  [[noreturn]] static void die_requested() noexcept;

  std::atomic<loop*> loop_;
  remote_requests requests_;
};

}  // namespace lariat::detail
