#pragma once

#include <string_view>
#include <type_traits>

namespace lariat::detail {

/// Whether T is a lambda's closure type. It may be incomplete, as it is while the compiler looks
/// for the promise of a lambda that is a coroutine. The compilers name closures so:
/// g++ "f()::<lambda(int)>", clang "(lambda at file:1:2)".
template <class T>
consteval bool is_closure() {
  const std::string_view name = __PRETTY_FUNCTION__;
#if defined(__clang__)
  return name.find("[T = (lambda at") != name.npos ||
         name.find("[T = const (lambda at") != name.npos;
#else
  return name.find("<lambda(") != name.npos && name.ends_with(")>]");
#endif
}

template <class T>
concept closure = is_closure<std::remove_reference_t<T>>();

}  // namespace lariat::detail
