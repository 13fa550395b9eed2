#pragma once

#include <lariat/sched/coroutine/detail/frame_pool.hpp>
#include <lariat/sched/loop/context.hpp>

#include <cstddef>
#include <memory>
#include <source_location>
#include <utility>

namespace lariat::detail {

/// A function that a loop is to call: what `runtime::post` makes. No task, so no cancel keeps it
/// from being called; a context, so that its failure has a name and a place.
class posted_call : public context {
 public:
  static void* operator new(std::size_t size) { return allocate_frame(size); }
  static void operator delete(void* call, std::size_t size) noexcept {
    deallocate_frame(call, size);
  }
  virtual ~posted_call() = default;

  /// Sends it to `where`, which calls it, once. Any thread.
  /// \throws runtime_closed if that loop takes no more.
  static void hand_over(std::unique_ptr<posted_call> call, loop& where, std::source_location site);

 private:
  void first_run() noexcept final;
  virtual void call() = 0;
};

template <class Function>
class posted_function final : public posted_call {
 public:
  explicit posted_function(Function&& function) : function_(std::move(function)) {}

 private:
  void call() override { function_(); }
  Function function_;
};

}  // namespace lariat::detail
