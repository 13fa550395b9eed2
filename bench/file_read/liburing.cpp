// Cached random reads in plain C on liburing: the reference.

#include "../ring.hpp"
#include "reads.hpp"

using namespace bench;

int main(int argc, char** argv) {
  reads work(argc, argv);
  ring loop;
  loop.start(256);
  unsigned in_flight = 0;
  auto submit = [&](unsigned slot) {
    io_uring_sqe* sqe = loop.next_sqe();
    io_uring_prep_read(sqe, work.descriptor, work.buffer(slot), reads::block, work.next_offset());
    io_uring_sqe_set_data64(sqe, slot);
    ++in_flight;
  };
  work.start();
  for (unsigned slot = 0; slot < work.depth; ++slot) submit(slot);
  while (in_flight > 0) {
    loop.submit_and_wait();
    loop.for_each_completion([&](io_uring_cqe* cqe) {
      --in_flight;
      if (work.count(cqe->res)) submit(static_cast<unsigned>(cqe->user_data));
    });
  }
  work.report("liburing");
}
