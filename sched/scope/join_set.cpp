#include <lariat/sched/scope/join_set.hpp>

#include <lariat/sched/loop/loop.hpp>

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
  sole_wait::wake(waits_for_end_);
  if (!full()) sole_wait::wake(waits_for_room_);
}

void join_set_operation::visit_running(dependency_visitor& visit) const {
  const join_set_list& running = set_->running_;
  for (const join_set_entry* each = running.first(); each != nullptr;
       each = join_set_list::after(*each)) {
    if (!visit.task(each->record())) break;
  }
}

}  // namespace lariat::detail
