#ifdef LARIAT_CATCH2_V3
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include <lariat/lariat.hpp>

#include <type_traits>

using namespace lariat;

namespace {

template <class... Options>
constexpr bool may_stand_in_an_await = (std::is_trivially_destructible_v<Options> && ...);

}  // namespace

// But for walk_options, which have names in them: they make a generator, and wait for nothing.
TEST_CASE("options need no destruction, so that g++ 12 lets them stand in an await", "[options]") {
  STATIC_REQUIRE(may_stand_in_an_await<spawn_options, thread_options, retry_options,
                                       parallel_options, lane_options, pool_options, loop_limits>);
  STATIC_REQUIRE(may_stand_in_an_await<io::connect_options, io::listen_options,
                                       io::keep_alive_times, io::fs::copy_options>);
}
