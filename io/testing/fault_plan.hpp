#pragma once

#include <cstddef>
#include <cstdint>

namespace lariat::io::testing {

/// What a simulated kernel does that a kernel may do, and how often. Probabilities are those of one
/// operation; times are in nanoseconds of virtual time.
///
/// What correct programs have to survive is on; errors are off, for what a program is to make of
/// them is its own affair.
struct fault_plan {
  // How operations take place.

  double delayed = 0.5;                 ///< It starts, or its result shows, only later.
  std::int64_t delay_max_ns = 200'000;  ///< By so much at most; most are far shorter.
  double short_transfer = 0.2;          ///< A read or write of several bytes moves fewer.
  double cancel_too_late = 0.3;         ///< A cancel finds a file operation under way: -EALREADY.
  double multishot_end = 0.1;           ///< A multishot ends with a completion that is good.
  /// It ends before it has done anything, by ECANCELED, EINTR or EAGAIN, though nobody has asked
  /// for that. Lariat submits it again.
  double given_up = 0.02;
  std::size_t socket_buffer_bytes =
      65536;  ///< On the way between two sockets at most, and in pipes.

  /// Read buffers are written to from the start of the operation to its end, and buffers of both
  /// kinds are watched: a program that writes to one meanwhile is told so.
  bool watch_buffers = true;

  // Errors of the operations where they are possible.

  double interrupted = 0;  ///< EINTR: of any that may wait.
  double try_again = 0;    ///< EAGAIN: of any that reads or writes.
  double io_error = 0;     ///< EIO: of reads, writes and syncs of files.
  double no_space = 0;     ///< ENOSPC: of what makes files longer, and makes names.
  double connection_reset =
      0;                      ///< ECONNRESET: of reads and writes of sockets; the peer has it too.
  double timed_out = 0;       ///< ETIMEDOUT: of connects, after two minutes.
  double too_many_files = 0;  ///< EMFILE: of what makes a descriptor.

  std::size_t descriptors_max = 1U << 20;  ///< More at a time are EMFILE.
  std::uint64_t disk_bytes = 1U << 30;     ///< More in files are ENOSPC; in pages of 4096.
  std::uint64_t file_bytes = INT64_MAX;    ///< Longer files are EFBIG, as by RLIMIT_FSIZE.
};

}  // namespace lariat::io::testing
