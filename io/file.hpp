#pragma once

/// \file
/// Files that are open.
#include <lariat/io/file/file.hpp>
#include <lariat/io/file/file_stat.hpp>
#include <lariat/io/file/open_mode.hpp>
#include <lariat/io/file/standard_streams.hpp>
