#include <lariat/io/stream/stream_error.hpp>

#include <string>

namespace lariat::io {
namespace {

class category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "lariat.stream"; }
  std::string message(int code) const override {
    switch (static_cast<stream_errc>(code)) {
      case stream_errc::end_of_stream:
        return "unexpected end of stream";
      case stream_errc::limit_exceeded:
        return "limit exceeded before the delimiter came";
    }
    return "unknown";
  }
};

std::string progress(std::string_view operation, std::size_t done, std::size_t wanted,
                     std::string_view object) {
  std::string text(operation);
  text += ' ';
  text += object;
  text += " (" + std::to_string(done) + " of " + std::to_string(wanted) + " bytes)";
  return text;
}

constinit const category the_category;

}  // namespace

const std::error_category& stream_category() noexcept { return the_category; }

std::error_code make_error_code(stream_errc code) noexcept {
  return {static_cast<int>(code), stream_category()};
}

end_of_stream::end_of_stream(std::size_t received, std::size_t expected, std::string_view object)
    : system_error(stream_errc::end_of_stream, progress("read", received, expected, object)),
      received_(received) {}

end_of_stream::end_of_stream(std::size_t received)
    : system_error(stream_errc::end_of_stream,
                   "read stream (" + std::to_string(received) + " bytes without the delimiter)"),
      received_(received) {}

incomplete_write::incomplete_write(std::error_code error, std::size_t written, std::size_t wanted,
                                   std::string_view object)
    : system_error(error, progress("write", written, wanted, object)), written_(written) {}

limit_exceeded::limit_exceeded(std::size_t limit)
    : system_error(stream_errc::limit_exceeded, "read " + std::to_string(limit) + " bytes") {}

}  // namespace lariat::io
