#include <lariat/sched/executor/runtime_closed.hpp>

#include <string>

namespace lariat {

runtime_closed::runtime_closed(const char* operation)
    : std::logic_error(std::string("lariat: ") + operation + ": the runtime has been shut down") {}

}  // namespace lariat
