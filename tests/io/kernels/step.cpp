#include "step.hpp"

#include <fcntl.h>
#include <linux/falloc.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>

namespace kernels {
namespace {

// A name that is too long, a file where a directory should be, a directory that is not there.
const std::string long_name(256, 'n');
const std::array<const char*, 21> names = {
    "a",     "b",         "c",   "d", "d/a", "d/b",    "d/e",
    "d/e/a", "p",         "l",   "a", "b",   "d/a",    "a/",
    "d/",    "missing/x", "a/x", "",  ".",   "d/../a", long_name.c_str()};
constexpr std::array<const char*, 10> looked_at = {"a",   "b",   "c",     "d", "d/a",
                                                   "d/b", "d/e", "d/e/a", "l", "p"};

class chooser {
 public:
  chooser(std::uint64_t seed, const limits& allowed) : random_(seed), allowed_(allowed) {}

  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  bool one_in(unsigned count) { return below(count) == 0; }

  const char* name() { return one_in(3) ? names[below(names.size())] : names[below(10)]; }

  bool files_are_limited() const { return allowed_.file_bytes < INT64_MAX; }

  std::uint64_t length() {
    switch (below(8)) {
      case 0:
        return 0;
      case 1:
      case 2:
      case 3:
        return 1 + below(200);
      case 4:
      case 5:
        return 4096 * (1 + below(3)) - 8 + below(16);
      case 6:
        return below(20'000);
      default:
        return below(100'000);
    }
  }

  std::uint64_t offset() {
    switch (below(16)) {
      case 0:
      case 1:
      case 2:
        return below(200);
      case 3:
      case 4:
      case 5:
        return 4096 * below(20) + below(16);
      case 6:
        return below(100'000);
      case 7:
        return std::min<std::uint64_t>(allowed_.file_bytes, 1 << 20) - 4096 + below(8192);
      case 8:
        return extreme_offset();
      default:
        return at_cursor;
    }
  }

  int open_flags() {
    constexpr int modes[] = {O_RDONLY, O_WRONLY, O_RDWR, O_RDWR, O_RDWR};
    int flags = O_CLOEXEC | modes[below(std::size(modes))];
    if (one_in(40)) flags |= O_ACCMODE;
    if (!one_in(3)) flags |= O_CREAT;
    if (one_in(8)) flags |= O_EXCL;
    if (one_in(5)) flags |= O_TRUNC;
    if (one_in(5)) flags |= O_APPEND;
    if (one_in(16)) flags |= O_DIRECTORY;
    if (one_in(16)) flags |= O_NOFOLLOW;
    if (one_in(32)) flags |= O_NONBLOCK;
    if (one_in(64)) flags |= O_PATH;
    return flags;
  }

  int allocation() {
    constexpr int keep = FALLOC_FL_KEEP_SIZE;
    constexpr int modes[] = {0,      0, keep, keep | FALLOC_FL_PUNCH_HOLE, FALLOC_FL_PUNCH_HOLE,
                             1 << 12};
    // tmpfs has no zero ranges.
    if (!allowed_.is_tmpfs && one_in(4)) return FALLOC_FL_ZERO_RANGE | (one_in(2) ? keep : 0);
    return modes[below(std::size(modes))];
  }

 private:
  std::uint64_t extreme_offset() {
    constexpr std::uint64_t end = INT64_MAX;
    const std::uint64_t refused[] = {end + 1, end + 2, at_cursor - 1, at_cursor - 4096};
    // What other file systems make of what no disk holds is their own affair.
    const std::uint64_t sparse[] = {std::uint64_t{1} << 40, end / 2, end - 1, end, end - 4096};
    if (allowed_.is_tmpfs && one_in(2)) return sparse[below(std::size(sparse))];
    return refused[below(std::size(refused))];
  }

  std::mt19937_64 random_;
  const limits& allowed_;
};

struct weighted {
  operation what;
  unsigned weight;
};
constexpr weighted weights[] = {
    {operation::open, 14},
    {operation::close, 5},
    {operation::read, 10},
    {operation::write, 14},
    {operation::readv, 4},
    {operation::writev, 5},
    {operation::resize, 5},
    {operation::allocate, 5},
    {operation::sync, 1},
    {operation::advise, 1},
    {operation::poll, 2},
    {operation::stat_slot, 2},
    {operation::stat_name, 2},
    {operation::unlink, 3},
    {operation::rmdir, 1},
    {operation::rename, 3},
    {operation::link, 2},
    {operation::symlink, 2},
    {operation::mkdir, 3},
    {operation::mkfifo, 2},
    {operation::pipe, 3},
    {operation::connect, 1},
    {operation::send, 3},
    {operation::receive, 3},
    {operation::shutdown, 1},
    {operation::file_read_some, 3},
    {operation::file_read_exact, 2},
    {operation::file_write_some, 3},
    {operation::file_write_all, 3},
    {operation::file_write_all_at, 2},
    {operation::fs_read_file, 1},
    {operation::fs_write_file, 1},
    {operation::fs_write_durable, 1},
    {operation::fs_append_file, 1},
    {operation::fs_copy, 1},
    {operation::fs_resize, 1},
    {operation::fs_readlink, 1},
    {operation::fs_chmod, 1},
};

operation draw_operation(chooser& choose) {
  unsigned sum = 0;
  for (const weighted& each : weights) sum += each.weight;
  auto left = static_cast<unsigned>(choose.below(sum));
  for (const weighted& each : weights) {
    if (left < each.weight) return each.what;
    left -= each.weight;
  }
  return operation::sync;
}

step draw_step(chooser& choose) {
  step drawn;
  drawn.what = draw_operation(choose);
  // copy_file_range(2) at the limit fails even if there is nothing more to copy.
  if (drawn.what == operation::fs_copy && choose.files_are_limited()) drawn.what = operation::sync;
  drawn.slot = static_cast<unsigned>(choose.below(slots));
  drawn.other_slot = static_cast<unsigned>(choose.below(slots));
  drawn.name = choose.name();
  drawn.other_name = choose.name();
  drawn.offset = choose.offset();
  drawn.length = choose.length();
  drawn.fill = static_cast<unsigned>(choose.below(200));
  const bool fifo = drawn.name == names[8];
  switch (drawn.what) {
    case operation::open:
      drawn.flags = choose.open_flags();
      // A FIFO is made by mkfifo, and opened as it is: what makes or cuts is done by a thread.
      if (fifo) drawn.flags &= ~(O_CREAT | O_TRUNC | O_EXCL);
      break;
    case operation::rename:
    case operation::link:
    case operation::symlink:
    case operation::mkdir:
      // It keeps its name, and no other thing has it: the player knows by it what may wait.
      if (fifo) drawn.name = "a";
      if (drawn.other_name == names[8]) drawn.other_name = "b";
      drawn.flags = static_cast<int>(choose.below(4));
      break;
    case operation::allocate:
      drawn.flags = choose.allocation();
      if (drawn.offset == at_cursor && !choose.one_in(8)) drawn.offset = 0;
      break;
    case operation::resize:
      drawn.length = choose.one_in(2) ? drawn.length : choose.offset();
      break;
    case operation::poll: {
      constexpr int events[] = {POLLIN, POLLOUT, POLLIN | POLLOUT, POLLIN | POLLRDHUP};
      drawn.flags = events[choose.below(4)];
      break;
    }
    case operation::shutdown:
      drawn.flags = static_cast<int>(choose.below(3));
      break;
    default:
      drawn.flags = static_cast<int>(choose.below(4));
      break;
  }
  return drawn;
}

const char* name_of(operation what) {
  constexpr const char* all[] = {"open",
                                 "close",
                                 "read",
                                 "write",
                                 "readv",
                                 "writev",
                                 "resize",
                                 "allocate",
                                 "sync",
                                 "advise",
                                 "poll",
                                 "stat_slot",
                                 "stat_name",
                                 "unlink",
                                 "rmdir",
                                 "rename",
                                 "link",
                                 "symlink",
                                 "mkdir",
                                 "mkfifo",
                                 "pipe",
                                 "connect",
                                 "send",
                                 "receive",
                                 "shutdown",
                                 "file_read_some",
                                 "file_read_exact",
                                 "file_write_some",
                                 "file_write_all",
                                 "file_write_all_at",
                                 "fs_read_file",
                                 "fs_write_file",
                                 "fs_write_durable",
                                 "fs_append_file",
                                 "fs_copy",
                                 "fs_resize",
                                 "fs_readlink",
                                 "fs_chmod",
                                 "look"};
  return all[static_cast<unsigned>(what)];
}

}  // namespace

std::vector<step> draw_steps(std::uint64_t seed, std::size_t count, const limits& allowed) {
  chooser choose(seed, allowed);
  std::vector<step> drawn;
  for (std::size_t i = 0; i < count; ++i) drawn.push_back(draw_step(choose));
  for (const char* name : looked_at) {
    step look;
    look.what = operation::look;
    look.name = name;
    drawn.push_back(look);
  }
  return drawn;
}

std::string to_text(const step& each) {
  const std::string at = each.offset == at_cursor
                             ? "the cursor"
                             : std::to_string(static_cast<std::int64_t>(each.offset));
  std::string text = name_of(each.what);
  text += "(slot " + std::to_string(each.slot) + ", other slot " + std::to_string(each.other_slot);
  text += ", \"" + std::string(each.name) + "\", \"" + each.other_name + "\", ";
  text += std::to_string(static_cast<std::int64_t>(each.length)) + " bytes at " + at;
  return text + ", flags " + std::to_string(each.flags) + ", fill " + std::to_string(each.fill) +
         ")";
}

}  // namespace kernels
