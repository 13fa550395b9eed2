#pragma once

#include <source_location>
#include <string>

namespace lariat {
class context;
class operation;
struct operation_info;
}  // namespace lariat

namespace lariat::detail {

/// A task's number, and its name if it has one: "task 7 \"reader\"".
[[nodiscard]] std::string task_text(const context& task);

/// What a task waits in: "read(fd 7)", "sleep".
[[nodiscard]] std::string operation_text(const operation& waits);
[[nodiscard]] std::string operation_text(const operation_info& waits);

/// Whether a coroutine that waits there is `as_task`, which makes a task of an operation that is
/// given to a combinator.
[[nodiscard]] bool is_adapter(std::source_location site) noexcept;

/// Where the operation is awaited, as its user wrote it: of one that was given to a combinator
/// where that is awaited. Empty if it is not by a lariat task.
[[nodiscard]] std::source_location written_site(const operation& waits) noexcept;

/// Which task waits in an operation, and where: "task 7 \"reader\" (spawned at a.cpp:3) waits in
/// read(fd 7) at a.cpp:9". For the message of a program that ends because a task waits for an
/// object that was destroyed.
[[nodiscard]] std::string waiting_text(const operation& waits);

/// The same of a task that may wait or not: without the wait if it does not.
[[nodiscard]] std::string waiting_text(const context& task);

}  // namespace lariat::detail
