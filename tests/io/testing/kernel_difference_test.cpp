// The simulated kernel against the real one: the same sequences of operations, drawn from a seed,
// on both. What they do differently on purpose is in io/README.md, "Where the kernels differ".

#include <lariat/io/driver/loop_driver.hpp>
#include <lariat/runtime/testing.hpp>
#include <lariat/sched/blocking/blocking_pool.hpp>

#include "child_process.hpp"
#include "coroutine_test.hpp"
#include "io/kernels/player.hpp"
#include "io/kernels/step.hpp"
#include "io/own_mounts.hpp"

#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

using namespace lariat;
using kernels::effect;
using kernels::limits;
using kernels::step;

namespace {

constexpr std::size_t steps_each = 40;
constexpr int differences_max = 8;

std::uint64_t factor() {
  const char* const given = std::getenv("LARIAT_SEEDS");
  return given == nullptr ? 1 : std::strtoull(given, nullptr, 0);
}

// The working directory of this process, a child: empty, and with nothing else on its disk if it is
// a file system of its own. It goes with the process, or by `remove`.
class scratch_directory {
 public:
  scratch_directory() {
    std::string name = std::filesystem::temp_directory_path() / "lariat-kernels-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
    if (::chdir(name.c_str()) != 0) std::abort();
  }
  scratch_directory(const scratch_directory&) = delete;
  ~scratch_directory() {
    (void)::chdir("/");
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
    std::filesystem::remove_all(path_);
  }

  // False where this process may not have one.
  bool mount_tmpfs(std::uint64_t bytes) {
    if (!make_own_mounts()) return false;
    const std::string options = "size=" + std::to_string(bytes);
    mounted_ = ::mount("none", path_.c_str(), "tmpfs", 0, options.c_str()) == 0;
    return mounted_ && ::chdir(path_.c_str()) == 0;
  }

  static void clear() {
    for (const auto& each : std::filesystem::directory_iterator(".")) {
      std::filesystem::remove_all(each);
    }
  }

 private:
  std::filesystem::path path_;
  bool mounted_ = false;
};

using effects = std::vector<effect>;

// Plays sequences on the real kernel, each in an empty directory.
std::vector<effects> play_here(io::loop_driver& driver,
                               const std::vector<std::vector<step>>& sequences) {
  const kernels::outside_calls outside{
      [](const char* name) { return ::mkfifo(name, 0640) == 0 ? 0 : -errno; },
      [](int(&ends)[2]) { return ::pipe2(ends, O_CLOEXEC) == 0 ? 0 : -errno; }};
  std::vector<effects> all;
  // The process's own threads stayed in the parent.
  blocking_pool threads;
  run_on_loop_over(driver, [&]() -> task<> {
    loop::current()->set_blocking(&threads);
    for (const std::vector<step>& each : sequences) {
      kernels::player player(outside);
      all.push_back(co_await player.play(each));
      scratch_directory::clear();
    }
  });
  return all;
}

effects play_simulated(const std::vector<step>& steps, const limits& allowed) {
  lariat::testing::simulation_options calm;
  calm.faults.delayed = 0;
  calm.faults.short_transfer = 0;
  calm.faults.cancel_too_late = 0;
  calm.faults.multishot_end = 0;
  calm.faults.given_up = 0;
  calm.faults.watch_buffers = false;
  calm.faults.disk_bytes = allowed.disk_bytes;
  calm.faults.file_bytes = allowed.file_bytes;
  lariat::testing::simulation world(calm);
  const kernels::outside_calls outside{[&](const char* name) {
                                         try {
                                           world.make_fifo(name, 0640);
                                         } catch (const std::system_error& error) {
                                           return -error.code().value();
                                         }
                                         return 0;
                                       },
                                       [&](int(&ends)[2]) {
                                         const auto made = world.pipe();
                                         ends[0] = made.reader;
                                         ends[1] = made.writer;
                                         return 0;
                                       },
                                       true};
  effects all;
  world.run([](const kernels::outside_calls& calls, const std::vector<step>& sequence,
               effects& into) -> task<> {
    kernels::player player(calls);
    into = co_await player.play(sequence);
  }(outside, steps, all));
  return all;
}

class comparison {
 public:
  explicit comparison(const limits& allowed) : allowed_(allowed) {}

  // Plays the sequences of these seeds. False if there is enough to look at.
  bool compare(std::uint64_t first_seed, std::uint64_t count) {
    std::vector<std::vector<step>> sequences;
    for (std::uint64_t seed = first_seed; seed < first_seed + count; ++seed) {
      sequences.push_back(kernels::draw_steps(seed, steps_each, allowed_));
    }
    const std::vector<effects> here = play_here(driver_, sequences);
    for (std::uint64_t i = 0; i < count; ++i) {
      operations_ += sequences[i].size();
      if (here[i] == play_simulated(sequences[i], allowed_)) continue;
      explain(first_seed + i, sequences[i]);
      if (++differences_ == differences_max) break;
    }
    return differences_ < differences_max;
  }

