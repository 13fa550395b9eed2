#pragma once

#include <cstddef>
#include <exception>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lariat {

/// Several failures thrown as one exception (Python's ExceptionGroup). Its what() lists the texts
/// of all.
class exception_group : public std::exception {
 public:
  exception_group(std::string name, std::vector<std::exception_ptr> errors);

  /// The failures, in the order in which they happened.
  [[nodiscard]] std::span<const std::exception_ptr> errors() const noexcept { return errors_; }

  [[nodiscard]] const char* what() const noexcept override { return text_.c_str(); }

  /// The beginning of what(), without the failures' texts: "task_group: 2 failures".
  [[nodiscard]] std::string_view heading() const noexcept {
    return std::string_view(text_).substr(0, heading_size_);
  }

  /// Splits the failures into those that are an E, and the rest.
  template <class E>
  [[nodiscard]] std::pair<std::vector<std::exception_ptr>, std::vector<std::exception_ptr>> split()
      const {
    std::pair<std::vector<std::exception_ptr>, std::vector<std::exception_ptr>> parts;
    for (const std::exception_ptr& each : errors_) {
      try {
        std::rethrow_exception(each);
      } catch (const E&) {
        parts.first.push_back(each);
      } catch (...) {
        parts.second.push_back(each);
      }
    }
    return parts;
  }

 private:
  std::vector<std::exception_ptr> errors_;
  std::string text_;
  std::size_t heading_size_ = 0;
};

}  // namespace lariat
