#include <lariat/sched/task/cancel_self.hpp>

#include <lariat/sched/loop/context.hpp>
#include <lariat/sched/loop/loop.hpp>

#include <stdexcept>

namespace lariat {

void cancel_self(std::string_view reason) {
  loop* const here = loop::current();
  context* const task = here == nullptr ? nullptr : here->running();
  if (task == nullptr || !task->live()) {
    throw std::logic_error("lariat: cancel_self: no task runs here on its loop");
  }
  task->cancel(reason);
}

}  // namespace lariat
