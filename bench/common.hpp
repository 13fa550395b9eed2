#pragma once

#include <fcntl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

// What every benchmark program shares, so that they differ in nothing but the library: the
// command line (`--name value`), the clocks, and the statistics.
namespace bench {

/// The value after `--name`, or `otherwise`. An unknown option is not looked at: the harness gives
/// each program of a workload the same line.
inline std::string option(int argc, char** argv, std::string_view name, std::string otherwise) {
  for (int i = 1; i + 1 < argc; ++i) {
    std::string_view word = argv[i];
    if (word.starts_with("--") && word.substr(2) == name) return argv[i + 1];
  }
  return otherwise;
}

inline std::int64_t option(int argc, char** argv, std::string_view name, std::int64_t otherwise) {
  return std::stoll(option(argc, argv, name, std::to_string(otherwise)));
}

inline double option(int argc, char** argv, std::string_view name, double otherwise) {
  return std::stod(option(argc, argv, name, std::to_string(otherwise)));
}

/// Ends the process after `seconds` whatever happens to the one that started it.
inline void end_after(std::int64_t seconds) { alarm(static_cast<unsigned>(seconds)); }

inline std::int64_t clock_ns(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * std::int64_t{1'000'000'000} + now.tv_nsec;
}

inline std::int64_t wall_ns() { return clock_ns(CLOCK_MONOTONIC); }

/// CPU time of all threads of this process, those that the kernel made for it (io-wq) included.
inline std::int64_t cpu_ns() { return clock_ns(CLOCK_PROCESS_CPUTIME_ID); }

/// Resident memory of process `pid` ("self" is one), from the page tables rather than the
/// kernel's batched counters, which are off by up to some hundred pages.
inline std::int64_t rss_bytes(const std::string& pid = "self") {
  std::string path = "/proc/" + pid + "/smaps_rollup";
  FILE* file = std::fopen(path.c_str(), "r");
  if (file == nullptr) return 0;
  char line[256];
  long kib = 0;
  while (std::fgets(line, sizeof line, file) != nullptr) {
    if (std::sscanf(line, "Rss: %ld kB", &kib) == 1) break;
  }
  std::fclose(file);
  return std::int64_t{kib} * 1024;
}

/// xorshift64*: the same numbers in every program, at a cost that does not show.
class random_numbers {
 public:
  explicit random_numbers(std::uint64_t seed = 0x9e3779b97f4a7c15u) : state_(seed) {}

  std::uint64_t next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545f4914f6cdd1du;
  }

  /// A number below `bound`, which is less than 2^32.
  std::uint64_t below(std::uint64_t bound) { return ((next() >> 32) * bound) >> 32; }

 private:
  std::uint64_t state_;
};

/// Durations in nanoseconds; keeps the first `capacity` of them and the mean of all.
class samples {
 public:
  explicit samples(std::size_t capacity = 1'000'000) { values_.reserve(capacity); }

  void add(std::int64_t ns) {
    sum_ += ns;
    ++count_;
    if (values_.size() < values_.capacity()) values_.push_back(ns);
  }

  std::int64_t count() const { return count_; }
  double mean() const { return count_ == 0 ? 0 : double(sum_) / double(count_); }

  double quantile(double q) {
    if (values_.empty()) return 0;
    auto at = static_cast<std::size_t>(q * double(values_.size() - 1));
    std::nth_element(values_.begin(), values_.begin() + std::ptrdiff_t(at), values_.end());
    return double(values_[at]);
  }

 private:
  std::vector<std::int64_t> values_;
  std::int64_t sum_ = 0;
  std::int64_t count_ = 0;
};

[[noreturn]] inline void fail(const char* what, int error) {
  std::fprintf(stderr, "%s: %s\n", what, std::strerror(error));
  std::exit(1);
}

/// Ends the program with the name of the call if a C call returned -1, or liburing a -errno.
template <class T>
T check(T result, const char* what) {
  if (result < 0) fail(what, result == -1 ? errno : static_cast<int>(-result));
  return result;
}

}  // namespace bench
