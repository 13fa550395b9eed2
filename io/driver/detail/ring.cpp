#include <lariat/io/driver/detail/ring.hpp>

#include <lariat/io/driver/io_uring_unavailable.hpp>
#include <lariat/sched/thread/detail/own_descriptor.hpp>

#include <sys/syscall.h>
#include <unistd.h>

#if defined(__SANITIZE_THREAD__)
#define LARIAT_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define LARIAT_TSAN 1
#endif
#endif
#ifdef LARIAT_TSAN
#include <sanitizer/tsan_interface.h>
#endif

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <iterator>

namespace lariat::io::detail {
namespace {

// Later than liburing 2.3's header.
constexpr unsigned enter_abs_timer = 1U << 5;  // Linux 6.12
constexpr unsigned enter_no_iowait = 1U << 7;  // Linux 6.15
constexpr unsigned feature_no_iowait = 1U << 17;

constexpr unsigned common_flags = IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP |
                                  IORING_SETUP_SUBMIT_ALL | IORING_SETUP_TASKRUN_FLAG |
                                  IORING_SETUP_R_DISABLED;

// From the best to what Linux 5.19 has; the kernel answers EINVAL to a flag that it does not know.
// No NO_SQARRAY: liburing 2.3 would write its index array over the ring's header.
constexpr unsigned flag_ladder[] = {
    common_flags | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,  // Linux 6.1
    common_flags | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_COOP_TASKRUN,   // Linux 6.0
    common_flags | IORING_SETUP_COOP_TASKRUN,                                // Linux 5.19
};
constexpr int ladder_steps = std::size(flag_ladder);

constexpr unsigned entries_min = 64;

// The first step that this kernel took: it does not change while the process runs.
std::atomic<int> first_step{0};

// liburing maps and unmaps the queues by system calls that ThreadSanitizer does not see: memory
// that the next ring gets at the same address, on another thread, it would take for this ring's. So
// the end of each ring comes before the beginning of each later one.
#ifdef LARIAT_TSAN
char rings_in_order;
void tell_tsan_mapped() noexcept { ::__tsan_acquire(&rings_in_order); }
void tell_tsan_unmapped() noexcept { ::__tsan_release(&rings_in_order); }
#else
void tell_tsan_mapped() noexcept {}
void tell_tsan_unmapped() noexcept {}
#endif

[[noreturn]] void die(const char* what, int error) noexcept {
  std::fprintf(stderr, "lariat: io_uring_enter: %s (%s)\n", what, std::strerror(error));
  std::abort();
}

int step_from_environment() noexcept {
  const char* text = std::getenv("LARIAT_RING_STEP");
  if (text == nullptr) return -1;
  return std::clamp(std::atoi(text), 0, ladder_steps - 1);
}

// Errors after which the caller reaps and comes again; the entries are still in the queue.
void check_entered(int error) noexcept {
  switch (error) {
    case 0:
    case ETIME:   // The deadline came.
    case EINTR:   // A signal handler ran.
    case EAGAIN:  // No memory for requests.
    case EBUSY:   // The completion queue overflowed, and has to be reaped first.
      return;
    case EBADR:
      die("the kernel ran out of memory and lost completions", error);
    case EEXIST:
      die("the loop runs on another thread than before", error);
    default:
      die("unexpected error", error);
  }
}

}  // namespace

ring::ring(const ring_options& options) : workers_{options.file_workers, options.other_workers} {
  create(options);
  tell_tsan_mapped();
  ::io_uring_ring_dontfork(&ring_);  // A child could move the shared tail. Best effort.
  probe();
}

ring::~ring() {
  tell_tsan_unmapped();
  ::io_uring_queue_exit(&ring_);
}

void ring::create(const ring_options& options) {
  const int forced = options.flag_step >= 0 ? options.flag_step : step_from_environment();
  // Relaxed: a stale value costs one more attempt.
  flag_step_ = forced >= 0 ? forced : first_step.load(std::memory_order_relaxed);
  unsigned entries = std::max(options.entries, entries_min);
  unsigned completions = std::max(options.completions, 2 * entries);
  for (;;) {
    const int error = -try_create(entries, completions);
    if (error == 0) break;
    if (error == EINVAL && forced < 0 && flag_step_ + 1 < ladder_steps) {
      ++flag_step_;
    } else if (error == ENOMEM && completions > 4 * entries) {
      completions = 4 * entries;
    } else if (error == ENOMEM && entries > entries_min) {
      entries /= 2;
      completions = 4 * entries;
    } else {
      throw io_uring_unavailable(error);
    }
  }
  if (forced < 0) first_step.store(flag_step_, std::memory_order_relaxed);
}

int ring::try_create(unsigned entries, unsigned completions) noexcept {
  io_uring_params params{};
  params.flags = flag_ladder[flag_step_];
  params.cq_entries = completions;
  const int error = ::io_uring_queue_init_params(entries, &ring_, &params);
  if (error != 0) return error;
  const int fd = lariat::detail::own_descriptor(ring_.ring_fd);
  if (fd < 0) {
    const int none_left = -errno;
    ring_.ring_fd = ring_.enter_ring_fd = -1;  // It is closed; the queues are unmapped.
    ::io_uring_queue_exit(&ring_);
    return none_left;
  }
  ring_.ring_fd = ring_.enter_ring_fd = fd;
  return 0;
}

void ring::probe() noexcept {
  io_uring_probe* found = ::io_uring_get_probe_ring(&ring_);
  if (found == nullptr) return;  // No memory: what is optional stays unused.
  for (int i = 0; i < found->ops_len; ++i) {
    if ((found->ops[i].flags & IO_URING_OP_SUPPORTED) != 0) opcodes_.set(found->ops[i].op);
  }
  ::io_uring_free_probe(found);
}

void ring::enable() noexcept {
  // Not by io_uring_enable_rings, which liburing 2.3 declares and does not export.
  [[maybe_unused]] const int enabled = register_resource(IORING_REGISTER_ENABLE_RINGS, nullptr, 0);
  assert(enabled == 0 && "a ring is enabled once");
  // Both are per thread, so not in the constructor. Without them the ring is slower, or has more
  // worker threads.
  ::io_uring_register_ring_fd(&ring_);
  unsigned limits[] = {workers_[0], workers_[1]};
  ::io_uring_register_iowq_max_workers(&ring_, limits);
  choose_enter_flags();
}

void ring::choose_enter_flags() noexcept {
  enter_flags_ = IORING_ENTER_GETEVENTS;
  if (ring_.enter_ring_fd != ring_.ring_fd) enter_flags_ |= IORING_ENTER_REGISTERED_RING;
  // Or an idle server would show as 100 % I/O wait.
  if ((ring_.features & feature_no_iowait) != 0) enter_flags_ |= enter_no_iowait;
  // No feature bit tells of absolute deadlines: one trial does. They save reading the clock.
  io_uring_getevents_arg nothing{};
  absolute_deadlines_ =
      ::io_uring_enter2(ring_.enter_ring_fd, 0, 0,
                        enter_flags_ | IORING_ENTER_EXT_ARG | enter_abs_timer,
                        reinterpret_cast<sigset_t*>(&nothing), sizeof nothing) >= 0;
}

void ring::enter_unguarded(bool wait, clock_ns deadline) noexcept {
  // Release: the kernel reads the entries after it has read the tail.
  __atomic_store_n(ring_.sq.ktail, ring_.sq.sqe_tail, __ATOMIC_RELEASE);
  const unsigned given = pending();
  assert(given <= ring_.sq.ring_entries && "more entries are pending than the queue holds");
  int entered;
  if (wait && deadline != no_deadline) {
    entered = enter_until(given, deadline);
  } else {
    entered = ::io_uring_enter2(ring_.enter_ring_fd, given, wait ? 1 : 0, enter_flags_, nullptr, 0);
  }
  ++counts_.enters;
  if (wait) ++counts_.waits;
  if (entered < 0) return check_entered(-entered);  // Nothing was submitted, in that case.
  assert(static_cast<unsigned>(entered) <= given && "the kernel took entries that nobody made");
  counts_.submitted += static_cast<unsigned>(entered);
  submitted_tail_ += static_cast<unsigned>(entered);
}

void ring::enter(bool wait, clock_ns deadline) noexcept {
  if (sigpipe_writes_ != 0) [[unlikely]]
    return enter_guarded(wait, deadline);
  enter_unguarded(wait, deadline);
}

void ring::enter_guarded(bool wait, clock_ns deadline) noexcept {
  if (!sigpipe_guard_) sigpipe_guard_.emplace(std::initializer_list<int>{SIGPIPE});
  enter_unguarded(wait, deadline);
  // Only a DEFER_TASKRUN ring works in no other call of this thread.
  if (flag_step_ == 0) sigpipe_guard_.reset();
}

void ring::expect_sigpipe(bool submitted) noexcept {
  assert((submitted || sigpipe_writes_ > 0) && "a write completed that nobody announced");
  sigpipe_writes_ += submitted ? 1U : -1U;
  if (sigpipe_writes_ == 0) sigpipe_guard_.reset();
}

int ring::enter_until(unsigned given, clock_ns deadline) noexcept {
  const clock_ns until =
      std::max<clock_ns>(absolute_deadlines_ ? deadline : deadline - monotonic_now(), 0);
  __kernel_timespec time{};
  time.tv_sec = until / 1'000'000'000;
  time.tv_nsec = until % 1'000'000'000;
  io_uring_getevents_arg argument{};
  argument.ts = reinterpret_cast<std::uintptr_t>(&time);
  return ::io_uring_enter2(
      ring_.enter_ring_fd, given, 1,
      enter_flags_ | IORING_ENTER_EXT_ARG | (absolute_deadlines_ ? enter_abs_timer : 0),
      reinterpret_cast<sigset_t*>(&argument), sizeof argument);
}

int ring::register_resource(unsigned opcode, void* argument, unsigned count) noexcept {
  const long result = ::syscall(__NR_io_uring_register, ring_.ring_fd, opcode, argument, count);
  return result < 0 ? -errno : static_cast<int>(result);
}

}  // namespace lariat::io::detail
