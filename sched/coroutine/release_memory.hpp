#pragma once

#include <cstddef>

namespace lariat {

/// Gives memory of tasks that have ended back to the system, after a peak, and says how many bytes.
/// lariat keeps the memory of coroutine frames for the next ones, so that a program at its work
/// allocates nothing; without a call of this the pool stays as large as it ever was.
///
/// Slabs of 2 MiB go back of which no frame is in use: one task that lives on keeps its whole slab.
/// What the calling thread has ready goes with it. What other threads have ready, up to 256 KiB of
/// each size of frame that they use, keeps its slabs until they call this too, or end. The first 2
/// MiB stay.
///
/// It looks at each free frame: some 10 ms for 100 MB. Good moments are when a burst is over, and
/// now and then when there is nothing to do; called all the time it makes the next tasks pay for
/// fresh memory.
///
/// \par Threads
/// Any thread, at any time. Others go on meanwhile.
std::size_t release_memory() noexcept;

}  // namespace lariat
