#pragma once

/// \file
/// Channels and queues, and values that are handed on.
#include <lariat/sched/channel/broadcast.hpp>
#include <lariat/sched/channel/channel.hpp>
#include <lariat/sched/channel/lifo_queue.hpp>
#include <lariat/sched/channel/oneshot.hpp>
#include <lariat/sched/channel/priority_queue.hpp>
#include <lariat/sched/channel/queue.hpp>
#include <lariat/sched/channel/queue_closed.hpp>
#include <lariat/sched/channel/watch.hpp>
