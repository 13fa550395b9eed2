#include <lariat/sched/thread/detail/affinity.hpp>

#include <lariat/sched/thread/detail/fork_listener.hpp>
#include <lariat/sched/thread/detail/process_object.hpp>

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string_view>
#include <system_error>

namespace lariat::detail {
namespace {

// What the first thread that was pinned could use before: what all may use that are not pinned.
constinit process_object<cpu_mask> before_pins;

// The threads that are pinned. There are few, and one asks only when it starts another thread.
struct pinned_list {
  fork_safe_mutex mutex;
  std::vector<pid_t> threads;
};
constinit process_object<pinned_list> pinned_threads;
constinit std::atomic<bool> any_pinned{false};

// The mask that a thread goes back to.
cpu_mask& unpinned_mask() {
  return before_pins.get([] {
    auto mask = std::make_unique<cpu_mask>();
    if (!mask->read()) {
      throw std::system_error(errno, std::generic_category(), "lariat: sched_getaffinity");
    }
    return mask;
  });
}

bool pinned_here() {
  // Acquire: pairs with pinned_thread. A thread sees its own pin in any case.
  if (!any_pinned.load(std::memory_order_acquire)) return false;
  pinned_list& all = pinned_threads.get();
  const std::lock_guard lock(all.mutex);
  return std::find(all.threads.begin(), all.threads.end(), ::gettid()) != all.threads.end();
}

std::vector<unsigned> cpus_of(const cpu_mask& mask) {
  std::vector<unsigned> all;
  for (unsigned cpu = 0; cpu < cpus_max; ++cpu) {
    if (mask.has(cpu)) all.push_back(cpu);
  }
  return all;
}

[[noreturn]] void refuse(std::string_view list) {
  throw std::invalid_argument("lariat: \"" + std::string(list) +
                              "\" is no list of CPUs, as \"0-3,8\"");
}

unsigned number_in(std::string_view text, std::string_view list) {
  unsigned number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || rest != end || number >= cpus_max) refuse(list);
  return number;
}

}  // namespace

std::vector<unsigned> affine_cpus() {
  if (pinned_here()) return cpus_of(unpinned_mask());
  cpu_mask mask;
  return mask.read() ? cpus_of(mask) : std::vector<unsigned>();
}

std::vector<unsigned> cpus_in(const char* list) {
  std::vector<unsigned> all;
  std::string_view rest = list;
  for (;;) {
    const std::size_t comma = rest.find(',');
    const std::string_view part = rest.substr(0, comma);
    const std::size_t dash = part.find('-');
    const unsigned first = number_in(part.substr(0, dash), list);
    const unsigned last = dash == part.npos ? first : number_in(part.substr(dash + 1), list);
    if (last < first) refuse(list);
    for (unsigned cpu = first; cpu <= last; ++cpu) all.push_back(cpu);
    if (comma == rest.npos) return all;
    rest.remove_prefix(comma + 1);
  }
}

std::string cpu_list_text(const std::vector<unsigned>& cpus) {
  std::string text;
  for (std::size_t i = 0; i < cpus.size();) {
    std::size_t end = i + 1;
    while (end < cpus.size() && cpus[end] == cpus[end - 1] + 1) ++end;
    if (!text.empty()) text += ',';
    text += std::to_string(cpus[i]);
    if (end - i > 1) text += '-' + std::to_string(cpus[end - 1]);
    i = end;
  }
  return text;
}

bool cpu_mask::read() noexcept {
  return ::sched_getaffinity(0, sizeof words_, reinterpret_cast<cpu_set_t*>(words_)) == 0;
}

bool cpu_mask::apply() noexcept {
  return ::sched_setaffinity(0, sizeof words_, reinterpret_cast<cpu_set_t*>(words_)) == 0;
}

int cpu_mask::only() const noexcept {
  int found = -1;
  for (unsigned cpu = 0; cpu < cpus_max; ++cpu) {
    if (!has(cpu)) continue;
    if (found >= 0) return -1;
    found = static_cast<int>(cpu);
  }
  return found;
}

void pinned_thread::check(unsigned cpu) {
  const pinned_thread attempt(static_cast<int>(cpu));
  if (attempt.pinned_) return;
  throw std::system_error(errno, std::generic_category(),
                          "lariat: a loop's thread cannot be pinned to CPU " + std::to_string(cpu) +
                              " (sched_setaffinity)");
}

pinned_thread::pinned_thread(int cpu) {
  if (cpu < 0 || !before_.read()) return;
  (void)unpinned_mask();
  cpu_mask one;
  one.add(static_cast<unsigned>(cpu));
  pinned_list& all = pinned_threads.get();
  const std::lock_guard lock(all.mutex);
  all.threads.push_back(::gettid());
  if (!one.apply()) {
    all.threads.pop_back();
    return;
  }
  pinned_ = true;
  any_pinned.store(true, std::memory_order_release);  // Pairs with `pinned_here`.
}

pinned_thread::~pinned_thread() {
  if (!pinned_) return;
  (void)before_.apply();
  pinned_list& all = pinned_threads.get();
  const std::lock_guard lock(all.mutex);
  std::erase(all.threads, ::gettid());
}

unpinned_scope::unpinned_scope() noexcept {
  cpu_mask now;
  if (!pinned_here() || !now.read()) return;
  cpu_ = now.only();
  if (cpu_ >= 0 && !unpinned_mask().apply()) cpu_ = -1;
}

unpinned_scope::~unpinned_scope() {
  if (cpu_ < 0) return;
  cpu_mask one;
  one.add(static_cast<unsigned>(cpu_));
  (void)one.apply();
}

}  // namespace lariat::detail
