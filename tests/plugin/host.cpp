// Opens and closes a shared object that contains lariat, again and again, as a program does with
// its plugins. Contains none itself.
//
// usage: host PLUGIN

#include <dlfcn.h>
#include <link.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <future>
#include <thread>

namespace {

void check(bool right, const char* what) {
  if (right) return;
  std::fprintf(stderr, "not so: %s\n", what);
  std::exit(1);
}

class plugin {
 public:
  explicit plugin(const char* path) : handle_(::dlopen(path, RTLD_NOW | RTLD_LOCAL)) {
    if (handle_ != nullptr) return;
    std::fprintf(stderr, "%s\n", ::dlerror());
    std::exit(1);
  }
  plugin(const plugin&) = delete;
  plugin& operator=(const plugin&) = delete;
  ~plugin() { check(::dlclose(handle_) == 0, "the plugin is closed"); }

  [[nodiscard]] int call(const char* name) const {
    void* const found = ::dlsym(handle_, name);
    check(found != nullptr, name);
    return reinterpret_cast<int (*)()>(found)();
  }

 private:
  void* handle_;
};

// How much thread-local storage the object of that name has.
std::size_t thread_local_bytes(const char* path) {
  struct wanted {
    const char* path;
    std::size_t bytes = 0;
  } search{path};
  ::dl_iterate_phdr(
      [](dl_phdr_info* object, std::size_t, void* data) {
        auto& found = *static_cast<wanted*>(data);
        if (std::strcmp(object->dlpi_name, found.path) != 0) return 0;
        for (int i = 0; i < object->dlpi_phnum; ++i) {
          if (object->dlpi_phdr[i].p_type == PT_TLS) found.bytes = object->dlpi_phdr[i].p_memsz;
        }
        return 1;
      },
      &search);
  return search.bytes;
}

void on_this_thread(const char* path) {
  for (int round = 0; round < 20; ++round) {
    const plugin opened(path);
    check(opened.call("loaded") == 2, "a static object runs a loop");
    check(opened.call("run_a_loop") == 2, "a loop runs");
    check(opened.call("use_the_pool") == 1, "the pool computes");
  }
}

void on_threads_that_end(const char* path) {
  for (int round = 0; round < 20; ++round) {
    const plugin opened(path);
    std::thread([&] { check(opened.call("run_a_loop") == 2, "a loop runs on a thread"); }).join();
    std::thread([&] { check(opened.call("use_the_pool") == 1, "the pool serves one"); }).join();
  }
}

// The threads that have used it, and its own, end after it was closed.
void on_threads_that_outlive_it(const char* path) {
  for (int round = 0; round < 20; ++round) {
    std::promise<void> used;
    std::promise<void> closed;
    std::thread user;
    {
      const plugin opened(path);
      user = std::thread([&] {
        check(opened.call("run_a_loop") == 2, "a loop runs on a thread");
        used.set_value();
        closed.get_future().wait();
      });
      used.get_future().wait();
    }
    closed.set_value();
    user.join();
  }
}

}  // namespace

int main(int count, char** arguments) {
  check(count == 2, "there is one argument, the plugin");
  const char* const path = arguments[1];
  on_threads_that_outlive_it(path);
  on_threads_that_end(path);
  on_this_thread(path);
  const plugin opened(path);
  check(thread_local_bytes(path) <= 2 * sizeof(void*), "two words of thread-local storage suffice");
}
