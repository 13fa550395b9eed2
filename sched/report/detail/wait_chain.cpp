#include <lariat/sched/report/detail/wait_chain.hpp>

#include <lariat/sched/loop/context.hpp>
#include <lariat/sched/loop/detail/task_text.hpp>
#include <lariat/sched/loop/loop.hpp>
#include <lariat/sched/loop/operation.hpp>
#include <lariat/sched/text/detail/shown_name.hpp>
#include <lariat/sched/text/detail/site_text.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace lariat::detail {
namespace {

// Takes no names: for a caller that needs only the `woken_by`.
class no_names final : public dependency_visitor {
 public:
  bool task(const context&) override { return false; }
  bool holder(std::uint64_t, std::source_location) override { return false; }
};

woken_by woken_in(const operation* in) {
  no_names nobody;
  return in == nullptr ? woken_by::anything : in->depends_on(nobody);
}

bool by_named_tasks(woken_by who) noexcept {
  return who == woken_by::any_of || who == woken_by::all_of;
}

// The task of that number; null if the loop has none.
const context* find_task(loop& where, std::uint64_t id) {
  const context* found = nullptr;
  where.for_each_task([&](const context& each) {
    if (each.id() == id) found = &each;
  });
  return found;
}

// Whether the tasks that a wait depends on wait for tasks as well. Mostly they run, or wait for
// time or the kernel: then there is no cycle, and no graph to allocate.
class first_look final : public dependency_visitor {
 public:
  first_look(const context& self, const operation& about) : self_(self), by_(woken_in(&about)) {
    if (by_named_tasks(by_)) (void)about.depends_on(*this);
  }

  [[nodiscard]] bool suspicious() const noexcept { return suspicious_; }

  bool task(const context& other) override { return look_at(&other); }
  bool holder(std::uint64_t id, std::source_location) override {
    return look_at(find_task(*self_.owner(), id));
  }

 private:
  // False when the answer is known: by one task that goes on if any of them can end the wait, by
  // one that waits if all have to.
  bool look_at(const context* other) {
    suspicious_ =
        other != nullptr && (other == &self_ || by_named_tasks(woken_in(other->waiting_in())));
    return suspicious_ == (by_ == woken_by::any_of);
  }

  const context& self_;
  woken_by by_;
  bool suspicious_ = false;
};

// A task, and the tasks that it waits for.
struct waiting final : dependency_visitor {
  struct need {
    const context* task;  // Null if it is not known, or has ended.
    bool holds;
    std::source_location since;
  };

  waiting(const context& task, const operation* operation) : who(task), in(operation) {
    if (in != nullptr) by = in->depends_on(*this);
    stuck = by_named_tasks(by) && !needs.empty();
  }
  bool task(const context& other) override {
    needs.push_back({&other, false, {}});
    return true;
  }
  bool holder(std::uint64_t id, std::source_location since) override {
    needs.push_back({find_task(*who.owner(), id), true, since});
    return true;
  }

  const context& who;
  const operation* in;
  woken_by by = woken_by::anything;
  std::vector<need> needs;
  const context* ender = nullptr;  // The parent that may end it before it is woken.
  bool stuck = false;  // Whether nobody will wake it; assumed until `find_stuck` refutes it.
};

// The tasks that a task which is about to wait depends on, directly or through others.
class wait_graph {
 public:
  wait_graph(const context& self, const operation& about) : self_(self) {
    add(self, &about);
    for (std::size_t next = 0; next < waits_.size(); ++next) {
      waits_[next].ender = ender_of(waits_[next].who);
      if (waits_[next].ender != nullptr) add(*waits_[next].ender);
      // By index: the vector grows.
      for (std::size_t i = 0; waits_[next].stuck && i < waits_[next].needs.size(); ++i) {
        if (waits_[next].needs[i].task != nullptr) add(*waits_[next].needs[i].task);
      }
    }
    find_stuck();
  }

  // A cycle from the task back to itself through tasks that nobody will wake, the task first. Empty
  // if there is none.
  [[nodiscard]] std::vector<const waiting*> ring() const {
    if (!waits_.front().stuck) return {};
    std::vector<const waiting*> reached{&waits_.front()};
    std::unordered_map<const waiting*, const waiting*> came_from;
    for (std::size_t next = 0; next < reached.size(); ++next) {
      const waiting* const from = reached[next];
      for (const waiting::need& each : from->needs) {
        if (each.task == &self_) return way_to(from, came_from);
        if (!is_stuck(each.task)) continue;
        const waiting* const to = &waits_[places_.at(each.task)];
        if (came_from.emplace(to, from).second) reached.push_back(to);
      }
    }
    return {};
  }

