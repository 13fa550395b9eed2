#include "checksum.hpp"

#include "digest.hpp"

#include <lariat/io/file/file.hpp>
#include <lariat/sched/pool/to_pool.hpp>
#include <lariat/sched/scope/when_all.hpp>

#include <algorithm>
#include <memory>
#include <span>
#include <system_error>
#include <utility>

namespace treesum {
namespace {

using namespace lariat;

constexpr std::uint64_t chunk_min = 4 * 1024;  // Files in /proc claim to be empty.
constexpr std::uint64_t chunk_max = 128 * 1024;

task<std::string> sum_of(std::string path, progress& so_far) {
  io::file input = co_await io::file::open(path);
  const std::size_t chunk = std::clamp(input.size(), chunk_min, chunk_max);
  const auto memory = std::make_unique_for_overwrite<std::byte[]>(2 * chunk);
  std::span<std::byte> filled(memory.get(), chunk);
  std::span<std::byte> spare(memory.get() + chunk, chunk);
  sha256 digest;
  std::size_t count = co_await input.read_some(filled);
  while (count > 0) {
    // A worker hashes this chunk while the kernel reads the next one.
    const auto both = co_await when_all(to_pool(&sha256::update, &digest, filled.first(count)),
                                        input.read_some(spare));
    so_far.bytes += count;
    count = both.second;
    std::swap(filled, spare);
  }
  co_return digest.finish();
}

}  // namespace

task<checksum> checksum_of(std::string path, progress& so_far) {
  checksum result;
  try {
    result.sum = co_await sum_of(path, so_far);
  } catch (const std::system_error& error) {
    result.error = error.what();
  }
  result.path = std::move(path);
  ++so_far.files;
  co_return result;
}

std::string line_of(const checksum& of) {
  if (of.path.find_first_of("\\\n\r") == of.path.npos) return of.sum + "  " + of.path + "\n";
  // A backslash before the sum says that there are escapes in the name.
  std::string line = "\\" + of.sum + "  ";
  for (const char c : of.path) {
    switch (c) {
      case '\\':
        line += "\\\\";
        break;
      case '\n':
        line += "\\n";
        break;
      case '\r':
        line += "\\r";
        break;
      default:
        line += c;
    }
  }
  return line + "\n";
}

}  // namespace treesum
