#include <lariat/sched/thread/detail/fork_listener.hpp>

#include <pthread.h>

#include <atomic>

namespace lariat::detail {

/// The listeners of the process.
class fork_listeners {
 public:
  // Never destroyed: listeners in static objects may be destroyed later.
  static fork_listeners& all() {
    static auto* const instance = new fork_listeners;
    return *instance;
  }

  void add(fork_listener& each) noexcept {
    const std::lock_guard lock(mutex_);
    each.next_ = first_;
    if (first_ != nullptr) first_->previous_ = &each;
    first_ = &each;
  }

  void remove(fork_listener& each) noexcept {
    const std::lock_guard lock(mutex_);
    (each.previous_ == nullptr ? first_ : each.previous_->next_) = each.next_;
    if (each.next_ != nullptr) each.next_->previous_ = each.previous_;
  }

  // Relaxed: it changes only in a forked child, before that has a second thread.
  [[nodiscard]] unsigned generation() const noexcept {
    return generation_.load(std::memory_order_relaxed);
  }

 private:
  fork_listeners() {
    // It may fail for want of memory; then a forked child has to exec, as with most libraries.
    (void)::pthread_atfork([] { all().before(); }, [] { all().in_parent(); },
                           [] { all().in_child(); });
  }

  void before() noexcept {
    mutex_.lock();
    for (fork_listener* each = first_; each != nullptr; each = each->next_) {
      each->told_.before(each->object_);
    }
  }
  void in_parent() noexcept {
    for (fork_listener* each = first_; each != nullptr; each = each->next_) {
      each->told_.in_parent(each->object_);
    }
    mutex_.unlock();
  }
  void in_child() noexcept {
    generation_.store(generation() + 1, std::memory_order_relaxed);
    for (fork_listener* each = first_; each != nullptr; each = each->next_) {
      each->told_.in_child(each->object_);
    }
    mutex_.unlock();
  }

  std::mutex mutex_;
  fork_listener* first_ = nullptr;
  std::atomic<unsigned> generation_{0};
};

fork_listener::fork_listener(calls told, void* object) : told_(told), object_(object) {
  fork_listeners::all().add(*this);
}

fork_listener::~fork_listener() { fork_listeners::all().remove(*this); }

unsigned process_generation() { return fork_listeners::all().generation(); }

}  // namespace lariat::detail
