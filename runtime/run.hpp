#pragma once

/// \file
/// How a program is run.
#include <lariat/runtime/run/options.hpp>
#include <lariat/runtime/run/run.hpp>
#include <lariat/runtime/run/run_main.hpp>
#include <lariat/runtime/run/runtime.hpp>
#include <lariat/runtime/run/to_loop.hpp>
