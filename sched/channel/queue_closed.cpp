#include <lariat/sched/channel/queue_closed.hpp>

namespace lariat {

queue_closed::queue_closed() : std::runtime_error("lariat: the queue is closed") {}

}  // namespace lariat
