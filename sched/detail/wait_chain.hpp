#pragma once

#include <cstdint>
#include <string>

namespace lariat {
class context;
class loop;
}  // namespace lariat

namespace lariat::detail {

/// Whether a task that is about to wait for another one asks first whether that, in the end, waits
/// for it: with the library's assertions, or with LARIAT_DEBUG=1 in the environment.
[[nodiscard]] bool deadlock_checks() noexcept;

/// If the task with the id `from` waits for `to`, itself or through other tasks of the loop: a
/// sentence for each of them, with the place of its await. Otherwise empty. Looks at all tasks.
[[nodiscard]] std::string wait_chain(loop& where, std::uint64_t from, const context& to);

/// A task's number, and its name if it has one.
[[nodiscard]] std::string task_text(const context& task);

}  // namespace lariat::detail
