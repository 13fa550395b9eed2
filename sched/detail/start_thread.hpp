#pragma once

#include <thread>

namespace lariat::detail {

/// How lanes start their threads; a test puts a function here that fails.
/// \throws std::system_error with pthread_create's errno.
using thread_starter = std::thread (*)(void (*body)(void*), void* argument);
extern thread_starter start_thread;

}  // namespace lariat::detail
