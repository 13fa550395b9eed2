#pragma once

#include "child_process.hpp"

#ifdef LARIAT_CATCH2_V3
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

/// What a process prints that runs `body`, and that gets a SIGINT each time it has printed the next
/// of `cues`; it has to die by the last one.
template <class Body>
std::string interrupted_at(std::initializer_list<std::string_view> cues, Body body) {
  child_process child(std::move(body));
  for (const std::string_view cue : cues) {
    const bool printed = child.await_output(cue);
    INFO((printed ? std::string() : child.output()));
    REQUIRE(printed);
    child.send(SIGINT);
  }
  CHECK(child.status() == child_process::killed_by(SIGINT));
  return child.output();
}
