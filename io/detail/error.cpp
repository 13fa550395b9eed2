#include <lariat/io/detail/error.hpp>

namespace lariat::io::detail {

void throw_error(int error, std::string_view operation, std::string_view object) {
  std::string text(operation);
  if (!object.empty()) {
    text += ' ';
    text += object;
  }
  throw std::system_error(error, std::system_category(), text);
}

}  // namespace lariat::io::detail
