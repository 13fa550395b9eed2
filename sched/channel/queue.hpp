#pragma once

#include <lariat/sched/channel/detail/basic_queue.hpp>
#include <lariat/sched/channel/detail/ring_buffer.hpp>

namespace lariat {

/// Passes items from task to task of one loop, first in, first out: `co_await q.put(item)`,
/// `co_await q.get()`. With a limit, `put` waits while the queue is full.
///
/// `get` gives an empty std::optional when the queue is closed and empty. `join` waits until all
/// items are done; for that the task that gets an item calls `task_done` when it is done with it
/// (asyncio's Queue).
///
/// Putting an item for which there is room, or a waiting task, takes no turn of the loop. Memory is
/// allocated while the queue grows to its peak.
///
/// \par Threads
/// It belongs to one loop: that of the thread that makes it, or, if none runs there, that of the
/// first task that uses it. Only tasks of that loop may put, get and ask. Any thread may `close`
/// and call `task_done`. The queue must outlive the tasks that wait in it, and the arrival at the
/// loop of each call by another thread.
template <class T>
class queue final : public detail::basic_queue<T, detail::ring_buffer<T>> {
 public:
  using detail::basic_queue<T, detail::ring_buffer<T>>::basic_queue;
};

}  // namespace lariat
