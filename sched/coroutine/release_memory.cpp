#include <lariat/sched/coroutine/release_memory.hpp>

#include <lariat/sched/coroutine/detail/frame_pool.hpp>
#include <lariat/sched/coroutine/detail/shared_frames.hpp>
#include <lariat/sched/coroutine/detail/thread_state.hpp>

#include <new>

namespace lariat {

std::size_t release_memory() noexcept {
  detail::thread_state& here = detail::this_thread_state();
  if (&here != &detail::no_thread_state) detail::give_all_frames(here.frames);
  try {
    return detail::shared_frames::instance().release();
  } catch (const std::bad_alloc&) {
    return 0;  // It is the first use: there is nothing to give back.
  }
}

}  // namespace lariat