 private:
  void add(const context& task) { add(task, task.waiting_in()); }
  void add(const context& task, const operation* in) {
    if (places_.emplace(&task, waits_.size()).second) waits_.emplace_back(task, in);
  }

  // The nearest ancestor that does not wait for all of its children: it may cancel this task,
  // because of a time limit or the end of another child.
  static const context* ender_of(const context& task) {
    const context* each = task.parent();
    // A task of another loop cannot be examined from this thread, and may do anything.
    while (each != nullptr && each->owner() == task.owner() &&
           woken_in(each->waiting_in()) == woken_by::all_of) {
      each = each->parent();
    }
    return each;
  }

  [[nodiscard]] bool is_stuck(const context* task) const {
    const auto place = places_.find(task);
    return place != places_.end() && waits_[place->second].stuck;
  }

  [[nodiscard]] bool can_be_woken(const waiting& each) const {
    if (each.ender != nullptr && !is_stuck(each.ender)) return true;
    const auto stuck = [this](const waiting::need& need) { return is_stuck(need.task); };
    return each.by == woken_by::any_of ? !std::all_of(each.needs.begin(), each.needs.end(), stuck)
                                       : std::none_of(each.needs.begin(), each.needs.end(), stuck);
  }

  // Of all that wait for tasks, removes those that can be woken, until no more can. A task was
  // added before those that it waits for, so going backwards a long chain takes one round.
  void find_stuck() {
    for (bool changed = true; changed;) {
      changed = false;
      for (auto each = waits_.rbegin(); each != waits_.rend(); ++each) {
        if (!each->stuck || !can_be_woken(*each)) continue;
        each->stuck = false;
        changed = true;
      }
    }
  }

  static std::vector<const waiting*> way_to(
      const waiting* last, const std::unordered_map<const waiting*, const waiting*>& came_from) {
    std::vector<const waiting*> way{last};
    for (auto each = came_from.find(last); each != came_from.end();
         each = came_from.find(way.back())) {
      way.push_back(each->second);
    }
    std::reverse(way.begin(), way.end());
    return way;
  }

  const context& self_;
  std::vector<waiting> waits_;  // The first is that of `self_`.
  std::unordered_map<const context*, std::size_t> places_;
};

std::string site_of(const operation& waits) { return site_text(written_site(waits)); }

// "the mutex that task 7 holds since a.cpp:12, but waits for it": what the first task of the cycle
// awaits from the second.
std::string obstacle_text(const waiting& first, const context& second) {
  const bool own = &first.who == &second;
  const auto need = std::find_if(first.needs.begin(), first.needs.end(),
                                 [&](const waiting::need& each) { return each.task == &second; });
  const std::string who = own ? "it" : task_text(second);
  if (!need->holds) return own ? "itself" : who + ", but that waits for it";
  const std::string_view name = first.in->info().name;
  return "the " + std::string(name.substr(0, name.find(':'))) + " that " + who + " holds since " +
         site_text(need->since) + (own ? "" : ", but waits for it");
}

std::string ring_text(const std::vector<const waiting*>& ring) {
  const waiting& first = *ring.front();
  const context& second = ring.size() == 1 ? first.who : ring[1]->who;
  std::string text = "lariat: " + std::string(first.in->info().name) +
                     ": resource deadlock would occur: " + task_text(first.who) + " awaits at " +
                     site_of(*first.in) + ' ' + obstacle_text(first, second);
  for (std::size_t i = 1; i < ring.size(); ++i) {
    text += (i == 1 ? ": " : "; ") + task_text(ring[i]->who) + " awaits " +
            ring[i]->in->info().name + " at " + site_of(*ring[i]->in);
  }
  return text;
}

}  // namespace

void refuse_deadlock(const operation& about) {
  if (about.waiter() == nullptr) return;  // Foreign coroutines share a context.
  const context& self = *about.waiter()->task_context();
  if (!first_look(self, about).suspicious()) return;
  const wait_graph graph(self, about);
  const std::vector<const waiting*> ring = graph.ring();
  if (!ring.empty()) throw std::logic_error(ring_text(ring));
}

bool all_wait_for_tasks(loop& where) {
  bool all = true;
  where.for_each_task(
      [&](const context& each) { all = all && woken_in(each.waiting_in()) != woken_by::anything; });
  return all;
}

}  // namespace lariat::detail
