#pragma once

#include <lariat/io/net/address.hpp>
#include <lariat/io/testing/fault_plan.hpp>
#include <lariat/io/testing/link_options.hpp>
#include <lariat/sched/task/task.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

/// Programs run against a simulated kernel, from a seed. See docs/testing.md.
namespace lariat::testing {

/// Which simulation, and how hard it is on the program.
struct simulation_options {
  /// Everything that is left to chance follows from it. The environment variable LARIAT_SEED
  /// overrides it, to replay a failure.
  std::uint64_t seed = 1;
  io::testing::fault_plan faults = {};
  /// A run that takes longer, in virtual time, fails.
  std::chrono::nanoseconds time_limit = std::chrono::hours(24);
  /// Descriptors that are still open when a run has ended are a failure.
  bool descriptors_must_close = true;
};

/// What a simulation found wrong: a deadlock, a leak, misuse of a buffer. `what()` has the seed.
class simulation_failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A machine of its own: a file system in memory, a network, a clock that jumps to the next event
/// when every task waits, and no threads. The same code runs in it that runs on Linux: tasks,
/// timers, `to_thread`, files, TCP. Nothing of it reaches the real kernel: what is not simulated
/// fails with ENOSYS, EINVAL or EOPNOTSUPP. One seed gives one history, always.
///
/// Files stay from run to run; all else ends with the run. Sockets need no set-up: any address may
/// be bound. A connection to another host than the loopback comes from 10.0.0.1, or fd00::1, unless
/// connect_options::local says otherwise, so 10.0.0.2 is another host, with a link between that may
/// be slow, lose packets, or be cut.
///
/// \par Threads
/// Everything on one.
class simulation {
 public:
  explicit simulation(simulation_options options = {});
  simulation(const simulation&) = delete;
  simulation& operator=(const simulation&) = delete;
  ~simulation();

  /// Runs `main`, then cancels what is left and waits for its end, as `lariat::run` does.
  ///
  /// \throws what `main` throws; exception_group of the failures that nobody awaited;
  /// simulation_failure, for a deadlock with the tree of the tasks; std::logic_error inside a loop.
  template <class T>
  T run(task<T> main) {
    if constexpr (std::is_void_v<T>) {
      run_task(std::move(main));
    } else {
      std::optional<T> result;
      run_task(keep(std::move(main), result));
      return std::move(*result);
    }
  }

  /// The seed that it really has.
  [[nodiscard]] std::uint64_t seed() const noexcept;

  /// The virtual time since the beginning. It stands still while tasks run.
  [[nodiscard]] std::chrono::nanoseconds now() const noexcept;

  /// One of [0, limit), from the seed: for workloads. \pre limit > 0
  [[nodiscard]] std::uint64_t random(std::uint64_t limit) noexcept;

  /// Changes what goes wrong from now on.
  void set_faults(const io::testing::fault_plan& faults) noexcept;
  [[nodiscard]] const io::testing::fault_plan& faults() const noexcept;

  /// Makes a file, and the directories above it, or replaces its content. At once, also while
  /// tasks run, as another process would.
  void write_file(std::string_view path, std::string_view content);

  /// The content of a file; nothing if there is none.
  [[nodiscard]] std::optional<std::string> read_file(std::string_view path) const;

  /// Makes a FIFO, as mkfifo(3). \throws std::system_error
  void make_fifo(std::string_view path, unsigned permissions = 0666);

  /// What becomes of packets between two hosts, both ways; an any-address stands for every pair
  /// that has no link of its own. The ports do not matter.
  void set_link(const io::address& a, const io::address& b,
                const io::testing::link_options& link = {});

  /// Cuts the link between two hosts: nothing gets through, and nobody is told, until `mend`.
  void cut(const io::address& a, const io::address& b);
  void mend(const io::address& a, const io::address& b);

  /// The two descriptors of a pipe, as pipe(2) gives them: for code that takes over descriptors.
  struct pipe_ends {
    int reader;
    int writer;
  };
  [[nodiscard]] pipe_ends pipe();

 private:
  friend class simulation_probe;
  class machine;

  void run_task(task<> main);
  template <class T>
  static task<> keep(task<T> main, std::optional<T>& into) {
    into.emplace(co_await std::move(main));
  }

  std::unique_ptr<machine> machine_;
};

/// Throws simulation_failure with `text`, unless `holds`: for scenarios that need no test
/// framework.
void require(bool holds, std::string_view text);

}  // namespace lariat::testing
