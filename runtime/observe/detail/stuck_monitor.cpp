#include <lariat/runtime/observe/detail/stuck_monitor.hpp>

#include <lariat/runtime/observe/dump.hpp>
#include <lariat/sched/loop/context.hpp>
#include <lariat/sched/loop/detail/debug_options.hpp>
#include <lariat/sched/loop/detail/task_text.hpp>
#include <lariat/sched/loop/loop.hpp>
#include <lariat/sched/report/detail/wait_chain.hpp>
#include <lariat/sched/text/detail/site_text.hpp>

#include <cstdio>

namespace lariat::detail {

void print_report(void*, const std::string& text) { std::fputs(text.c_str(), stderr); }

void stuck_report::rest(loop& where) {
  if (where.live() > 0) waiting_.fetch_add(1, std::memory_order_relaxed);  // Ordered by the next.
  // Both: the last one sees the others' counts.
  if (active_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  // With no task anywhere they rest because there is nothing to do.
  if (waiting_.load(std::memory_order_relaxed) == 0) return;
  if (made_.exchange(true, std::memory_order_relaxed)) return;
  const std::string title =
      std::string("lariat: every task of ") + (loops_ == 1 ? "this loop" : "the runtime's loops") +
      " waits, and nothing under way can wake one: deadlock? (unless another thread does)\n";
  if (loops_ == 1) return print_(state_, title + task_tree(where));
  print_(state_, title);
  dump_tasks();  // Asks the other loops.
}

void stuck_report::stir(bool had_tasks) noexcept {
  // Relaxed: a loop that rests meanwhile reports at the worst what was true before.
  active_.fetch_add(1, std::memory_order_relaxed);
  if (had_tasks) waiting_.fetch_sub(1, std::memory_order_relaxed);
}

clock_ns stuck_monitor::before_sleep() noexcept {
  // If it ran through a turn without sleeping, something has come.
  if (loop_.turns() != turn_ + 1) woken();
  turn_ = loop_.turns();
  if (rests_ || report_.made() || loop_.handoffs() > 0 || loop_.driver().busy()) return no_deadline;
  const clock_ns now = loop_.now();
  if (until_ == no_deadline) until_ = now + patience_ns;
  if (now < until_) return until_;
  // Once is enough: what the tasks wait for does not change while the loop sleeps.
  rests_ = all_wait_for_tasks(loop_);
  until_ = no_deadline;
  if (!rests_) return no_deadline;
  had_tasks_ = loop_.live() > 0;
  report_.rest(loop_);
  return no_deadline;
}

void stuck_monitor::woken() noexcept {
  until_ = no_deadline;
  if (!rests_) return;
  rests_ = false;
  report_.stir(had_tasks_);
}

void stuck_monitor::refused(const context& late) noexcept {
  if (!debug_requested()) return;
  std::fprintf(stderr,
               "lariat: %s, spawned at %s, came when the runtime had ended, and did not start\n",
               task_text(late).c_str(), site_text(late.spawn_site()).c_str());
}

}  // namespace lariat::detail
