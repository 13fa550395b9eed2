#pragma once

#include <lariat/io/file/file.hpp>
#include <lariat/sched/task/task.hpp>

#include "step.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace kernels {

/// What came of a step: the value or the negative errno, and what was read.
struct effect {
  std::int64_t result = 0;
  std::string detail;
  friend bool operator==(const effect&, const effect&) = default;
};

/// What a program cannot ask of a ring.
struct outside_calls {
  std::function<int(const char*)> mkfifo;  ///< 0 or a negative errno.
  std::function<int(int (&)[2])> pipe;
  bool settle = false;  ///< Lets time pass after each step, so that packets arrive.
};

/// Plays sequences on the kernel below the loop that it runs on, one operation at a time.
class player {
 public:
  explicit player(const outside_calls& outside) : outside_(outside) {}

  lariat::task<std::vector<effect>> play(std::span<const step> steps);

 private:
  struct slot {
    lariat::io::file file;
    std::uint64_t most = ~std::uint64_t{0};  // How much is written at once.
    bool is_root = false;
    bool waits = false;  // A read or write may wait for ever: a pipe, a socket.
  };

  lariat::task<effect> play_one(const step& each);
  lariat::task<effect> on_slot(const step& each);
  lariat::task<effect> on_names(const step& each);
  lariat::task<effect> on_socket(const step& each);
  lariat::task<effect> on_file(const step& each);
  lariat::task<effect> on_fs(const step& each);

  lariat::task<effect> open(const step& each);
  lariat::task<effect> transfer(const step& each);
  lariat::task<effect> transfer_vector(const step& each);
  lariat::task<effect> stat(int fd, const char* name, int flags, bool is_root);
  lariat::task<effect> look(const step& each);
  lariat::task<effect> make_outside(const step& each);

  int fd(unsigned which) const { return slots_[which].file.native_handle(); }

  const outside_calls& outside_;
  std::array<slot, slots> slots_;
};

/// "-ENOSPC", "100, abc".
std::string to_text(const effect& each);

}  // namespace kernels
