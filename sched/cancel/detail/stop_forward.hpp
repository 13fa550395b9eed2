#pragma once

#include <version>  // Names the library.

// Announces lariat::stop_token, for headers that shall not include <stop_token>. libc++ has that
// since 20, and before only as an experiment that a flag of the compiler turns on: lariat takes its
// own then, whatever the flag, so that all of a program agree.
#if defined(_LIBCPP_VERSION) && _LIBCPP_VERSION < 200000
#define LARIAT_OWN_STOP_TOKEN
namespace lariat {
namespace detail {
class own_stop_token;
}  // namespace detail
using stop_token = detail::own_stop_token;
}  // namespace lariat
#else
#ifdef _LIBCPP_VERSION
_LIBCPP_BEGIN_NAMESPACE_STD
class stop_token;
_LIBCPP_END_NAMESPACE_STD
#else
namespace std {
class stop_token;
}
#endif
namespace lariat {
using stop_token = std::stop_token;
}  // namespace lariat
#endif
