#include "player.hpp"

#include <lariat/io/fs.hpp>
#include <lariat/io/net/tcp.hpp>
#include <lariat/io/op/raw_op.hpp>
#include <lariat/io/stream/stream_error.hpp>
#include <lariat/sched/cancel/cancelled.hpp>
#include <lariat/sched/scope/when_all.hpp>
#include <lariat/sched/task/spawn.hpp>
#include <lariat/sched/task/yield.hpp>
#include <lariat/sched/time/timer.hpp>

#include <liburing.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>
#include <utility>

using namespace lariat;

namespace kernels {
namespace {

constexpr std::uint64_t socket_most = 1000;
constexpr unsigned opcode_ftruncate = 55;  // Linux 6.9, later than liburing 2.3.

// \param most Of a socket: its buffers hold what each kernel likes, and nothing here fills them.
std::string content_of(const step& each, std::uint64_t most = ~std::uint64_t{0}) {
  std::string text(std::min(each.length, most), '\0');
  for (std::size_t i = 0; i < text.size(); ++i) {
    text[i] = static_cast<char>('!' + (i / 7 + each.fill) % 90);
  }
  return text;
}

// The length, and a hash that tells texts apart.
std::string digest(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char each : text) hash = (hash ^ static_cast<unsigned char>(each)) * 0x100000001b3;
  return std::to_string(text.size()) + " bytes " + std::to_string(hash);
}

std::string describe(const struct statx& found) {
  std::string text = "mode " + std::to_string(found.stx_mode);
  text += " links " + std::to_string(found.stx_nlink);
  if (!S_ISDIR(found.stx_mode)) text += " size " + std::to_string(found.stx_size);
  return text;
}

// io::end_of_stream has no errno.
std::int64_t number_of(const std::error_code& error) {
  return error.category() == io::stream_category() ? -1000 - error.value() : -error.value();
}

// Waits for the work a few turns of the loop; then it would wait for ever, and is cancelled.
task<effect> for_some_turns(task<effect> work) {
  join_handle<effect> running = spawn(std::move(work));
  for (int turn = 0; turn < 6 && !running.done(); ++turn) co_await yield();
  if (!running.done()) running.cancel();
  try {
    effect done = co_await running;
    co_return done;
  } catch (const operation_cancelled&) {
  }
  co_return effect{-ECANCELED, ""};
}

// Whether a step may wait for ever, if its slot is a pipe or a socket.
bool may_wait(operation what) {
  switch (what) {
    case operation::read:
    case operation::write:
    case operation::readv:
    case operation::writev:
    case operation::poll:
    case operation::send:
    case operation::receive:
    case operation::file_read_some:
    case operation::file_read_exact:
    case operation::file_write_some:
    case operation::file_write_all:
    case operation::file_write_all_at:
      return true;
    default:
      return false;
  }
}

bool uses_names(operation what) {
  switch (what) {
    case operation::stat_name:
    case operation::unlink:
    case operation::rmdir:
    case operation::rename:
    case operation::link:
    case operation::symlink:
    case operation::mkdir:
      return true;
    default:
      return false;
  }
}

}  // namespace

task<std::vector<effect>> player::play(std::span<const step> steps) {
  std::vector<effect> all;
  all.reserve(steps.size());
  for (const step& each : steps) {
    effect done;
    try {
      if (slots_[each.slot].waits && may_wait(each.what)) {
        done = co_await for_some_turns(play_one(each));
      } else {
        done = co_await play_one(each);
      }
    } catch (const std::system_error& error) {
      done = effect{number_of(error.code()), ""};
    }
    if (outside_.settle) co_await sleep_for(std::chrono::milliseconds(1));
    all.push_back(std::move(done));
  }
  for (slot& each : slots_) each = slot();
  co_return all;
}

