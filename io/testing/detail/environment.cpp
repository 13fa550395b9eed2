#include <lariat/io/testing/detail/environment.hpp>

#include <cerrno>
#include <span>

namespace lariat::io::testing {
namespace {

struct possible_fault {
  int error;
  double fault_plan::*probability;
};

std::span<const possible_fault> faults_of(call_kind kind) noexcept {
  using plan = fault_plan;
  static constexpr possible_fault file_read[] = {
      {EIO, &plan::io_error}, {EINTR, &plan::interrupted}, {EAGAIN, &plan::try_again}};
  static constexpr possible_fault file_write[] = {{EIO, &plan::io_error},
                                                  {ENOSPC, &plan::no_space},
                                                  {EINTR, &plan::interrupted},
                                                  {EAGAIN, &plan::try_again}};
  static constexpr possible_fault file_sync[] = {{EIO, &plan::io_error}};
  static constexpr possible_fault transfer[] = {{ECONNRESET, &plan::connection_reset},
                                                {EINTR, &plan::interrupted},
                                                {EAGAIN, &plan::try_again}};
  static constexpr possible_fault connect[] = {{ETIMEDOUT, &plan::timed_out}};
  static constexpr possible_fault accept[] = {{EMFILE, &plan::too_many_files},
                                              {EINTR, &plan::interrupted}};
  static constexpr possible_fault descriptor[] = {{EMFILE, &plan::too_many_files}};
  static constexpr possible_fault name[] = {{ENOSPC, &plan::no_space}, {EIO, &plan::io_error}};
  switch (kind) {
    case call_kind::file_read:
      return file_read;
    case call_kind::file_write:
      return file_write;
    case call_kind::file_sync:
      return file_sync;
    case call_kind::socket_transfer:
      return transfer;
    case call_kind::connect:
      return connect;
    case call_kind::accept:
      return accept;
    case call_kind::make_descriptor:
      return descriptor;
    case call_kind::make_name:
      return name;
    case call_kind::other:
      break;
  }
  return {};
}

}  // namespace

int environment::fault(call_kind kind) noexcept {
  const std::span<const possible_fault> possible = faults_of(kind);
  if (calls_++ == fault_at_ && !possible.empty()) {
    return -possible[random_.below(possible.size())].error;
  }
  for (const possible_fault& each : possible) {
    if (random_.chance(plan_.*each.probability)) return -each.error;
  }
  return 0;
}

}  // namespace lariat::io::testing
