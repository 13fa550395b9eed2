#pragma once

#include <string>
#include <thread>

namespace lariat::detail {

/// How lanes and pools start their threads; a test puts a function here that fails.
/// \throws std::system_error with pthread_create's errno.
using thread_starter = std::thread (*)(void (*body)(void*), void* argument);
extern thread_starter start_thread;

/// The text of the error when no thread could be started: `who`, how many threads there are, and
/// what limits them.
[[nodiscard]] std::string no_thread_text(const std::string& who);

}  // namespace lariat::detail
