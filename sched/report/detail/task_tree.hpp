#pragma once

#include <string>

namespace lariat {
class loop;
}

namespace lariat::detail {

/// The text of `lariat::task_tree`, see runtime/observe/dump.hpp. On the loop's thread.
[[nodiscard]] std::string task_tree(loop& where);

}  // namespace lariat::detail
