#pragma once

/// \file
/// The parallel algorithms.
#include <lariat/sched/parallel/parallel_for.hpp>
#include <lariat/sched/parallel/parallel_invoke.hpp>
#include <lariat/sched/parallel/parallel_options.hpp>
#include <lariat/sched/parallel/parallel_reduce.hpp>
#include <lariat/sched/parallel/parallel_scan.hpp>
#include <lariat/sched/parallel/parallel_sort.hpp>
#include <lariat/sched/parallel/parallel_transform.hpp>
