#pragma once

#include <cstdio>
#include <string>

namespace lariat {

class loop;

/// The tree of a loop's tasks, as text: for each its name, where it was spawned, the file and line
/// of every await in its chain, and the operation, descriptor and time that it waits in.
///
/// \par Threads
/// On the loop's thread.
[[nodiscard]] std::string task_tree(loop& where);

/// Prints the tree of every task of every runtime to `out`. A loop that does not answer within a
/// second, because a task keeps it busy, is named as that.
///
/// \par Threads
/// Any thread. Blocks it until the other loops have answered.
void dump_tasks(std::FILE* out = stderr);

}  // namespace lariat
