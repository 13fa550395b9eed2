// What handing a word from a thread to a sleeping ring costs, by each means the kernel offers:
// the floor under every offload. No library: plain liburing and futexes.
//
//   handover --means eventfd|eventfd_read|msg_ring|send_msg_ring|futex --seconds 1 --pause-us 0
//            --loop-core 0 --worker-core 1
//
// A loop thread wakes a worker (by futex; with msg_ring by that, the worker then sleeps in a ring
// of its own) and sleeps; the worker answers by the means. With a pause the worker lets the loop
// fall asleep for certain before it answers. one_way is from before the answer's system call to
// the loop's first instruction after its wait.

#include "../ring.hpp"

#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>

#include <atomic>
#include <thread>

using namespace bench;

namespace {

constexpr int register_send_msg_ring = 31;  // IORING_REGISTER_SEND_MSG_RING, Linux 6.13.

void futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t while_equal) {
  syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, while_equal, nullptr, nullptr, 0);
}

void futex_wake(std::atomic<std::uint32_t>& word) {
  syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

struct channel {
  std::string means;
  std::int64_t pause_us = 0;

  ring* loop = nullptr;    // Sleeps for the answers.
  ring* worker = nullptr;  // Sleeps for the requests; only with msg_ring.
  int event = -1;
  std::atomic<std::uint32_t> request{0};
  std::atomic<std::uint32_t> answer{0};
  std::atomic<bool> worker_ready{false};
  std::atomic<bool> stopping{false};
  std::int64_t answered_at = 0;  // Written before the answer is sent, read after it arrived.
};

void prepare_message(io_uring_sqe* sqe, int ring_fd, std::uint64_t data) {
  io_uring_prep_msg_ring(sqe, ring_fd, 0, data, 0);
}

void send_answer(channel& c) {
  if (c.pause_us > 0) usleep(static_cast<useconds_t>(c.pause_us));
  c.answered_at = wall_ns();
  if (c.means == "futex") {
    c.answer.fetch_add(1, std::memory_order_release);
    futex_wake(c.answer);
  } else if (c.means == "msg_ring") {
    io_uring_sqe* sqe = c.worker->next_sqe();
    prepare_message(sqe, c.loop->fd(), 1);
    sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
    // The worker's next wait submits it: one system call for both.
  } else if (c.means == "send_msg_ring") {
    io_uring_sqe sqe = {};
    prepare_message(&sqe, c.loop->fd(), 1);
    check(syscall(SYS_io_uring_register, -1, register_send_msg_ring, &sqe, 1), "send_msg_ring");
  } else {
    std::uint64_t one = 1;
    check(write(c.event, &one, sizeof one), "write");
  }
}

// Without this the scheduler may put both threads on one core, which is another measurement.
void pin_to(std::int64_t core) {
  if (core < 0) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<int>(core), &set);
  check(sched_setaffinity(0, sizeof set, &set), "sched_setaffinity");
}

void work(channel& c, std::int64_t core) {
  pin_to(core);
  const bool by_ring = c.means == "msg_ring";
  ring own;
  if (by_ring) {
    own.start(64);
    c.worker = &own;
  }
  c.worker_ready = true;
  c.worker_ready.notify_one();
  for (std::uint32_t seen = 0;;) {
    if (by_ring) {
      own.submit_and_wait();
      own.for_each_completion([](io_uring_cqe*) {});
    } else {
      while (c.request.load(std::memory_order_acquire) == seen) futex_wait(c.request, seen);
      ++seen;
    }
    if (c.stopping) return;
    send_answer(c);
  }
}

void send_request(channel& c) {
  if (c.worker != nullptr) {
    io_uring_sqe* sqe = c.loop->next_sqe();
    prepare_message(sqe, c.worker->fd(), 1);
    sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
  } else {
    c.request.fetch_add(1, std::memory_order_release);
    futex_wake(c.request);
  }
}

void wait_for_answer(channel& c, std::uint32_t seen, std::uint64_t& counter) {
  if (c.means == "futex") {
    while (c.answer.load(std::memory_order_acquire) == seen) futex_wait(c.answer, seen);
    return;
  }
  if (c.means == "eventfd_read") {
    io_uring_prep_read(c.loop->next_sqe(), c.event, &counter, sizeof counter, 0);
  }
  c.loop->submit_and_wait();
  bool polled = false;
  bool rearm = false;
  c.loop->for_each_completion([&](io_uring_cqe* cqe) {
    check(cqe->res, "completion");
    polled = c.means == "eventfd";
    rearm = polled && (cqe->flags & IORING_CQE_F_MORE) == 0;
  });
  if (rearm) io_uring_prep_poll_multishot(c.loop->next_sqe(), c.event, POLLIN);
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = option(argc, argv, "seconds", 1.0);
  end_after(static_cast<std::int64_t>(seconds) + 30);
  channel c;
  c.means = option(argc, argv, "means", "eventfd");
  c.pause_us = option(argc, argv, "pause-us", std::int64_t{0});
  ring loop;
  loop.start(64);
  c.loop = &loop;
  // A multishot poll completes once per write, so nobody needs to read the counter back to zero.
  c.event = check(eventfd(0, EFD_CLOEXEC), "eventfd");
  if (c.means == "eventfd") {
    io_uring_sqe* sqe = loop.next_sqe();
    io_uring_prep_poll_multishot(sqe, c.event, POLLIN);
  }
  std::thread worker(work, std::ref(c), option(argc, argv, "worker-core", std::int64_t{-1}));
  pin_to(option(argc, argv, "loop-core", std::int64_t{-1}));
  c.worker_ready.wait(false);

  samples round_trip;
  samples one_way;
  std::uint64_t counter = 0;
  const std::int64_t cpu_before = cpu_ns();
  const std::int64_t end = wall_ns() + static_cast<std::int64_t>(seconds * 1e9);
  std::int64_t now = wall_ns();
  for (std::uint32_t seen = 0; now < end; ++seen) {
    const std::int64_t sent = wall_ns();
    send_request(c);
    wait_for_answer(c, seen, counter);
    now = wall_ns();
    round_trip.add(now - sent);
    one_way.add(now - c.answered_at);
  }
  const std::int64_t cpu = cpu_ns() - cpu_before;
  c.stopping = true;
  send_request(c);
  check(io_uring_submit(loop.get()), "io_uring_submit");
  worker.join();
  std::printf(
      "library=handover means=%s calls=%ld p50_us=%.2f mean_us=%.2f one_way_p50_us=%.2f "
      "cpu_us_per_call=%.2f\n",
      c.means.c_str(), round_trip.count(), round_trip.quantile(0.5) / 1e3, round_trip.mean() / 1e3,
      one_way.quantile(0.5) / 1e3, double(cpu) / double(round_trip.count()) / 1e3);
}
