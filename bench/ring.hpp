#pragma once

#include "common.hpp"

#include <liburing.h>

namespace bench {

/// A ring set up as a single-threaded loop should: completions only in the owner's own waits, and
/// its descriptor registered. For the plain C references; construct and start it on its thread.
class ring {
 public:
  ring() = default;
  ring(const ring&) = delete;
  ring& operator=(const ring&) = delete;
  ~ring() {
    if (started_) io_uring_queue_exit(&ring_);
  }

  void start(unsigned entries) {
    // COOP_TASKRUN alone is what kernels before 6.1 understand.
    const unsigned ladder[] = {IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
                               IORING_SETUP_COOP_TASKRUN};
    int result = -EINVAL;
    for (unsigned flags : ladder) {
      io_uring_params params = {};
      params.flags = flags | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
      params.cq_entries = 4 * entries;
      result = io_uring_queue_init_params(entries, &ring_, &params);
      if (result != -EINVAL) break;
    }
    check(result, "io_uring_queue_init_params");
    check(io_uring_register_ring_fd(&ring_), "io_uring_register_ring_fd");
    started_ = true;
  }

  io_uring* get() { return &ring_; }
  int fd() const { return ring_.ring_fd; }

  /// A free entry; hands the full queue to the kernel first if there is none.
  io_uring_sqe* next_sqe() {
    io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
    if (sqe != nullptr) return sqe;
    check(io_uring_submit(&ring_), "io_uring_submit");
    return io_uring_get_sqe(&ring_);
  }

  void submit_and_wait() {
    int result = io_uring_submit_and_wait(&ring_, 1);
    if (result != -EINTR) check(result, "io_uring_submit_and_wait");
  }

  template <class Handler>
  void for_each_completion(Handler handler) {
    unsigned head;
    unsigned count = 0;
    io_uring_cqe* cqe;
    io_uring_for_each_cqe(&ring_, head, cqe) {
      handler(cqe);
      ++count;
    }
    io_uring_cq_advance(&ring_, count);
  }

 private:
  io_uring ring_ = {};
  bool started_ = false;
};

}  // namespace bench
