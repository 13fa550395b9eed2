#pragma once

#include <mutex>

namespace lariat::detail {

/// Tells an object when the process forks. The child has only the thread that forked: a lock that
/// another thread held is locked for ever there, and a wait for another thread never ends. So an
/// object that owns threads starts anew in the child, and a shared lock is taken before the fork
/// and released after it. Protocol: sched/README.md, "Fork".
///
/// \par Threads
/// Any thread.
class fork_listener {
 public:
  /// Called by the thread that forks. None may be null, and none may make or destroy a listener.
  struct calls {
    void (*before)(void* object) noexcept = [](void*) noexcept {};
    void (*in_parent)(void* object) noexcept = [](void*) noexcept {};
    void (*in_child)(void* object) noexcept = [](void*) noexcept {};
  };

  /// A listener should be the last member of its object, so that it is made last and destroyed
  /// first.
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

/// Grows by one in each forked child: an object that has stored it can tell that it is in a child.
[[nodiscard]] unsigned process_generation() noexcept;

/// A mutex that fork(2) waits for: it is taken before the fork and released on both sides, so in
/// the child it is free, and what it protects is whole. No listener may be made or destroyed while
/// it is held.
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
