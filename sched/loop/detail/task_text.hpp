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

/// Who waits in an operation, and where: "task 7 \"reader\" (spawned at a.cpp:3) waits in
/// read(fd 7) at a.cpp:9". For the last words of a program whose task waits for what is gone.
[[nodiscard]] std::string waiting_text(const operation& waits);

}  // namespace lariat::detail
