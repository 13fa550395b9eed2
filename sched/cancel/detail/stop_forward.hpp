#pragma once

#include <version>  // Names the library.

// Declares lariat::stop_token, for headers that must not include <stop_token>. libc++ has the
// header since 20, and before that only as an experiment that a compiler flag turns on. For those
// versions lariat uses its own, whatever the flag, so that all files of a program agree.
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
