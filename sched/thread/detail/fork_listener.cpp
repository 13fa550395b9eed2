#include <lariat/sched/thread/detail/fork_listener.hpp>

#include <pthread.h>

#include <atomic>
#include <type_traits>

namespace lariat::detail {

/// The listeners of the process.
class fork_listeners {
 public:
  static fork_listeners& all() noexcept;

  constexpr fork_listeners() = default;

  // It may fail for want of memory; then a forked child has to exec, as with most libraries.
  bool watch() noexcept {
    if (!watching_.exchange(true, std::memory_order_relaxed)) {
      (void)::pthread_atfork([] { all().before(); }, [] { all().in_parent(); },
                             [] { all().in_child(); });
    }
    return true;
  }

  void add(fork_listener& each) noexcept {
    watch();
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
  std::atomic<bool> watching_{false};
};

namespace {

// Not destroyed: listeners in static objects may be destroyed later.
constinit fork_listeners listeners;
static_assert(std::is_trivially_destructible_v<fork_listeners>);

// At load, before there are threads that could fork meanwhile; statics may have been earlier.
[[maybe_unused]] const bool watching = listeners.watch();

}  // namespace

fork_listeners& fork_listeners::all() noexcept { return listeners; }

fork_listener::fork_listener(calls told, void* object) : told_(told), object_(object) {
  fork_listeners::all().add(*this);
}

fork_listener::~fork_listener() { fork_listeners::all().remove(*this); }

unsigned process_generation() noexcept { return fork_listeners::all().generation(); }

}  // namespace lariat::detail
