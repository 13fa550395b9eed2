#include <lariat/sched/scope/detail/completion_queue.hpp>

#include <lariat/sched/loop/loop.hpp>

#include <cassert>
#include <stdexcept>

namespace lariat::detail {

completion_queue::completion_queue(const std::vector<spawned*>& records) {
  for (const spawned* each : records) {
    if (each->owner() == loop::current()) continue;
    throw std::logic_error("lariat: as_completed: a task belongs to another loop than this one");
  }
  entries_.reserve(records.size());  // Reserved, so that entries do not move: tasks refer to them.
  order_.reserve(records.size());
  for (spawned* each : records) entries_.emplace_back(*this, *each);
  for (entry& each : entries_) {
    if (!each.record().add_waiter(each)) ended(each);
  }
}

completion_queue::~completion_queue() {
  assert(waiting_ == nullptr && "completions were destroyed while a task awaits the next");
  std::vector<bool> heard(entries_.size());
  for (const std::size_t index : order_) heard[index] = true;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (!heard[i]) (void)entries_[i].record().remove_waiter(entries_[i]);
  }
}

void completion_queue::ended(const entry& which) noexcept {
  order_.push_back(static_cast<std::size_t>(&which - entries_.data()));
  sole_wait::wake(waiting_);
}

bool completion_operation::ready() const noexcept {
  return queue_->given_ < queue_->order_.size() || queue_->given_ == queue_->entries_.size();
}

void completion_operation::visit_running(dependency_visitor& visit) const {
  for (const completion_queue::entry& each : queue_->entries_) {
    if (!each.record().done() && !visit.task(each.record())) break;
  }
}

std::size_t completion_operation::take() {
  check();
  if (queue_->given_ == queue_->entries_.size()) return none;
  return queue_->order_[queue_->given_++];
}

}  // namespace lariat::detail
