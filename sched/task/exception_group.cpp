#include <lariat/sched/task/exception_group.hpp>

#include <lariat/sched/loop/detail/failure_text.hpp>

namespace lariat {

exception_group::exception_group(std::string name, std::vector<std::exception_ptr> errors)
    : errors_(std::move(errors)), text_(std::move(name)) {
  text_ += ": " + std::to_string(errors_.size()) + (errors_.size() == 1 ? " failure" : " failures");
  heading_size_ = text_.size();
  char separator = ':';
  for (const std::exception_ptr& each : errors_) {
    text_ += separator;
    text_ += ' ';
    text_ += detail::exception_text(each);
    separator = ';';
  }
}

}  // namespace lariat
