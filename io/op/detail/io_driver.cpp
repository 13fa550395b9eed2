#include <lariat/io/op/detail/io_driver.hpp>

#include <lariat/io/op/detail/multishot.hpp>
#include <lariat/io/op/detail/second_try.hpp>

#include <liburing.h>

#include <cerrno>
#include <limits>

namespace lariat::io::detail {
namespace {

// ERESTARTSYS, which system calls do not show: a worker of the kernel was interrupted as it waited.
constexpr std::int32_t interrupted_worker = -512;

}  // namespace

// With a result that is not enough, or that is of a wait before the next try.
bool io_driver::is_over(op& operation, std::int32_t result, std::uint32_t flags) noexcept {
  const bool asked_to_end = operation.cancelling_ || draining_;
  if (operation.waits_to_try_) {
    operation.waits_to_try_ = false;
    operation.enough_ = operation.result_;
    if (!asked_to_end) return false;
    result = -ECANCELED;
    flags = 0;
  }
  if (result == interrupted_worker) result = -EINTR;
  operation.result_ = result;
  operation.flags_ = flags;
  if (given_up(result) && tries_again(operation, asked_to_end)) return false;
  if (result >= 0) operation.tries_ = 0;
  if (operation.completed()) return true;
  if (!asked_to_end) return false;
  operation.result_ = -ECANCELED;  // It would go on, but was asked not to.
  return true;
}

// Whether the operation is submitted again, though it has failed. If not, its result may have
// become another one.
bool io_driver::tries_again(op& operation, bool asked_to_end) noexcept {
  if (asked_to_end && operation.result_ != -EAGAIN) return false;  // That is the reason.
  io_uring_sqe entry{};
  operation.prepare_entry(entry);
  const second_try next = second_try::of(entry, -operation.result_, operation.tries_);
  if (!next.possible) return false;
  if (asked_to_end || next.too_often) {
    // ECANCELED stands for a cancel of ours; without one the kernel could not get a thread.
    operation.result_ = asked_to_end                      ? -ECANCELED
                        : operation.result_ == -ECANCELED ? -EAGAIN
                                                          : operation.result_;
    return false;
  }
  // At the limit it goes to and fro, for the next wait depends on whether the number is even.
  operation.tries_ += operation.tries_ < second_try::tries_max ? 1 : -1;
  operation.waits_to_try_ = next.wait != second_try::wait_for::nothing;
  if (!operation.waits_to_try_) return true;
  operation.result_ = operation.enough_;
  operation.flags_ = static_cast<std::uint32_t>(next.wait);
  operation.enough_ = std::numeric_limits<std::int32_t>::max();  // Whatever the wait gives.
  return true;
}

void io_driver::prepare_again(op& operation, io_uring_sqe& entry) noexcept {
  operation.prepare_entry(entry);
  if (!operation.waits_to_try_) return;
  const auto wait = static_cast<second_try::wait_for>(operation.flags_);
  second_try::prepare_wait(entry, wait, operation.tries_);
}

bool io_driver::goes_on(multishot& operation, std::int32_t result) const noexcept {
  if (!given_up(result) || result == -EALREADY) {
    operation.tries_ = 0;
    return false;
  }
  if (operation.cancelling_ || draining_) return false;
  return ++operation.tries_ < second_try::tries_max;
}

void io_driver::note_more(multishot& operation) noexcept { operation.tries_ = 0; }

void io_driver::note_submitted(multishot& operation) noexcept { operation.cancelling_ = false; }

void io_driver::note_cancelled(multishot& operation) noexcept { operation.cancelling_ = true; }

void io_driver::note(op& operation, std::int32_t result, std::uint32_t flags) noexcept {
  operation.result_ = result;
  operation.flags_ = flags;
}

}  // namespace lariat::io::detail
