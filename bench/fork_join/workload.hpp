#pragma once

#include "../common.hpp"
#include "../rounds.hpp"
#include "matmul.hpp"
#include "nqueens.hpp"
#include "uts.hpp"

#include <iterator>
#include <utility>

namespace bench {

/// How large a workload is: by default, as --size says, or small for --quick.
class fork_join_sizes {
 public:
  fork_join_sizes(int argc, char** argv)
      : quick_(option(argc, argv, "quick", std::string("no")) == "yes"),
        size_(option(argc, argv, "size", std::int64_t{0})) {}

  [[nodiscard]] std::uint64_t of(std::int64_t usual, std::int64_t quick) const {
    return static_cast<std::uint64_t>(quick_ ? quick : size_ != 0 ? size_ : usual);
  }

 private:
  bool quick_;
  std::int64_t size_;
};

inline std::uint64_t expected_fib(std::uint64_t n) {
  std::uint64_t value = 0;
  for (std::uint64_t next = 1; n > 0; --n) next = std::exchange(value, next) + next;
  return value;
}

inline std::uint64_t expected_nqueens(std::uint64_t n) {
  constexpr std::uint64_t known[] = {1,  1,   0,   2,    10,    4,     40,
                                     92, 352, 724, 2680, 14200, 73712, 365596};
  return n >= 1 && n <= std::size(known) ? known[n - 1] : 0;
}

/// Runs --workload in rounds, by a library with --workers, and prints the line. What the workload
/// is about is how the library forks, so a `Library` writes each of them out in its own way:
///
/// - `fib(n)`: two children, whose work is an addition. The price of a fork.
/// - `skynet(first, size)`: ten children; leaves give their number. The price of a wide fork.
/// - `nqueens(board)`: as many children as there are places.
/// - `matmul(block)`: four children, then four that add; leaves of some microseconds.
/// - `uts(tree)`: deep and unbalanced (t1 geometric, t3 binomial); a hash for each node.
///
/// Each is called from the main thread, and gives its value when all is done.
template <class Library>
class fork_join_workload {
 public:
  fork_join_workload(int argc, char** argv, const char* library)
      : library_name_(library),
        name_(option(argc, argv, "workload", std::string("fib"))),
        sizes_(argc, argv),
        timed_(argc, argv),
        library_(timed_.workers) {}

  int run() {
    const std::uint64_t expected = measure();
    if (result_ != expected) {
      std::fprintf(stderr, "%s: %lu is wrong, it should be %lu\n", name_.c_str(),
                   static_cast<unsigned long>(result_), static_cast<unsigned long>(expected));
      return 1;
    }
    std::printf("library=%s workload=%s workers=%u %s result=%lu peak_rss_mb=%.2f\n", library_name_,
                name_.c_str(), timed_.workers, timed_.text().c_str(),
                static_cast<unsigned long>(result_), double(peak_rss_bytes()) / 1e6);
    return 0;
  }

 private:
  std::uint64_t measure() {
    if (name_ == "fib") return fib();
    if (name_ == "skynet") return skynet();
    if (name_ == "nqueens") return nqueens();
    if (name_ == "matmul") return matmul();
    if (name_ == "uts_t1") {
      const unsigned depth = static_cast<unsigned>(sizes_.of(10, 6));
      return uts(uts_tree::geometric(19, 4, depth), depth == 10 ? 4130071 : 0);
    }
    if (name_ == "uts_t3") {
      const unsigned children = static_cast<unsigned>(sizes_.of(2000, 20));
      return uts(uts_tree::binomial(42, children, 0.124875, 8), children == 2000 ? 4112897 : 0);
    }
    fail(name_.c_str(), EINVAL);
  }

  std::uint64_t fib() {
    const std::uint64_t n = sizes_.of(37, 25);
    timed_.run([&] { result_ = library_.fib(static_cast<int>(n)); });
    return expected_fib(n);
  }

  std::uint64_t skynet() {
    const std::uint64_t size = sizes_.of(1'000'000, 10'000);
    timed_.run([&] { result_ = library_.skynet(0, size); });
    return size * (size - 1) / 2;
  }

  std::uint64_t nqueens() {
    const std::uint64_t columns = sizes_.of(13, 8);
    timed_.run([&] { result_ = library_.nqueens(queens(static_cast<unsigned>(columns))); });
    return expected_nqueens(columns);
  }

  std::uint64_t matmul() {
    matrices data(static_cast<unsigned>(sizes_.of(1024, 128)));
    timed_.run([&] { library_.matmul(data.product()); });
    result_ = data.sum();
    return data.expected();
  }

  // The number of nodes of a tree that is none of the known ones is what the library says.
  std::uint64_t uts(const uts_tree& tree, std::uint64_t expected) {
    timed_.run([&] { result_ = library_.uts(tree); });
    return expected != 0 ? expected : result_;
  }

  const char* library_name_;
  std::string name_;
  fork_join_sizes sizes_;
  timed_rounds timed_;
  Library library_;
  std::uint64_t result_ = 0;
};

}  // namespace bench
