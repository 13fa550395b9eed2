// Precompiled for the library and the examples: the C++ library's headers are half of their
// compile time. Nothing of lariat, so that a change compiles only what includes it. Without b_pch a
// header that is missing in a source is an error: .ci/run's stage install builds so. (No `#pragma
// once`: g++ warns of it in a header that it compiles by itself.)

#include <liburing.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cassert>
#include <cerrno>
#include <chrono>
#include <concepts>
#include <condition_variable>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <ranges>
#include <source_location>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>
