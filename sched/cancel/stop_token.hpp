#pragma once

#include <lariat/sched/cancel/detail/stop_forward.hpp>

#ifdef LARIAT_OWN_STOP_TOKEN
#include <lariat/sched/cancel/detail/own_stop_token.hpp>
#else
#include <stop_token>
#endif

// lariat::stop_token, stop_source and stop_callback are those of the standard library, if it has
// them. If not, with libc++ before 20, they are lariat's own, with the same members; then
// LARIAT_OWN_STOP_TOKEN is defined, and an (experimental) std::stop_token is not used.
namespace lariat {

#ifdef LARIAT_OWN_STOP_TOKEN
using stop_source = detail::own_stop_source;
template <class Callback>
using stop_callback = detail::own_stop_callback<Callback>;
using no_stop_state = detail::own_no_stop_state;
#else
using stop_source = std::stop_source;
template <class Callback>
using stop_callback = std::stop_callback<Callback>;
using no_stop_state = std::nostopstate_t;
#endif

}  // namespace lariat
