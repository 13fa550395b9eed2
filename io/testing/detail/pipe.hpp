#pragma once  // lint: allow(pragma) lint: allow(listed): of the sources only, not installed.

#include <lariat/io/testing/detail/byte_queue.hpp>
#include <lariat/io/testing/detail/open_description.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace lariat::io::testing {

/// An end of a simulated pipe.
class pipe_end final : public open_description {
 public:
  struct both {
    std::shared_ptr<pipe_end> reader;
    std::shared_ptr<pipe_end> writer;
  };
  /// Makes a pipe that holds so many bytes.
  [[nodiscard]] static both make(std::size_t capacity);

  pipe_end() = default;
  ~pipe_end() override;

  int read(std::span<const iovec> into, std::uint64_t offset) noexcept override;
  int write(std::span<const iovec> from, std::uint64_t offset) noexcept override;
  [[nodiscard]] unsigned events() const noexcept override;
  [[nodiscard]] std::string describe() const override { return "pipe"; }

 private:
  struct content {
    byte_queue bytes;
    std::size_t capacity;
  };
  void tell_other() noexcept {
    if (other_ != nullptr) other_->changed();
  }

  std::shared_ptr<content> content_;
  pipe_end* other_ = nullptr;  // Null once it is closed.
  bool reader_ = false;
};

}  // namespace lariat::io::testing
