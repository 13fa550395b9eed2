#pragma once

#include <string>

namespace lariat {
class context;
class operation;
}  // namespace lariat

namespace lariat::detail {

/// A task's number, and its name if it has one: "task 7 \"reader\"".
[[nodiscard]] std::string task_text(const context& task);

/// What a task waits in: "read(fd 7)", "sleep".
[[nodiscard]] std::string operation_text(const operation& waits);

/// Which task waits in an operation, and where: "task 7 \"reader\" (spawned at a.cpp:3) waits in
/// read(fd 7) at a.cpp:9". For the message of a program that ends because a task waits for an
/// object that was destroyed.
[[nodiscard]] std::string waiting_text(const operation& waits);

/// The same of a task that may wait or not: without the wait if it does not.
[[nodiscard]] std::string waiting_text(const context& task);

}  // namespace lariat::detail
