#include <lariat/runtime/run/run_main.hpp>

#include <lariat/sched/loop/detail/failure_text.hpp>
#include <lariat/sched/task/exception_group.hpp>
#include <lariat/sched/text/detail/shown_name.hpp>
#include <lariat/sched/text/detail/site_text.hpp>

#include <errno.h>

#include <cstddef>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>

namespace lariat::detail {
namespace {

constexpr std::size_t depth_max = 16;
constexpr std::size_t parts_max = 32;  // A person reads the first few.

void append_error(std::string& text, const std::exception_ptr& error, std::size_t depth);

void append_below(std::string& text, std::string_view link, const std::exception_ptr& error,
                  std::size_t depth) {
  if (depth > depth_max) return;
  text += '\n' + std::string(2 * depth, ' ');
  text += link;
  append_error(text, error, depth);
}

void append_parts(std::string& text, const exception_group& group, std::size_t depth) {
  text += group.heading();
  std::size_t number = 0;
  for (const std::exception_ptr& each : group.errors()) {
    if (number++ == parts_max) {
      text += '\n' + std::string(2 * depth + 2, ' ') + "- and more";
      return;
    }
    append_below(text, "- ", each, depth + 1);
  }
}

// One line, and below it what is nested in the exception.
void append_error(std::string& text, const std::exception_ptr& error, std::size_t depth) {
  try {
    std::rethrow_exception(error);
  } catch (const exception_group& group) {
    append_parts(text, group, depth);
  } catch (const std::nested_exception& outer) {
    text += exception_text(error);
    if (outer.nested_ptr() != nullptr)
      append_below(text, "because: ", outer.nested_ptr(), depth + 1);
  } catch (...) {
    text += exception_text(error);
  }
}

void print(const std::string& text) noexcept {
  std::fprintf(stderr, "%s: %s\n", shown_name(::program_invocation_short_name).c_str(),
               text.c_str());
}

}  // namespace

int report_main_failure(std::source_location last_await) noexcept {
  std::string text;
  append_error(text, std::current_exception(), 0);
  if (last_await.line() != 0) text += "\n  main's last await: " + site_text(last_await);
  print(text);
  return 1;
}

int end_main(runtime& program, int status) noexcept {
  try {
    program.shutdown();
    return status;
  } catch (const exception_group& group) {
    print(std::string(group.heading()));  // Each was printed when it happened.
  } catch (...) {
    report_main_failure();
  }
  return status != 0 ? status : 1;
}

}  // namespace lariat::detail
