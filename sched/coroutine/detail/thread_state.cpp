#include <lariat/sched/coroutine/detail/thread_state.hpp>

#include <lariat/sched/coroutine/detail/frame_pool.hpp>
#include <lariat/sched/thread/detail/process_object.hpp>
#include <lariat/sched/thread/detail/stay_loaded.hpp>

#include <pthread.h>

#include <new>

namespace lariat::detail {
namespace {

// Called at the thread's end, after the destructors of its thread-locals, which may free frames.
// Destructors of other libraries' keys may run later: if they free frames a new state is made, and
// this is called again.
void end_thread_state(void* address) noexcept {
  auto* const state = static_cast<thread_state*>(address);
  give_all_frames(state->frames);
  if (state->gatherer != nullptr) state->delete_gatherer(state->gatherer);
  current_thread = const_cast<thread_state*>(&no_thread_state);
  delete state;
}

// A key rather than a thread-local with a destructor, because registering one of those takes the
// dynamic linker's lock. A thread would wait for another that is opening a shared object, whose
// static constructors may be waiting for that thread.
class end_of_threads {
 public:
  end_of_threads() noexcept : made_(::pthread_key_create(&key_, &end_thread_state) == 0) {
    stay_loaded();  // The key keeps the function's address.
  }
  end_of_threads(const end_of_threads&) = delete;
  end_of_threads& operator=(const end_of_threads&) = delete;
  ~end_of_threads() {
    if (made_) (void)::pthread_key_delete(key_);
  }

  // If no key could be made, the states of threads that have ended are leaked.
  void watch(thread_state* state) const noexcept {
    if (made_) (void)::pthread_setspecific(key_, state);
  }

 private:
  pthread_key_t key_{};
  bool made_;
};

constinit process_object<end_of_threads> ends;  // Threads may end after all statics.

}  // namespace

constinit const thread_state no_thread_state{};

constinit thread_local pool_worker* running_worker = nullptr;
constinit thread_local thread_state* current_thread = const_cast<thread_state*>(&no_thread_state);

thread_state* try_thread_state() noexcept {
  if (current_thread != &no_thread_state) return current_thread;
  try {
    const end_of_threads& end = ends.get();
    auto* const state = new thread_state{};
    end.watch(state);
    current_thread = state;
    return state;
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void set_current_worker(pool_worker* worker) {
  (void)own_thread_state();
  running_worker = worker;
}

thread_state& make_thread_state() {
  thread_state* const state = try_thread_state();
  if (state == nullptr) throw std::bad_alloc();
  return *state;
}

}  // namespace lariat::detail
