#include <lariat/sched/sync/detail/known_holders.hpp>

#include <lariat/sched/loop/detail/debug_options.hpp>

#include <algorithm>
#include <atomic>
#include <new>
#include <source_location>
#include <vector>

namespace lariat::detail {

struct known_holders::list {
  struct holder {
    std::uint64_t task;
    std::source_location since;
    std::uint64_t count;
  };
  std::vector<holder> holders;
  // Relaxed: whatever the guard's new owner does later reaches the loop through its inbox, which
  // orders this store before it.
  std::atomic<bool> lost = false;
};

known_holders::known_holders(bool wanted)
    : list_(wanted && deadlock_checks() ? std::make_unique<list>() : nullptr) {}

known_holders::~known_holders() = default;

void known_holders::note(const operation& granted, std::uint64_t count) noexcept {
  const promise_base* const coroutine = granted.waiter();
  if (coroutine == nullptr) return mark_lost();  // Many foreign coroutines share a context.
  try {
    list_->holders.push_back({coroutine->task_context()->id(), coroutine->site(), count});
  } catch (const std::bad_alloc&) {
    mark_lost();
  }
}

void known_holders::strike(std::uint64_t count, std::uint64_t left) noexcept {
  const loop* const here = loop::current();
  const context* const running = here == nullptr ? nullptr : here->running();
  std::vector<list::holder>& holders = list_->holders;
  const auto own = std::find_if(holders.begin(), holders.end(), [&](const list::holder& each) {
    return running != nullptr && each.task == running->id() && each.count == count;
  });
  if (own != holders.end()) {
    *own = holders.back();
    holders.pop_back();
  } else {
    mark_lost();  // Given up by a thread, or by a task that the guard was moved to.
  }
  if (left > 0) return;
  holders.clear();
  list_->lost.store(false, std::memory_order_relaxed);
}

void known_holders::mark_lost() noexcept { list_->lost.store(true, std::memory_order_relaxed); }

bool known_holders::visit(dependency_visitor& each, std::uint64_t held) const {
  if (list_ == nullptr || list_->lost.load(std::memory_order_relaxed)) return false;
  std::uint64_t known = 0;
  for (const list::holder& one : list_->holders) known += one.count;
  if (known != held) return false;  // Some were taken by `try_acquire` or the like.
  for (const list::holder& one : list_->holders) {
    if (!each.holder(one.task, one.since)) break;
  }
  return true;
}

}  // namespace lariat::detail
