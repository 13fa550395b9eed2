#pragma once

/// \file
/// Everything that has to do with paths: lariat::io::fs.
#include <lariat/io/fs_content.hpp>
#include <lariat/io/fs_copy.hpp>
#include <lariat/io/fs_path.hpp>
#include <lariat/io/fs_temp.hpp>
#include <lariat/io/fs_tree.hpp>
#include <lariat/io/fs_walk.hpp>
