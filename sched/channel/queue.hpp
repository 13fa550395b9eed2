#pragma once

#include <lariat/sched/channel/detail/basic_queue.hpp>
#include <lariat/sched/channel/detail/ring_buffer.hpp>

namespace lariat {

/// Passes items from task to task of one loop, first in, first out: `co_await q.put(item)`,
/// `co_await q.get()`. With a limit whoever puts waits while it is full.
///
/// `get` gives an empty std::optional when the queue is closed and empty. For `join`, which waits
/// until all is dealt with, whoever gets an item calls `task_done` for it (asyncio's Queue).
///
/// An item that finds room, or somebody who waits for it, passes without a turn of the loop.
/// Memory is allocated while the queue grows to its peak.
///
/// \par Threads
/// It belongs to one loop: that of the thread that makes it, or, if none runs there, that of the
/// first task that uses it. Only tasks of that loop may put, get and ask. Any thread may `close`
/// and call `task_done`. It has to outlive those who wait, and a call of another thread until that
/// has come to the loop.
template <class T>
class queue final : public detail::basic_queue<T, detail::ring_buffer<T>> {
 public:
  using detail::basic_queue<T, detail::ring_buffer<T>>::basic_queue;
};

}  // namespace lariat
