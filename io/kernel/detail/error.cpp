#include <lariat/io/kernel/detail/error.hpp>

#include <lariat/sched/text/detail/shown_name.hpp>

#include <utility>

namespace lariat::io::detail {

using lariat::detail::shown_name;

error_object::error_object(std::string_view name) : text_(shown_name(name)) {}

error_object::error_object(std::string_view from, std::string_view to)
    : text_(shown_name(from) + " to " + shown_name(to)) {}

error_object error_object::described(std::string text) {
  error_object made;
  made.text_ = std::move(text);
  return made;
}

void throw_error(int error, std::string_view operation, const error_object& object) {
  std::string text(operation);
  if (!object.text().empty()) {
    text += ' ';
    text += object.text();
  }
  throw std::system_error(error, std::system_category(), text);
}

}  // namespace lariat::io::detail