task<effect> player::play_one(const step& each) {
  switch (each.what) {
    case operation::open:
      return open(each);
    case operation::read:
    case operation::write:
      return transfer(each);
    case operation::readv:
    case operation::writev:
      return transfer_vector(each);
    case operation::stat_slot:
      return stat(fd(each.slot), "", AT_EMPTY_PATH, slots_[each.slot].is_root);
    case operation::look:
      return look(each);
    case operation::mkfifo:
    case operation::pipe:
      return make_outside(each);
    case operation::connect:
    case operation::send:
    case operation::receive:
    case operation::shutdown:
      return on_socket(each);
    case operation::file_read_some:
    case operation::file_read_exact:
    case operation::file_write_some:
    case operation::file_write_all:
    case operation::file_write_all_at:
      return on_file(each);
    default:
      if (uses_names(each.what)) return on_names(each);
      return each.what >= operation::fs_read_file ? on_fs(each) : on_slot(each);
  }
}

task<effect> player::open(const step& each) {
  const auto prepare = [&each](io_uring_sqe& entry) {
    ::io_uring_prep_openat(&entry, AT_FDCWD, each.name, each.flags, 0640);
  };
  const std::int32_t opened = co_await io::raw_op(prepare);
  if (opened < 0) co_return effect{opened, ""};
  slot made;
  made.file = io::file(io::descriptor(opened));
  made.is_root = each.name == std::string_view(".");
  made.waits = each.name == std::string_view("p") && (each.flags & O_PATH) == 0;
  slots_[each.slot] = std::move(made);
  co_return effect{0, ""};
}

task<effect> player::transfer(const step& each) {
  const bool writes = each.what == operation::write;
  std::string buffer =
      writes ? content_of(each, slots_[each.slot].most) : std::string(each.length, '?');
  const auto prepare = [&](io_uring_sqe& entry) {
    const auto length = static_cast<unsigned>(buffer.size());
    if (writes) {
      ::io_uring_prep_write(&entry, fd(each.slot), buffer.data(), length, each.offset);
    } else {
      ::io_uring_prep_read(&entry, fd(each.slot), buffer.data(), length, each.offset);
    }
  };
  const std::int32_t result = co_await io::raw_op(prepare);
  if (writes || result < 0) co_return effect{result, ""};
  co_return effect{result, digest(buffer.substr(0, static_cast<std::size_t>(result)))};
}

task<effect> player::transfer_vector(const step& each) {
  const bool writes = each.what == operation::writev;
  std::string buffer =
      writes ? content_of(each, slots_[each.slot].most) : std::string(each.length, '?');
  // An empty one, a small one and the rest, in an order that the step tells.
  const std::size_t small = std::min<std::size_t>(buffer.size(), 10);
  std::array<iovec, 3> parts = {iovec{buffer.data(), 0}, iovec{buffer.data(), small},
                                iovec{buffer.data() + small, buffer.size() - small}};
  std::rotate(parts.begin(), parts.begin() + each.flags % 2, parts.begin() + 1 + each.flags % 2);
  const auto prepare = [&](io_uring_sqe& entry) {
    if (writes) {
      ::io_uring_prep_writev(&entry, fd(each.slot), parts.data(), 3, each.offset);
    } else {
      ::io_uring_prep_readv(&entry, fd(each.slot), parts.data(), 3, each.offset);
    }
  };
  const std::int32_t result = co_await io::raw_op(prepare);
  if (writes || result < 0) co_return effect{result, ""};
  co_return effect{result, digest(buffer.substr(0, static_cast<std::size_t>(result)))};
}

// \param is_root Its owner and neighbours are the machine's.
task<effect> player::stat(int descriptor, const char* name, int flags, bool is_root) {
  struct statx found {};
  const auto prepare = [&](io_uring_sqe& entry) {
    ::io_uring_prep_statx(&entry, descriptor, name, flags, STATX_BASIC_STATS, &found);
  };
  const std::int32_t result = co_await io::raw_op(prepare);
  co_return effect{result, result < 0 || is_root ? "" : describe(found)};
}

