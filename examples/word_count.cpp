// Counts the words of text files in parallel and prints the most frequent ones: the loop reads the
// files, the pool counts pieces of them and adds up the counts.
//
//   word_count [FILE...]        /usr/share/common-licenses/GPL-3 unless told otherwise

#include <lariat/lariat.hpp>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <functional>
#include <ranges>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

using namespace lariat;

using counts = std::unordered_map<std::string, std::size_t>;

counts count_words(std::string_view text) {
  counts found;
  const auto is_letter = [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; };
  for (auto at = text.begin(); (at = std::find_if(at, text.end(), is_letter)) != text.end();) {
    const auto end = std::find_if_not(at, text.end(), is_letter);
    std::string word(at, end);
    std::ranges::transform(word, word.begin(), [](unsigned char c) { return std::tolower(c); });
    ++found[std::move(word)];
    at = end;
  }
  return found;
}

counts add(counts sum, counts more) {
  if (sum.size() < more.size()) sum.swap(more);
  for (const auto& [word, count] : more) sum[word] += count;
  return sum;
}

// Pieces of about 64 KiB that end between words.
std::vector<std::string_view> pieces_of(std::string_view text) {
  std::vector<std::string_view> pieces;
  while (!text.empty()) {
    std::size_t end = std::min<std::size_t>(64 * 1024, text.size());
    while (end < text.size() && std::isspace(static_cast<unsigned char>(text[end])) == 0) ++end;
    pieces.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return pieces;
}

task<int> word_count(std::vector<std::string> paths) {
  counts all;
  for (const std::string& path : paths) {
    const std::string text = co_await io::fs::read_file(path);
    const std::vector<std::string_view> pieces = pieces_of(text);
    counts of_file = co_await parallel_reduce(pieces, counts(), add, count_words);
    all = add(std::move(all), std::move(of_file));
  }
  std::vector<std::pair<std::string, std::size_t>> ranked(all.begin(), all.end());
  const auto more = [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  };
  co_await parallel_sort(ranked, more);
  for (const auto& [word, count] : ranked | std::views::take(10)) {
    std::printf("%7zu %s\n", count, word.c_str());
  }
  co_return 0;
}

int main(int argc, char** argv) {
  std::vector<std::string> paths(argv + 1, argv + argc);
  if (paths.empty()) paths.emplace_back("/usr/share/common-licenses/GPL-3");
  return run_main(word_count(std::move(paths)));
}
