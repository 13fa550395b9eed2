#pragma once

/// \file
/// Tasks: how they are made, spawned, joined and named.
#include <lariat/sched/task/cancel_self.hpp>
#include <lariat/sched/task/exception_group.hpp>
#include <lariat/sched/task/generator.hpp>
#include <lariat/sched/task/join_handle.hpp>
#include <lariat/sched/task/local.hpp>
#include <lariat/sched/task/outcome.hpp>
#include <lariat/sched/task/result.hpp>
#include <lariat/sched/task/spawn.hpp>
#include <lariat/sched/task/task.hpp>
#include <lariat/sched/task/yield.hpp>
