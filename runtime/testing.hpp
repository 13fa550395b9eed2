#pragma once

/// \file
/// Tests under a simulated kernel: lariat::testing. See docs/testing.md.
#include <lariat/io/testing/fault_plan.hpp>
#include <lariat/io/testing/link_options.hpp>
#include <lariat/runtime/testing/cancel_everywhere.hpp>
#include <lariat/runtime/testing/explore.hpp>
#include <lariat/runtime/testing/simulation.hpp>
