#include <lariat/sched/loop/context.hpp>

#include <lariat/sched/cancel/cancelled.hpp>
#include <lariat/sched/cancel/stop_token.hpp>
#include <lariat/sched/coroutine/detail/thread_state.hpp>
#include <lariat/sched/loop/detail/debug_reports.hpp>
#include <lariat/sched/loop/detail/failure_sink.hpp>
#include <lariat/sched/loop/detail/local_values.hpp>
#include <lariat/sched/loop/loop.hpp>
#include <lariat/sched/loop/operation.hpp>

#include <atomic>
#include <memory>
#include <utility>

namespace lariat {
namespace {

std::atomic<std::uint64_t> next_id_block{1};

// Ids come in blocks, so that starting a task needs no shared counter.
[[gnu::noinline]] std::uint64_t take_ids() noexcept {
  constexpr std::uint64_t block = 1024;
  detail::thread_state& here = detail::own_thread_state();
  // Relaxed: only uniqueness counts.
  here.next_id = next_id_block.fetch_add(block, std::memory_order_relaxed);
  here.ids_end = here.next_id + block;
  return here.next_id++;
}

}  // namespace

std::uint64_t context::next_id() noexcept {
  detail::thread_state& here = detail::this_thread_state();
  if (here.next_id == here.ids_end) [[unlikely]]
    return take_ids();  // Also taken where the thread has no state yet.
  return here.next_id++;
}

struct context::extras {
  std::string name;
  std::string reason;
  std::source_location cancelled_at;  // Under LARIAT_DEBUG=1.
  stop_source stop{no_stop_state()};
  std::shared_ptr<detail::failure_sink> failures;
  std::shared_ptr<const detail::local_values> locals;
};

context::~context() {
  if (live_) detach();
  delete extras_.load(std::memory_order_relaxed);
}

void context::run() noexcept {
  loop_->set_running(*this);
  first_run();
}

context::extras& context::more() {
  extras* own = extras_.load(std::memory_order_relaxed);  // Written only here, on the loop.
  if (own == nullptr) {
    own = new extras;
    extras_.store(own, std::memory_order_release);
  }
  return *own;
}

const context::extras* context::seen_extras() const noexcept {
  return extras_.load(std::memory_order_acquire);  // Pairs with `more`.
}

std::string_view context::name() const noexcept {
  const extras* const own = seen_extras();
  return own == nullptr ? std::string_view() : std::string_view(own->name);
}

void context::set_name(std::string_view name) {
  if (!name.empty()) more().name = name;
}

void context::attach() noexcept {
  live_ = true;
  loop_->enter(*this);
}

void context::set_priority(task_priority priority) noexcept {
  id_and_priority_ = id() | static_cast<std::uint64_t>(priority) << priority_shift;
  if (loop::current() == loop_) use_priority();
}

void context::use_priority() noexcept {
  if (priority() != task_priority::normal) loop_->use_priorities();
}

void context::detach() noexcept {
  live_ = false;
  loop_->leave(*this);
}

void context::cancel(std::string_view reason) noexcept {
  cancel_pending_ = true;
  ++cancel_count_;
  if (!reason.empty()) more().reason = reason;
  extras* const own = extras_.load(std::memory_order_relaxed);
  if (own != nullptr && own->stop.stop_possible()) own->stop.request_stop();
  if (masks_ == 0 && waiting_in_ != nullptr) pass_cancel_on();
}

// The operation passes the cancel on to the task's children, those to theirs, and so on: a
// recursion. The stack must not limit how deep tasks may be nested, so tasks below some depth are
// put aside, and the outermost call cancels them before it returns.
void context::pass_cancel_on() noexcept {
  constexpr unsigned depth_max = 256;
  detail::cancel_cascade& cascade = detail::own_thread_state().cancels;
  if (cascade.depth == depth_max) {
    // Linked through the task's own link, which is free: a task that has started is in no queue.
    if (!cancel_put_aside_) cascade.put_aside.push(*this);
    cancel_put_aside_ = true;
    return;
  }
  if (cascade.depth++ == 0) ++cascade.number;
  waiting_in_->cancel();
  while (cascade.depth == 1 && !cascade.put_aside.empty()) {
    auto& next = static_cast<context&>(*cascade.put_aside.pop());
    next.cancel_put_aside_ = false;
    if (next.masks_ == 0 && next.waiting_in_ != nullptr) next.waiting_in_->cancel();
  }
  --cascade.depth;
}

operation_cancelled context::deliver_cancel() noexcept {
  cancel_pending_ = false;
  std::string reason;
  extras* const own = extras_.load(std::memory_order_relaxed);
  if (own != nullptr) reason = std::exchange(own->reason, {});
  return operation_cancelled(std::move(reason));
}

void context::throw_cancelled(std::source_location site) {
  operation_cancelled cancel = deliver_cancel();
  if (loop_->debugged() && !on_pool_) [[unlikely]] {
    cancel_delivered_ = true;
    more().cancelled_at = site;
  }
  throw cancel;
}

void context::note_swallowed() const noexcept {
  detail::note_swallowed_cancel(*this, seen_extras()->cancelled_at);
}

std::exception_ptr context::take_cancelled() noexcept {
  return std::make_exception_ptr(deliver_cancel());
}

void context::keep_failure_sink() noexcept { more().failures = loop_->failures(); }

void context::report_to_sink(const std::exception_ptr& error) const noexcept {
  seen_extras()->failures->report(unhandled_failure(*this, error));
}

const detail::local_values* context::locals() const noexcept {
  const extras* const own = seen_extras();
  return own == nullptr ? nullptr : own->locals.get();
}

std::shared_ptr<const detail::local_values> context::shared_locals() const noexcept {
  const extras* const own = seen_extras();
  return own == nullptr ? nullptr : own->locals;
}

void context::set_locals(std::shared_ptr<const detail::local_values> values) {
  if (values == nullptr && seen_extras() == nullptr) return;
  // Swapped, not assigned: destructors of old values that are run at the end must see the new ones.
  more().locals.swap(values);
}

void context::inherit_more(const context& maker) {
  if (maker.priority() != task_priority::normal) set_priority(maker.priority());
  set_locals(maker.shared_locals());
}

void context::keep_extras_of(const context& ended) {
  if (ended.locals() != locals()) set_locals(ended.shared_locals());
}

stop_token context::stop_token() {
  extras& own = more();
  if (!own.stop.stop_possible()) {
    own.stop = stop_source();
    if (cancel_count_ != 0) own.stop.request_stop();
  }
  return own.stop.get_token();
}

}  // namespace lariat
