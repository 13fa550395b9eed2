#pragma once

/// \file
/// Streams: buffers, and readers and writers that have one.
#include <lariat/io/stream/buffer.hpp>
#include <lariat/io/stream/buffered_reader.hpp>
#include <lariat/io/stream/buffered_writer.hpp>
#include <lariat/io/stream/stream.hpp>
#include <lariat/io/stream/stream_error.hpp>
