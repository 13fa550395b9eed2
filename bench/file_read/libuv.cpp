// Cached random reads on libuv: uv_fs_read goes through its thread pool.

#include "reads.hpp"

#include <uv.h>

namespace {

struct request {
  uv_fs_t fs;
  bench::reads* work;
  unsigned slot;
};

void finished(uv_fs_t* fs);

void start(request& r) {
  uv_buf_t buffer = uv_buf_init(r.work->buffer(r.slot), bench::reads::block);
  uv_fs_read(uv_default_loop(), &r.fs, r.work->descriptor, &buffer, 1,
             static_cast<std::int64_t>(r.work->next_offset()), finished);
}

void finished(uv_fs_t* fs) {
  auto& r = *static_cast<request*>(fs->data);
  const auto result = fs->result;
  uv_fs_req_cleanup(fs);
  if (r.work->count(result)) start(r);
}

}  // namespace

int main(int argc, char** argv) {
  bench::reads work(argc, argv);
  std::vector<request> requests(work.depth);
  work.start();
  for (unsigned slot = 0; slot < work.depth; ++slot) {
    request& r = requests[slot];
    r.work = &work;
    r.slot = slot;
    r.fs.data = &r;
    start(r);
  }
  uv_run(uv_default_loop(), UV_RUN_DEFAULT);
  work.report("libuv");
}
