#pragma once  // lint: allow(pragma) lint: allow(listed): of the sources only, not installed.

#include <lariat/sched/thread/clock.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace lariat::io::testing {

class event_queue;

/// Something that is going to happen at a point of virtual time. It may be destroyed before.
class event {
 public:
  event() = default;
  event(const event&) = delete;
  event& operator=(const event&) = delete;

  virtual void fire() noexcept = 0;

  [[nodiscard]] bool scheduled() const noexcept { return queue_ != nullptr; }

  /// Does nothing if it is not scheduled.
  void unschedule() noexcept;

 protected:
  ~event() { unschedule(); }

 private:
  friend class event_queue;
  event_queue* queue_ = nullptr;
  std::size_t position_ = 0;
};

/// What is going to happen, in order of time; a binary heap that knows where each event is.
class event_queue {
 public:
  /// Events of one time fire in order of `rank`.
  void schedule(event& what, clock_ns when, std::uint64_t rank);
  void remove(event& what) noexcept;

  /// When the next event is due; `no_deadline` if there is none.
  [[nodiscard]] clock_ns next_time() const noexcept {
    return heap_.empty() ? no_deadline : heap_.front().when;
  }

  /// Takes the next event out. \pre There is one.
  [[nodiscard]] event& pop() noexcept;

 private:
  struct entry {
    clock_ns when;
    std::uint64_t rank;
    event* what;
  };
  [[nodiscard]] static bool before(const entry& a, const entry& b) noexcept {
    return a.when != b.when ? a.when < b.when : a.rank < b.rank;
  }
  void put(std::size_t position, const entry& what) noexcept;
  void sift_up(std::size_t position, entry what) noexcept;
  void sift_down(std::size_t position, entry what) noexcept;

  std::vector<entry> heap_;
};

inline void event::unschedule() noexcept {
  if (queue_ != nullptr) queue_->remove(*this);
}

}  // namespace lariat::io::testing
