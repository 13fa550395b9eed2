#include <lariat/io/testing/detail/kernel_request.hpp>

#include <lariat/io/testing/detail/tcp_socket.hpp>

#include <cerrno>
#include <utility>

// The stages of a request. What its operations do is in request_operations.cpp.

namespace lariat::io::testing {
namespace {

std::uint64_t time_of(const io_uring_sqe& entry) noexcept {
  const auto& time = *reinterpret_cast<const __kernel_timespec*>(entry.addr);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(time.tv_nsec);
}

}  // namespace

void kernel_request::prepare() noexcept {
  asked_for_fault_ = connecting_ = false;
  flags_ = 0;
  moved_ = 0;
  environment& world = kernel_.world();
  find_buffers();
  if (!world.plan().watch_buffers) return;
  if (writes()) watch_.scribble(buffers_, world.random());
  if (reads()) watch_.watch(buffers_);
}

void kernel_request::begin() noexcept {
  stage_ = stage::starting;
  environment& world = kernel_.world();
  // Chains, buffers of the kernel's choice and their like are not simulated.
  if ((entry_.flags & ~IOSQE_ASYNC) != 0 || !supports(entry_.opcode)) return finish(-EINVAL);
  if (const int error = find_target(); error != 0) return finish(error);
  if (entry_.opcode != IORING_OP_CLOSE) {
    if (const int error = world.give_up(); error != 0) return finish(error);
  }
  if (entry_.opcode == IORING_OP_TIMEOUT) {
    if (entry_.timeout_flags != 0) return finish(-EINVAL);
    stage_ = stage::waiting;
    return world.fire_after(*this, static_cast<clock_ns>(time_of(entry_)));
  }
  if (const clock_ns delay = world.some_delay(); delay != 0) return world.fire_after(*this, delay);
  attempt();
}

void kernel_request::fire() noexcept {
  switch (stage_) {
    case stage::starting:
      return attempt();
    case stage::waiting:  // For nothing but the time.
      return finish(-ETIME);
    default:
      break;
  }
  if (!watch_.intact()) {
    kernel_.world().note_misuse("the buffer of an operation on " +
                                (target_ == nullptr ? "a file" : target_->describe()) +
                                " was written to, or used twice, while it was in flight");
  }
  owner_.completed(*this);
}

void kernel_request::retry() noexcept {
  stage_ = stage::starting;
  kernel_.world().fire_after(*this, 0);
}

void kernel_request::wait_for_change() noexcept {
  stage_ = stage::waiting;
  target_->add_waiter(*this);
}

void kernel_request::attempt() noexcept {
  if (writes()) watch_.before_write();
  const int result = perform();
  if (writes()) watch_.after_write();
  if (result == must_wait) return wait_for_change();
  finish(result);
}

void kernel_request::finish(std::int32_t result) noexcept {
  environment& world = kernel_.world();
  stage_ = stage::done;
  result_ = result;
  if (is_multishot() && result >= 0 && !world.random().chance(world.plan().multishot_end)) {
    flags_ |= IORING_CQE_F_MORE;
  }
  world.fire_after(*this, world.some_delay());
}

void kernel_request::go_on() noexcept {
  flags_ = 0;
  // A poll tells of changes, once each.
  if (entry_.opcode == IORING_OP_POLL_ADD) return wait_for_change();
  retry();
}

void kernel_request::release() noexcept {
  stage_ = stage::idle;
  buffers_ = {};
  target_.reset();
}

int kernel_request::cancel() noexcept {
  switch (stage_) {
    case stage::waiting:
      if (target_ != nullptr) target_->remove_waiter(*this);
      if (connecting_) target_->as_socket()->stop_connecting();
      unschedule();
      break;
    case stage::starting: {
      environment& world = kernel_.world();
      // A worker thread, or the disk, is at it.
      const bool on_disk = target_ == nullptr || !waits_for_peer();
      if (on_disk && world.random().chance(world.plan().cancel_too_late)) return -EALREADY;
      unschedule();
      break;
    }
    default:
      return -ENOENT;
  }
  // What has been moved is not taken back.
  finish(moved_ != 0 ? static_cast<std::int32_t>(moved_) : -ECANCELED);
  return 0;
}

}  // namespace lariat::io::testing
