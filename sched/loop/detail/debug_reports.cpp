#include <lariat/sched/loop/detail/debug_reports.hpp>

#include <lariat/sched/loop/context.hpp>
#include <lariat/sched/loop/detail/debug_options.hpp>
#include <lariat/sched/loop/detail/running_task.hpp>
#include <lariat/sched/loop/detail/task_text.hpp>
#include <lariat/sched/text/detail/site_text.hpp>

#include <cxxabi.h>
#include <dlfcn.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <string>

// Not there in a program that is linked statically.
#pragma weak dladdr

namespace lariat::detail {
namespace {

// "load_page(int) [server+0x4f30]": the offset is what addr2line takes, and there without symbols.
std::string code_text(const void* address) {
  Dl_info found{};
  if (&::dladdr == nullptr || ::dladdr(address, &found) == 0 || found.dli_fname == nullptr) {
    return "a coroutine";
  }
  char place[32];
  std::snprintf(place, sizeof place, "+0x%jx]",
                static_cast<std::uintmax_t>(reinterpret_cast<std::uintptr_t>(address) -
                                            reinterpret_cast<std::uintptr_t>(found.dli_fbase)));
  std::string text;
  if (found.dli_sname != nullptr) {
    // g++ calls the part that runs f.actor, clang f.resume.
    std::string name = found.dli_sname;
    name.resize(std::min(name.find('.'), name.size()));
    int status = 0;
    const std::unique_ptr<char, decltype(&std::free)> readable(
        abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status), &std::free);
    text = (status == 0 ? std::string(readable.get()) : name) + ' ';
  }
  return text + '[' + found.dli_fname + place;
}

}  // namespace

void note_dropped_task(const void* frame) noexcept {
  if (!debug_requested() || std::uncaught_exceptions() != 0) return;
  try {
    // A frame begins with the address of the function that resumes it.
    std::string text = "lariat: a task was dropped without being awaited: " +
                       code_text(*static_cast<const void* const*>(frame));
    if (const context* const by = running_task(); by != nullptr) text += ", by " + task_text(*by);
    std::fprintf(stderr, "%s\n", text.c_str());
  } catch (...) {  // There is no memory for it.
  }
}

void note_swallowed_cancel(const context& task, std::source_location delivered_at) noexcept {
  try {
    std::string text = "lariat: a cancel was swallowed: " + task_text(task);
    if (task.spawn_site().line() != 0) text += " (spawned at " + site_text(task.spawn_site()) + ')';
    if (delivered_at.line() != 0) text += " was cancelled at " + site_text(delivered_at) + " and";
    std::fprintf(stderr, "%s ended by a value\n", text.c_str());
  } catch (...) {  // There is no memory for it.
  }
}

}  // namespace lariat::detail