// What can be seen of a name: its kind, and of a file its content.
task<effect> player::look(const step& each) {
  effect seen = co_await stat(AT_FDCWD, each.name, AT_SYMLINK_NOFOLLOW, false);
  const bool is_file = seen.detail.starts_with("mode 33");  // S_IFREG is 0100000.
  if (seen.result < 0 || !is_file) co_return seen;
  io::file file = co_await io::file::open(each.name);
  const std::uint64_t size = file.size();
  std::string begin(std::min<std::uint64_t>(size, 200'000), '?');
  co_await file.read_exact_at(0, std::as_writable_bytes(std::span(begin)));
  std::string end(std::min<std::uint64_t>(size, 100), '?');
  co_await file.read_exact_at(size - end.size(), std::as_writable_bytes(std::span(end)));
  seen.detail += " begins " + digest(begin) + " ends " + digest(end);
  co_return seen;
}

task<effect> player::on_slot(const step& each) {
  const int on = fd(each.slot);
  const auto prepare = [&](io_uring_sqe& entry) {
    switch (each.what) {
      case operation::resize:
        return ::io_uring_prep_rw(opcode_ftruncate, &entry, on, nullptr, 0, each.length);
      case operation::allocate:
        return ::io_uring_prep_fallocate(&entry, on, each.flags, static_cast<off_t>(each.offset),
                                         static_cast<off_t>(each.length));
      case operation::advise:
        return ::io_uring_prep_fadvise(&entry, on, each.offset, static_cast<off_t>(each.length),
                                       each.flags);
      case operation::poll:
        return ::io_uring_prep_poll_add(&entry, on, static_cast<unsigned>(each.flags));
      case operation::close:
        return ::io_uring_prep_close(&entry, slots_[each.slot].file.release().release());
      default:
        return ::io_uring_prep_fsync(&entry, on, static_cast<unsigned>(each.flags & 1));
    }
  };
  const std::int32_t result = co_await io::raw_op(prepare);
  if (each.what == operation::close) slots_[each.slot] = slot();
  co_return effect{result, ""};
}

task<effect> player::on_names(const step& each) {
  if (each.what == operation::stat_name) {
    return stat(AT_FDCWD, each.name, each.flags == 0 ? AT_SYMLINK_NOFOLLOW : 0,
                each.name == std::string_view("."));
  }
  return [](const step& asked) -> task<effect> {
    const auto prepare = [&](io_uring_sqe& entry) {
      const char* const name = asked.name;
      const char* const other = asked.other_name;
      switch (asked.what) {
        case operation::unlink:
          return ::io_uring_prep_unlinkat(&entry, AT_FDCWD, name, 0);
        case operation::rmdir:
          return ::io_uring_prep_unlinkat(&entry, AT_FDCWD, name, AT_REMOVEDIR);
        case operation::rename:
          return ::io_uring_prep_renameat(&entry, AT_FDCWD, name, AT_FDCWD, other,
                                          asked.flags == 0 ? RENAME_NOREPLACE : 0);
        case operation::link:
          return ::io_uring_prep_linkat(&entry, AT_FDCWD, name, AT_FDCWD, other,
                                        asked.flags == 0 ? AT_SYMLINK_FOLLOW : 0);
        case operation::symlink:
          return ::io_uring_prep_symlinkat(&entry, other, AT_FDCWD, name);
        default:
          return ::io_uring_prep_mkdirat(&entry, AT_FDCWD, name, 0750);
      }
    };
    const std::int32_t result = co_await io::raw_op(prepare);
    co_return effect{result, ""};
  }(each);
}

task<effect> player::make_outside(const step& each) {
  if (each.what == operation::mkfifo) co_return effect{outside_.mkfifo("p"), ""};
  int ends[2];
  const int result = outside_.pipe(ends);
  if (result == 0 && each.slot != each.other_slot) {
    slots_[each.slot] = slot();
    slots_[each.other_slot] = slot();
    slots_[each.slot].file = io::file(io::descriptor(ends[0]));
    slots_[each.other_slot].file = io::file(io::descriptor(ends[1]));
    slots_[each.slot].waits = slots_[each.other_slot].waits = true;
  } else if (result == 0) {
    const io::descriptor reader(ends[0]);
    const io::descriptor writer(ends[1]);
  }
  co_return effect{result, ""};
}

task<effect> player::on_socket(const step& each) {
  if (each.what == operation::connect) {
    if (each.slot == each.other_slot) co_return effect{-EINVAL, ""};
    io::tcp_listener listener = io::tcp_listener::bind({"127.0.0.1", 0});
    auto both =
        co_await when_all(io::tcp_stream::connect(listener.local_address()), listener.accept());
    for (const unsigned which : {each.slot, each.other_slot}) {
      slots_[which] = slot();
      slots_[which].waits = true;
      slots_[which].most = socket_most;
    }
    slots_[each.slot].file = io::file(io::descriptor(both.first.release()));
    slots_[each.other_slot].file = io::file(io::descriptor(both.second.release()));
    co_return effect{0, ""};
  }
  std::string buffer = content_of(each, socket_most);
  const auto prepare = [&](io_uring_sqe& entry) {
    switch (each.what) {
      case operation::send:
        return ::io_uring_prep_send(&entry, fd(each.slot), buffer.data(), buffer.size(),
                                    MSG_NOSIGNAL | (each.flags == 0 ? MSG_WAITALL : 0));
      case operation::receive:
        return ::io_uring_prep_recv(&entry, fd(each.slot), buffer.data(), buffer.size(),
                                    each.flags == 0 ? MSG_WAITALL : 0);
      default:
        return ::io_uring_prep_shutdown(&entry, fd(each.slot), each.flags);
    }
  };
  const std::int32_t result = co_await io::raw_op(prepare);
  if (each.what != operation::receive || result < 0) co_return effect{result, ""};
  co_return effect{result, digest(buffer.substr(0, static_cast<std::size_t>(result)))};
}

task<effect> player::on_file(const step& each) {
  const io::file& file = slots_[each.slot].file;
  const bool reads =
      each.what == operation::file_read_some || each.what == operation::file_read_exact;
  std::string buffer =
      reads ? std::string(each.length, '?') : content_of(each, slots_[each.slot].most);
  const auto into = std::as_writable_bytes(std::span(buffer));
  std::size_t count = 0;
  switch (each.what) {
    case operation::file_read_some:
      count = co_await file.read_some(into);
      co_return effect{static_cast<std::int64_t>(count), digest(buffer.substr(0, count))};
    case operation::file_read_exact:
      co_await file.read_exact(into);
      co_return effect{0, digest(buffer)};
    case operation::file_write_some:
      count = co_await file.write_some(into);
      break;
    case operation::file_write_all:
      co_await file.write_all(into);
      break;
    default:
      co_await file.write_all_at(each.offset == at_cursor ? 0 : each.offset, into);
      break;
  }
  co_return effect{static_cast<std::int64_t>(count), ""};
}

task<effect> player::on_fs(const step& each) {
  // A FIFO would be waited for.
  const std::string name = each.name == std::string_view("p") ? "a" : each.name;
  const std::string other = each.other_name == std::string_view("p") ? "b" : each.other_name;
  const std::string content = content_of(each);
  std::string found;
  switch (each.what) {
    case operation::fs_read_file:
      found = co_await io::fs::read_file(name);
      break;
    case operation::fs_write_file:
      co_await io::fs::write_file(name, content);
      break;
    case operation::fs_write_durable:
      co_await io::fs::write_file_durable(name, content);
      break;
    case operation::fs_append_file:
      co_await io::fs::append_file(name, content);
      break;
    case operation::fs_copy:
      (void)co_await io::fs::copy(name, other);
      break;
    case operation::fs_resize:
      co_await io::fs::resize(name, each.length);
      break;
    case operation::fs_readlink:
      found = co_await io::fs::readlink(name);
      break;
    default:
      co_await io::fs::chmod(name, 0600);
      break;
  }
  co_return effect{0, digest(found)};
}

std::string to_text(const effect& each) {
  std::string text = std::to_string(each.result);
  if (each.result < 0 && each.result > -1000) {
    text += std::string(" (") + std::strerror(static_cast<int>(-each.result)) + ")";
  }
  return each.detail.empty() ? text : text + ", " + each.detail;
}

}  // namespace kernels