  std::uint64_t operations() const { return operations_; }
  bool agrees() const { return differences_ == 0; }
  bool knows(unsigned opcode) const { return driver_.supports(opcode); }

 private:
  bool differs(const std::vector<step>& steps) {
    return play_here(driver_, {steps})[0] != play_simulated(steps, allowed_);
  }

  // Leaves out what the difference does not need, and prints what is left.
  void explain(std::uint64_t seed, std::vector<step> steps) {
    say("seed %llu:\n", static_cast<unsigned long long>(seed));
    for (std::size_t part = steps.size() / 2; part > 0; part /= 2) {
      for (std::size_t at = 0; at < steps.size();) {
        std::vector<step> fewer = steps;
        const auto begin = fewer.begin() + static_cast<std::ptrdiff_t>(at);
        fewer.erase(begin, begin + static_cast<std::ptrdiff_t>(std::min(part, fewer.size() - at)));
        if (differs(fewer)) {
          steps = std::move(fewer);
        } else {
          at += part;
        }
      }
    }
    const effects here = play_here(driver_, {steps})[0];
    const effects simulated = play_simulated(steps, allowed_);
    for (std::size_t i = 0; i < steps.size(); ++i) {
      say("  %s\n", kernels::to_text(steps[i]).c_str());
      if (here[i] == simulated[i]) {
        say("    %s\n", kernels::to_text(here[i]).c_str());
      } else {
        say("    real:      %s\n", kernels::to_text(here[i]).c_str());
        say("    simulated: %s\n", kernels::to_text(simulated[i]).c_str());
      }
    }
  }

  limits allowed_;
  io::loop_driver driver_;
  std::uint64_t operations_ = 0;
  int differences_ = 0;
};

constexpr int cannot_compare = 77;  // No tmpfs to be had, or another Linux than is simulated.
constexpr unsigned opcode_ftruncate = 55;  // Linux 6.9

// In a process of its own, for its working directory, its limits and its mounts.
int compare_in_child(limits allowed, std::uint64_t sequences) {
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);
  ::umask(0);
  scratch_directory here;
  if (allowed.is_tmpfs && !here.mount_tmpfs(allowed.disk_bytes)) return cannot_compare;
  rlimit longest{};
  ::getrlimit(RLIMIT_FSIZE, &longest);
  if (allowed.file_bytes < INT64_MAX) {
    longest.rlim_cur = allowed.file_bytes;
    ::setrlimit(RLIMIT_FSIZE, &longest);
  }
  comparison both(allowed);
  if (!both.knows(opcode_ftruncate)) return cannot_compare;
  const char* const only = std::getenv("LARIAT_SEED");
  if (only != nullptr) {
    both.compare(std::strtoull(only, nullptr, 0), 1);
    return both.agrees() ? 0 : 1;
  }
  constexpr std::uint64_t batch = 50;
  for (std::uint64_t seed = 1; seed <= sequences; seed += batch) {
    ::alarm(300);
    if (!both.compare(seed, std::min(batch, sequences - seed + 1))) break;
  }
  say("%llu sequences, %llu operations on each kernel\n",
      static_cast<unsigned long long>(sequences),
      static_cast<unsigned long long>(both.operations()));
  return both.agrees() ? 0 : 1;
}

void compare(const limits& allowed, std::uint64_t sequences) {
  if (!children_may_have_threads) return;
  child_process child([&] { return compare_in_child(allowed, sequences * factor()); });
  INFO(child.output());
  if (std::getenv("LARIAT_SEEDS") != nullptr && child.status() == 0) WARN(child.output());
  if (child.status() == cannot_compare) {
    WARN("not compared: no tmpfs to be had, or another Linux than is simulated");
    return;
  }
  CHECK(child.status() == 0);
}

}  // namespace

TEST_CASE("both kernels do the same on a small disk", "[io][kernel][difference]") {
  limits small;
  small.is_tmpfs = true;
  small.disk_bytes = 64 * 1024;
  compare(small, 50);
}

TEST_CASE("both kernels do the same where files may not grow", "[io][kernel][difference]") {
  limits short_files;
  short_files.is_tmpfs = true;
  short_files.disk_bytes = 16 << 20;
  short_files.file_bytes = 50'000;
  compare(short_files, 50);
}

TEST_CASE("both kernels do the same in a directory", "[io][kernel][difference]") {
  compare(limits(), 50);
}
