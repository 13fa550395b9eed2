#pragma once

#include <string>
#include <vector>

namespace lariat::detail {

/// The CPUs of this thread's affinity mask, in order; empty if the kernel does not say. For a
/// thread that is pinned by `pinned_thread` those that it may use otherwise.
[[nodiscard]] std::vector<unsigned> affine_cpus();

/// Reads a list as the kernel and `taskset -c` write it, "0-3,8".
/// \throws std::invalid_argument, naming the list.
[[nodiscard]] std::vector<unsigned> cpus_in(const char* list);

/// As such a list.
[[nodiscard]] std::string cpu_list_text(const std::vector<unsigned>& cpus);

inline constexpr unsigned cpus_max = 8192;  ///< The most that Linux is built for.

/// A set of CPUs, as the kernel takes it: a cpu_set_t has room for 1024, and the kernel refuses a
/// mask that is too small.
class cpu_mask {
 public:
  /// Those that this thread may use. False if the kernel refuses.
  [[nodiscard]] bool read() noexcept;
  /// Makes them those that this thread may use. False if the kernel refuses.
  [[nodiscard]] bool apply() noexcept;
  void add(unsigned cpu) noexcept { words_[cpu / bits] |= 1UL << cpu % bits; }
  [[nodiscard]] bool has(unsigned cpu) const noexcept {
    return (words_[cpu / bits] >> cpu % bits & 1) != 0;
  }
  /// The one CPU that it has; -1 if it has more, or none.
  [[nodiscard]] int only() const noexcept;

 private:
  static constexpr unsigned bits = 8 * sizeof(unsigned long);
  unsigned long words_[cpus_max / bits] = {};
};

/// Pins this thread to one CPU while it lives, and then lets it run again where it did before.
class pinned_thread {
 public:
  /// Whether that can be done. \throws std::system_error, naming the CPU, if not.
  static void check(unsigned cpu);

  /// Does nothing if `cpu` is negative, or has gone since it was checked.
  explicit pinned_thread(int cpu);
  pinned_thread(const pinned_thread&) = delete;
  pinned_thread& operator=(const pinned_thread&) = delete;
  ~pinned_thread();

 private:
  cpu_mask before_;
  bool pinned_ = false;
};

/// Lets a thread that is pinned run on all its CPUs while it starts another, which would inherit
/// the pin. Does nothing on others, and costs them one load unless some thread was pinned.
class unpinned_scope {
 public:
  unpinned_scope() noexcept;
  unpinned_scope(const unpinned_scope&) = delete;
  unpinned_scope& operator=(const unpinned_scope&) = delete;
  ~unpinned_scope();

 private:
  int cpu_ = -1;
};

}  // namespace lariat::detail
