#include <lariat/sched/channel/oneshot.hpp>

namespace lariat {

broken_oneshot::broken_oneshot()
    : std::runtime_error("lariat: oneshot: the sender went without a value, or it was received") {}

namespace detail {

void throw_broken_oneshot() { throw broken_oneshot(); }

void throw_empty_oneshot() {
  throw std::logic_error("lariat: oneshot: this end is empty: it was moved from, or has sent");
}

}  // namespace detail
}  // namespace lariat
