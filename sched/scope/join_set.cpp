#include <lariat/sched/scope/join_set.hpp>

#include <lariat/sched/loop/detail/debug_options.hpp>
#include <lariat/sched/loop/loop.hpp>
#include <lariat/sched/report/detail/wait_chain.hpp>

#include <cassert>
#include <stdexcept>
#include <utility>

namespace lariat::detail {

void join_set_entry::joined() noexcept { owner_.ended(*this); }

join_set_list::~join_set_list() {
  while (first_ != nullptr) (void)remove(*first_);
}

void join_set_list::push(std::unique_ptr<join_set_entry> entry) noexcept {
  entry->previous_ = last_;
  entry->next_ = nullptr;
  (last_ == nullptr ? first_ : last_->next_) = entry.get();
  last_ = entry.release();
  ++size_;
}

std::unique_ptr<join_set_entry> join_set_list::remove(join_set_entry& entry) noexcept {
  (entry.previous_ == nullptr ? first_ : entry.previous_->next_) = entry.next_;
  (entry.next_ == nullptr ? last_ : entry.next_->previous_) = entry.previous_;
  --size_;
  return std::unique_ptr<join_set_entry>(&entry);
}

join_set_base::join_set_base(std::size_t limit) : limit_(limit) {
  if (limit == 0) throw std::invalid_argument("lariat: join_set: a limit of none admits no task");
}

join_set_base::~join_set_base() {
  assert(waits_for_end_ == nullptr && "a join_set was destroyed while a task awaits the next end");
  assert(waits_for_room_ == nullptr && "a join_set was destroyed while a task awaits room");
  while (join_set_entry* const each = running_.first()) {
    (void)each->record().remove_waiter(*each);
    const auto dropped = running_.remove(*each);
    dropped->record().request_cancel("its join_set was destroyed");
  }
}

void join_set_base::add(std::unique_ptr<join_set_entry> entry) {
  join_set_entry& added = *entry;
  if (added.record().owner() != loop::current()) {
    throw std::logic_error("lariat: join_set::add: the task belongs to another loop than this one");
  }
  running_.push(std::move(entry));
  if (!added.record().add_waiter(added)) ended(added);
}

std::unique_ptr<join_set_entry> join_set_base::take() noexcept {
  return ended_.empty() ? nullptr : ended_.remove(*ended_.first());
}

void join_set_base::cancel(std::string_view reason) noexcept {
  // A task that ends by this at once leaves the list, so the next one is looked up before.
  for (join_set_entry* each = running_.first(); each != nullptr;) {
    join_set_entry* const next = join_set_list::after(*each);
    each->record().request_cancel(reason);
    each = next;
  }
}

void join_set_base::ended(join_set_entry& which) noexcept {
  ended_.push(running_.remove(which));
  if (waits_for_end_ != nullptr) std::exchange(waits_for_end_, nullptr)->complete();
  if (waits_for_room_ != nullptr && !full()) std::exchange(waits_for_room_, nullptr)->complete();
}

bool join_set_operation::start() {
  if (must_cancel()) {
    cancelled_ = true;
    return false;
  }
  if (ready()) return false;
  if (place() != nullptr) {
    throw std::logic_error(std::string("lariat: ") + info().name +
                           ": another task awaits it already");
  }
  if (deadlock_checks()) refuse_deadlock(*this);
  suspend();
  place() = this;
  return true;
}

woken_by join_set_operation::depends_on(dependency_visitor& visit) const {
  if (suspended() && place() != this) return woken_by::anything;  // Told already.
  const join_set_list& running = set_->running_;
  for (const join_set_entry* each = running.first(); each != nullptr;
       each = join_set_list::after(*each)) {
    if (!visit.task(each->record())) break;
  }
  return woken_by::any_of;
}

void join_set_operation::cancel() noexcept {
  if (place() != this) return;  // It was told, and is queued already.
  place() = nullptr;
  cancelled_ = true;
  complete();
}

}  // namespace lariat::detail
