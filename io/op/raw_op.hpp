#pragma once

#include <lariat/io/op/detail/op.hpp>

#include <cstdint>
#include <utility>

namespace lariat::io {
namespace detail {

/// See io::raw_op.
template <class Prepare>
class [[nodiscard("it does nothing until it is awaited")]] raw_op final : public op {
 public:
  explicit raw_op(Prepare prepare) : prepare_(std::move(prepare)) { set_anything_enough(); }

  void prepare_entry(io_uring_sqe& entry) noexcept override { prepare_(entry); }
  [[nodiscard]] operation_info info() const noexcept override { return {"raw_op"}; }

  /// The completion's `res`: a value or a negative errno. \throws operation_cancelled
  std::int32_t await_resume() const {
    throw_if_cancelled();
    return raw_result();
  }

 private:
  Prepare prepare_;
};

}  // namespace detail

/// Submits whatever io_uring entry `prepare(io_uring_sqe&)` fills in, for operations that this
/// library has no function for: `co_await raw_op([fd](io_uring_sqe& entry) {
/// io_uring_prep_tee(&entry, ...); })` gives the completion's `res`, an errno being negative.
///
/// What the kernel gives up without a reason, by ECANCELED, EINTR or EAGAIN, is submitted again, as
/// of every operation; but not closes and cancels, whose results are as they come. So is EAGAIN of
/// what asks not to wait (RWF_NOWAIT, MSG_DONTWAIT, IORING_ACCEPT_DONTWAIT, SPLICE_F_NONBLOCK,
/// RESOLVE_CACHED), and of all but the usual operations on files, sockets and paths, for elsewhere
/// it may be the answer: FUTEX_WAIT, where the value is another one. A cancel of one's own by a raw
/// ASYNC_CANCEL is no reason: cancel the task.
///
/// \param prepare Called for each submission, and when the kernel has given it up; it must not set
///     the user data, nor ask for several completions or for links. What it points the kernel at
///     must live until the await has ended.
///
/// \par Cancellation
/// The kernel is asked to cancel it; a result that arrived wins.
template <class Prepare>
[[nodiscard]] detail::raw_op<Prepare> raw_op(Prepare prepare) {
  return detail::raw_op<Prepare>(std::move(prepare));
}

}  // namespace lariat::io
