#pragma once

#include <cstddef>

namespace lariat {

/// Gives memory of tasks that have ended back to the system, after a peak, and returns how many
/// bytes. lariat keeps the memory of coroutine frames for later ones, so that a program in its
/// steady state allocates nothing; without a call of this the pool never shrinks.
///
/// Only whole slabs of 2 MiB go back, of which no frame is in use: one task that lives on keeps its
/// slab. Free frames that the calling thread holds count as unused. Those that other threads hold,
/// up to 256 KiB of each size of frame that they use, keep their slabs until these threads call
/// this too, or end. The first 2 MiB stay.
///
/// It looks at each free frame: some 10 ms for 100 MB. Good moments are when a burst is over, and
/// now and then when there is nothing to do; called all the time it makes the next tasks pay for
/// fresh memory.
///
/// \par Threads
/// Any thread, at any time. Others go on meanwhile.
std::size_t release_memory() noexcept;

}  // namespace lariat
