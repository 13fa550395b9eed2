// Empty calls to libuv's thread pool by uv_queue_work.

#include "calls.hpp"

#include <uv.h>

namespace {

void start(uv_work_t* request) {
  uv_queue_work(
      uv_default_loop(), request, [](uv_work_t*) {},
      [](uv_work_t* done, int) {
        if (static_cast<bench::calls*>(done->data)->count()) start(done);
      });
}

}  // namespace

int main(int argc, char** argv) {
  bench::calls work(argc, argv);
  setenv("UV_THREADPOOL_SIZE", std::to_string(work.threads).c_str(), 1);
  std::vector<uv_work_t> requests(work.queue);
  work.start();
  for (uv_work_t& request : requests) {
    request.data = &work;
    start(&request);
  }
  uv_run(uv_default_loop(), UV_RUN_DEFAULT);
  work.report("libuv");
}
