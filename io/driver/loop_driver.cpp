#include <lariat/io/driver/loop_driver.hpp>

#include <lariat/io/driver/detail/ring.hpp>
#include <lariat/io/op/detail/multishot.hpp>
#include <lariat/sched/thread/detail/own_descriptor.hpp>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <thread>

namespace lariat::io {
namespace {

// What a completion is for, in the low bits of its user data; the rest is an address.
enum completion_kind : std::uint64_t {
  for_op = 0,
  for_multishot = 1,
  for_event = 2,   // The eventfd's poll.
  for_nobody = 3,  // A cancel's own result; a message that only wakes.
};
constexpr std::uint64_t kind_mask = 7;
static_assert(alignof(detail::op) > kind_mask && alignof(detail::multishot) > kind_mask);

constexpr unsigned register_send_msg_ring = 31;  // Linux 6.13, later than liburing 2.3.

constexpr clock_ns drain_warning_ns = 5'000'000'000;

std::uint64_t user_data_of(const detail::op& operation) noexcept {
  return reinterpret_cast<std::uintptr_t>(&operation) | for_op;
}
std::uint64_t user_data_of(const detail::multishot& operation) noexcept {
  return reinterpret_cast<std::uintptr_t>(&operation) | for_multishot;
}

// What the kernel takes: IORING_MAX_ENTRIES, IORING_MAX_CQ_ENTRIES. It would cut the first two in
// silence; of what is beyond 2^31 it says EINVAL, as it does of much else.
constexpr unsigned entries_max = 32'768;
constexpr unsigned completions_max = 65'536;
constexpr unsigned workers_max = 65'536;

void check_option(const char* name, unsigned value, unsigned most) {
  if (value <= most) return;
  throw std::invalid_argument("lariat: a ring with " + std::string(name) + " = " +
                              std::to_string(value) + ": at most " + std::to_string(most));
}

void check(const loop_driver_options& options) {
  check_option("entries", options.entries, entries_max);
  check_option("completions", options.completions, completions_max);
  check_option("file_workers", options.file_workers, workers_max);
  check_option("other_workers", options.other_workers, workers_max);
  if (options.flag_step < -1 || options.flag_step > 2) {
    throw std::invalid_argument(
        "lariat: a ring with flag_step = " + std::to_string(options.flag_step) + ": from -1 to 2");
  }
}

detail::ring_options ring_options_of(const loop_driver_options& options) {
  check(options);
  const unsigned cpus = std::thread::hardware_concurrency();
  return {options.entries, options.completions,
          options.file_workers != 0 ? options.file_workers : std::max(4U, 2 * cpus),
          std::max(options.other_workers, 1U), options.flag_step};
}

int make_event() {
  const int fd = lariat::detail::own_descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (fd < 0) throw io_uring_unavailable(errno);
  return fd;
}

}  // namespace

loop_driver::loop_driver(loop_driver_options options)
    : ring_(std::make_unique<detail::ring>(ring_options_of(options))),
      event_fd_(make_event()),
      wanted_wake_(options.wake) {}

loop_driver::~loop_driver() {
  drain();
  ring_.reset();
  ::close(event_fd_);
}

void loop_driver::start() noexcept {
  started_ = true;
  ring_->enable();
  // No probe tells whether messages without a ring of one's own work: one to itself does.
  if (wanted_wake_ == wake_method::message && send_message()) {
    message_wake_.store(true, std::memory_order_relaxed);  // Any time is good enough.
  }
}

void loop_driver::enter(bool wait, clock_ns deadline) noexcept {
  if (!started_) [[unlikely]]
    start();
  assert(in_flight_ <= ring_->counts().submitted + ring_->pending() &&
         "more operations are in flight than were submitted");
  ring_->enter(wait, deadline);
}

void loop_driver::poll() noexcept {
  if (ring_->needs_enter()) enter(false, no_deadline);
  reap();
}

void loop_driver::park(clock_ns deadline) noexcept {
  if (ring_->has_completions()) return poll();
  if (!event_armed_) [[unlikely]]
    arm_event();
  enter(true, deadline);
  reap();
}

void loop_driver::wake() noexcept {
  // Relaxed: whichever way is taken, the loop wakes.
  if (message_wake_.load(std::memory_order_relaxed) && send_message()) return;
  const std::uint64_t one = 1;
  // Fails only if the counter is full, and then the loop is being woken already.
  [[maybe_unused]] const ssize_t written = ::write(event_fd_, &one, sizeof one);
}

// A quarter of what `now` costs: 5 ns.
clock_ns loop_driver::coarse_now() noexcept {
  timespec time;
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
  return time.tv_sec * clock_ns{1'000'000'000} + time.tv_nsec;
}

bool loop_driver::send_message() noexcept {
  io_uring_sqe message{};
  message.opcode = IORING_OP_MSG_RING;
  message.fd = ring_->fd();
  message.addr = IORING_MSG_DATA;
  message.off = for_nobody;  // The user data of the completion.
  return ::syscall(__NR_io_uring_register, -1, register_send_msg_ring, &message, 1) == 0;
}

inline io_uring_sqe& loop_driver::next_entry() noexcept {
  if (ring_->full()) [[unlikely]]
    make_room();
  return ring_->next_entry();
}

void loop_driver::make_room() noexcept {
  do {
    enter(false, no_deadline);
    // The kernel took nothing for want of memory: it gets some back when completions are reaped.
    if (ring_->needs_enter()) reap();
  } while (ring_->full());
}

// One poll serves every wake-up: it is edge-triggered, so the counter need not be read.
void loop_driver::arm_event() noexcept {
  io_uring_sqe& entry = next_entry();
  ::io_uring_prep_poll_multishot(&entry, event_fd_, POLLIN);
  entry.user_data = for_event;
  event_armed_ = true;
  ++in_flight_;
}

void loop_driver::submit(detail::op& operation) noexcept {
  io_uring_sqe& entry = next_entry();
  operation.prepare_entry(entry);
  entry.user_data = user_data_of(operation);
  ++in_flight_;
}

void loop_driver::submit(detail::multishot& operation) noexcept {
  note_submitted(operation);
  io_uring_sqe& entry = next_entry();
  operation.prepare_entry(entry);
  entry.user_data = user_data_of(operation);
  ++in_flight_;
}

void loop_driver::submit_again(detail::op& operation) noexcept {
  io_uring_sqe& entry = next_entry();
  prepare_again(operation, entry);
  entry.user_data = user_data_of(operation);
  ++in_flight_;
}

void loop_driver::cancel(detail::op& operation) noexcept {
  cancel_by_address(user_data_of(operation));
}

void loop_driver::cancel(detail::multishot& operation) noexcept {
  note_cancelled(operation);
  cancel_by_address(user_data_of(operation));
}

void loop_driver::cancel_by_address(std::uint64_t user_data) noexcept {
  io_uring_sqe& entry = next_entry();
  ::io_uring_prep_cancel64(&entry, user_data, 0);
  entry.user_data = for_nobody;
}

inline void loop_driver::note_one_less() noexcept {
  assert(in_flight_ > 0 && "more operations have completed than were in flight");
  --in_flight_;
}

inline void loop_driver::complete(detail::op& operation, std::int32_t result,
                                  std::uint32_t flags) noexcept {
  if ((flags & (IORING_CQE_F_MORE | IORING_CQE_F_NOTIF)) != 0) [[unlikely]] {
    if ((flags & IORING_CQE_F_MORE) != 0) return note(operation, result, flags);
    result = operation.raw_result();  // The notification only says that the buffer is free.
    flags |= operation.raw_flags();
  }
  note_one_less();
  if (!finish(operation, result, flags)) [[unlikely]]
    submit_again(operation);
}

void loop_driver::reap() noexcept {
  ring_->reap([this](const detail::ring::completion& each) {
    const auto address = static_cast<std::uintptr_t>(each.user_data & ~kind_mask);
    if ((each.user_data & kind_mask) == for_op) [[likely]]
      return complete(*reinterpret_cast<detail::op*>(address), each.result, each.flags);
    switch (each.user_data & kind_mask) {
      case for_multishot:
        return complete(*reinterpret_cast<detail::multishot*>(address), each.result, each.flags);
      case for_event:
        if ((each.flags & IORING_CQE_F_MORE) != 0) return;
        event_armed_ = false;
        note_one_less();
        return;
      default:
        return;
    }
  });
}

void loop_driver::complete(detail::multishot& operation, std::int32_t result,
                           std::uint32_t flags) noexcept {
  const bool more = (flags & IORING_CQE_F_MORE) != 0;
  if (!more) {
    note_one_less();
    if (goes_on(operation, result)) return submit(operation);
  } else {
    note_more(operation);
  }
  operation.on_completion(result, flags, more);
}

void loop_driver::cancel_everything() noexcept {
  io_uring_sqe& entry = next_entry();
  ::io_uring_prep_cancel64(&entry, 0, IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL);
  entry.user_data = for_nobody;
}

void loop_driver::drain() noexcept {
  const clock_ns start = monotonic_now();
  draining_ = true;
  for (bool warned = false; in_flight_ > 0;) {
    // Again each time: an operation may have been submitted while others ended.
    cancel_everything();
    enter(true, monotonic_now() + drain_warning_ns);
    reap();
    if (!warned && monotonic_now() - start >= drain_warning_ns) {
      std::fprintf(stderr, "lariat: waiting for %zu operations that the kernel does not cancel\n",
                   in_flight_);
      warned = true;
    }
  }
  draining_ = false;
}

bool loop_driver::supports(unsigned opcode) const noexcept { return ring_->supports(opcode); }

void loop_driver::expect_sigpipe(bool submitted) noexcept { ring_->expect_sigpipe(submitted); }

int loop_driver::register_resource(unsigned opcode, void* argument, unsigned count) noexcept {
  if (!started_) start();
  return ring_->register_resource(opcode, argument, count);
}

loop_driver_counts loop_driver::counts() const noexcept {
  const detail::ring_counts& all = ring_->counts();
  return {all.submitted, all.completed, all.enters, all.waits, all.overflows};
}

int loop_driver::flag_step() const noexcept { return ring_->flag_step(); }

wake_method loop_driver::wakes_by() const noexcept {
  return message_wake_.load(std::memory_order_relaxed) ? wake_method::message : wake_method::event;
}

}  // namespace lariat::io
