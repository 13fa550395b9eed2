#pragma once

#include "../rounds.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace bench {

/// Ten million numbers, and an --algorithm over them by a library with --workers:
///
/// - `for_each_index(count, body)`: a body of a few instructions, where only dividing the work
///   costs.
/// - `sum(numbers)`: the same for a reduction.
/// - `sort(numbers)`: random ones, anew for each round.
template <class Library>
int measure_parallel(int argc, char** argv, const char* library_name) {
  const std::string algorithm = option(argc, argv, "algorithm", std::string("for"));
  const bool quick = option(argc, argv, "quick", std::string("no")) == "yes";
  const std::int64_t usual = quick ? 100'000 : 10'000'000;
  timed_rounds timed(argc, argv);
  std::vector<std::uint32_t> numbers(static_cast<std::size_t>(option(argc, argv, "size", usual)));
  random_numbers random;
  for (std::uint32_t& each : numbers) each = static_cast<std::uint32_t>(random.next());

  Library library(timed.workers);
  bool right = true;
  if (algorithm == "for") {
    std::vector<std::uint32_t> results(numbers.size());
    timed.run([&] {
      library.for_each_index(numbers.size(), [from = numbers.data(), to = results.data()](
                                                 std::size_t i) { to[i] = 5 * from[i] + 1; });
    });
    for (std::size_t i = 0; i < numbers.size(); ++i) right &= results[i] == 5 * numbers[i] + 1;
  } else if (algorithm == "reduce") {
    std::uint64_t expected = 0;
    for (std::uint32_t each : numbers) expected += each;
    std::uint64_t sum = 0;
    timed.run([&] { sum = library.sum(numbers); });
    right = sum == expected;
  } else if (algorithm == "sort") {
    std::vector<int> sorted(numbers.size());
    timed.run([&] { std::copy(numbers.begin(), numbers.end(), sorted.begin()); },
              [&] { library.sort(sorted); });
    right = std::is_sorted(sorted.begin(), sorted.end());
  } else {
    fail(algorithm.c_str(), EINVAL);
  }
  if (!right) {
    std::fprintf(stderr, "%s: wrong result\n", algorithm.c_str());
    return 1;
  }
  std::printf("library=%s algorithm=%s workers=%u %s\n", library_name, algorithm.c_str(),
              timed.workers, timed.text().c_str());
  return 0;
}

}  // namespace bench
