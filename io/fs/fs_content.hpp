#pragma once

#include <lariat/sched/task/task.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Whole files at once. Every failure is a std::system_error naming the operation and the path.

namespace lariat::io::fs {

/// Reads a whole file as text: "" if it is empty. Reads to the end whatever size the file claims,
/// so files of /proc and those that grow meanwhile are right too.
///
/// \throws std::system_error; ENOMEM and the path if there is no memory for it.
///
/// \par Cancellation
/// Nothing is left behind.
[[nodiscard]] task<std::string> read_file(std::string path);

/// The same as bytes.
///
/// \throws std::system_error
///
/// \par Cancellation
/// Nothing is left behind.
[[nodiscard]] task<std::vector<std::byte>> read_bytes(std::string path);

/// Makes `content` the content of the file, which is created if there is none.
///
/// \param content Borrowed until the await has ended.
/// \param permissions Of a file that is created, less the umask.
/// \throws std::system_error; the file may then be empty or written in part.
///
/// \par Cancellation
/// The file may be empty or written in part: see write_file_durable.
[[nodiscard]] task<> write_file(std::string path, std::span<const std::byte> content,
                                unsigned permissions = 0666);

/// The same with text.
///
/// \par Cancellation
/// As above.
[[nodiscard]] task<> write_file(std::string path, std::string_view content,
                                unsigned permissions = 0666);

/// Adds `content` at the end of the file, which is created if there is none. Several writers do
/// not overwrite each other.
///
/// \param content Borrowed until the await has ended.
/// \throws std::system_error; part may have been written.
///
/// \par Cancellation
/// Part may have been written.
[[nodiscard]] task<> append_file(std::string path, std::span<const std::byte> content,
                                 unsigned permissions = 0666);

/// The same with text.
///
/// \par Cancellation
/// As above.
[[nodiscard]] task<> append_file(std::string path, std::string_view content,
                                 unsigned permissions = 0666);

/// Replaces the file so that it has the old content or the new one at any moment, even if the
/// power fails, and the new one when the await has ended: writes a temporary file beside it,
/// flushes it, renames it and flushes the directory. Costs two disk flushes.
///
/// A symbolic link at `path` is replaced, not followed; the new file has `permissions`, less the
/// umask, whatever the old one had.
///
/// \param content Borrowed until the await has ended.
/// \throws std::system_error; the temporary file is removed. If flushing the directory failed the
/// new content is there, but may not survive a power failure.
///
/// \par Cancellation
/// The old or the new content is there, and no temporary file.
[[nodiscard]] task<> write_file_durable(std::string path, std::span<const std::byte> content,
                                        unsigned permissions = 0666);

/// The same with text.
///
/// \par Cancellation
/// As above.
[[nodiscard]] task<> write_file_durable(std::string path, std::string_view content,
                                        unsigned permissions = 0666);

}  // namespace lariat::io::fs
