#include "coroutine_test.hpp"

#include <lariat/sched/text/detail/duration_text.hpp>

#include <cstdint>

using lariat::detail::duration_text;

TEST_CASE("a duration is shown in its largest unit", "[duration_text]") {
  CHECK(duration_text(0) == "0 us");
  CHECK(duration_text(999) == "0.999 us");
  CHECK(duration_text(1'500) == "1.5 us");
  CHECK(duration_text(20'000'000) == "20 ms");
  CHECK(duration_text(2'000'000'000) == "2 s");
  CHECK(duration_text(2'034'000'000) == "2.03 s");
  CHECK(duration_text(90'000'000'000) == "90 s");
  CHECK(duration_text(3'600'000'000'000) == "3600 s");
  CHECK(duration_text(INT64_MAX) == "9223372037 s");
}
