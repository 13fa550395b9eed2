#pragma once

#include <mutex>

namespace lariat::detail {

/// Tells an object of a fork(2) of its process. The child has one thread only, that which forked:
/// what others held is locked for ever there, and who waits for one of them waits for ever. So what
/// owns threads begins anew in the child, and a lock that all share is taken before and given up
/// after. Protocol: sched/README.md, "Fork".
///
/// \par Threads
/// Any thread.
class fork_listener {
 public:
  /// Called by the thread that forks; none may be null, or begin or end a listener.
  struct calls {
    void (*before)(void* object) noexcept = [](void*) noexcept {};
    void (*in_parent)(void* object) noexcept = [](void*) noexcept {};
    void (*in_child)(void* object) noexcept = [](void*) noexcept {};
  };

  /// To be the last member of what it tells: made last and gone first.
  fork_listener(calls told, void* object);
  fork_listener(const fork_listener&) = delete;
  fork_listener& operator=(const fork_listener&) = delete;
  ~fork_listener();

 private:
  friend class fork_listeners;
  calls told_;
  void* object_;
  fork_listener* previous_ = nullptr;
  fork_listener* next_ = nullptr;
};

/// Differs between a process and the children that it forks.
[[nodiscard]] unsigned process_generation();

/// A mutex that is free in a forked child, and what it protects whole. No listener may begin or end
/// under it.
class fork_safe_mutex {
 public:
  fork_safe_mutex() = default;

  void lock() { mutex_.lock(); }
  void unlock() noexcept { mutex_.unlock(); }

 private:
  static void take(void* mutex) noexcept { static_cast<std::mutex*>(mutex)->lock(); }
  static void give_up(void* mutex) noexcept { static_cast<std::mutex*>(mutex)->unlock(); }

  std::mutex mutex_;
  fork_listener listener_{{&take, &give_up, &give_up}, &mutex_};
};

}  // namespace lariat::detail
