// Cached random reads by pread(2), one after the other: the floor for a queue depth of one.

#include "reads.hpp"

using namespace bench;

int main(int argc, char** argv) {
  reads work(argc, argv);
  work.start();
  for (bool more = true; more;) {
    const auto offset = static_cast<off_t>(work.next_offset());
    more = work.count(check(pread(work.descriptor, work.buffer(0), reads::block, offset), "pread"));
  }
  work.report("pread");
}
