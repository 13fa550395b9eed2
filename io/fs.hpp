#pragma once

/// \file
/// Everything that has to do with paths: lariat::io::fs.
#include <lariat/io/fs/fs_content.hpp>
#include <lariat/io/fs/fs_copy.hpp>
#include <lariat/io/fs/fs_path.hpp>
#include <lariat/io/fs/fs_temp.hpp>
#include <lariat/io/fs/fs_tree.hpp>
#include <lariat/io/fs/fs_walk.hpp>
