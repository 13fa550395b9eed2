#pragma once

#include <string>
#include <string_view>
#include <system_error>

namespace lariat::io::detail {

/// What an operation failed on, as its error's text says it. Names come from outside and are
/// escaped: see sched/text/detail/shown_name.hpp.
class error_object {
 public:
  /// Nothing that has a name.
  error_object() = default;

  /// A path, most often.
  error_object(std::string_view name);
  error_object(const std::string& name) : error_object(std::string_view(name)) {}
  error_object(const char* name) : error_object(std::string_view(name)) {}

  /// "a to b".
  error_object(std::string_view from, std::string_view to);

  /// What was made for messages already, such as "fd 7 (/var/log/messages)".
  [[nodiscard]] static error_object described(std::string text);

  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
};

/// Throws what every failed I/O operation throws: the errno, the operation and its object, as in
/// "open /etc/shadow: Permission denied".
/// \param error A positive errno.
[[noreturn]] void throw_error(int error, std::string_view operation,
                              const error_object& object = {});

}  // namespace lariat::io::detail
