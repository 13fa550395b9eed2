#include <lariat/sched/scope/cancellation_source.hpp>

#include <lariat/sched/loop/loop.hpp>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace lariat {
namespace detail {

bool cancellation_wait::start() noexcept {
  if (must_cancel()) {
    cancelled_ = true;
    return false;
  }
  if (state_ != nullptr && state_->cancelled()) return false;
  suspend();
  // May call it at once.
  if (state_ != nullptr) callback_.emplace(state_->token(), on_stop{*this});
  return true;
}

// Runs on the thread that cancels the source. The operation is alive until this returns: `run` and
// `cancel` destroy the callback, which waits for that and makes `requested_` visible.
void cancellation_wait::on_stop::operator()() const noexcept {
  self.requested_ = true;
  self.owner().post(self);
}

void cancellation_wait::run() noexcept {
  callback_.reset();
  operation::run();
}

void cancellation_wait::cancel() noexcept {
  if (cancelled_) return;
  callback_.reset();
  if (requested_) return;  // It is on its way, or has arrived.
  cancelled_ = true;
  complete();
}

std::string cancellation_wait::await_resume() const {
  if (cancelled_) throw_cancelled();
  return state_->reason();
}

/// The time limit of a source: one for each call of `cancel_after`. It deletes itself if the source
/// leaves it while its step is queued, or else the source does.
class cancellation_timer final : public runnable {
 public:
  cancellation_timer(loop& owner, clock_ns deadline, std::shared_ptr<cancellation_state> state,
                     std::string reason) noexcept
      : owner_(owner), state_(std::move(state)), reason_(std::move(reason)) {
    owner.timers().insert(entry_, deadline);
  }

  /// Acquire: what `run` has read was read before.
  [[nodiscard]] bool has_fired() const noexcept { return fired_.load(std::memory_order_acquire); }
  [[nodiscard]] const loop& owner() const noexcept { return owner_; }

  void leave() noexcept {
    state_ = nullptr;
    if (entry_.armed()) {
      owner_.timers().cancel(entry_);
    } else if (!has_fired()) {
      return;  // Its step is queued.
    }
    delete this;
  }

  void run() noexcept override {
    if (state_ == nullptr) {
      delete this;
      return;
    }
    const std::shared_ptr<cancellation_state> state = std::move(state_);
    std::string reason = std::move(reason_);
    // From here on the source may delete this, also in a callback.
    fired_.store(true, std::memory_order_release);
    state->cancel(std::move(reason));
  }

 private:
  loop& owner_;
  std::shared_ptr<cancellation_state> state_;
  std::string reason_;
  std::atomic<bool> fired_ = false;
  timer_entry entry_{*this};
};

}  // namespace detail

cancellation_source::cancellation_source()
    : state_(std::make_shared<detail::cancellation_state>()) {}

cancellation_source::cancellation_source(cancellation_source&& other) noexcept
    : state_(std::move(other.state_)), timer_(std::exchange(other.timer_, nullptr)) {}

cancellation_source& cancellation_source::operator=(cancellation_source&& other) noexcept {
  if (this == &other) return *this;
  disarm();
  state_ = std::move(other.state_);
  timer_ = std::exchange(other.timer_, nullptr);
  return *this;
}

cancellation_source::~cancellation_source() { disarm(); }

void cancellation_source::disarm() noexcept {
  if (timer_ == nullptr) return;
  // One that has fired may be left from anywhere: its loop has forgotten it.
  if (!timer_->has_fired() && loop::current() != &timer_->owner()) {
    std::fputs(
        "lariat: a cancellation_source whose time limit is not over was destroyed on another "
        "thread than its loop's, whose timer that is\n",
        stderr);
    std::abort();
  }
  std::exchange(timer_, nullptr)->leave();
}

void cancellation_source::arm(clock_ns delay, std::string reason) {
  loop* const here = loop::current();
  if (here == nullptr) {
    throw std::logic_error(
        "lariat: cancellation_source::cancel_after: no loop runs on this thread");
  }
  if (timer_ != nullptr && !timer_->has_fired() && &timer_->owner() != here) {
    throw std::logic_error(
        "lariat: cancellation_source::cancel_after: it has a time limit on another loop");
  }
  auto* const next = new detail::cancellation_timer(
      *here, detail::deadline_after(here->now(), delay), state_, std::move(reason));
  disarm();
  timer_ = next;
}

void cancellation_source::follow(const cancellation_token& leader) {
  if (leader.state_ != nullptr) state_->follow(leader.state_->token(), leader.state_.get());
}

void cancellation_source::follow(const stop_token& leader) { state_->follow(leader, nullptr); }

}  // namespace lariat
