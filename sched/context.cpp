#include <lariat/sched/context.hpp>

#include <lariat/sched/cancelled.hpp>
#include <lariat/sched/loop.hpp>
#include <lariat/sched/operation.hpp>

#include <atomic>
#include <memory>
#include <stop_token>
#include <utility>

namespace lariat {

struct context::extras {
  std::string name;
  std::string reason;
  std::stop_source stop{std::nostopstate};
};

context::~context() {
  if (live_) detach();
  delete extras_;
}

context::extras& context::more() {
  if (extras_ == nullptr) extras_ = new extras;
  return *extras_;
}

std::string_view context::name() const noexcept {
  return extras_ == nullptr ? std::string_view() : std::string_view(extras_->name);
}

void context::set_name(std::string_view name) {
  if (!name.empty()) more().name = name;
}

void context::attach() noexcept {
  live_ = true;
  loop_->enter(*this);
}

void context::detach() noexcept {
  live_ = false;
  loop_->leave(*this);
}

void context::cancel(std::string_view reason) noexcept {
  cancel_pending_ = true;
  ++cancel_count_;
  if (!reason.empty()) more().reason = reason;
  if (extras_ != nullptr && extras_->stop.stop_possible()) extras_->stop.request_stop();
  if (masks_ == 0 && waiting_in_ != nullptr) waiting_in_->cancel();
}

void context::throw_cancelled() {
  cancel_pending_ = false;
  std::string reason;
  if (extras_ != nullptr) reason = std::exchange(extras_->reason, {});
  throw operation_cancelled(std::move(reason));
}

std::stop_token context::stop_token() {
  extras& own = more();
  if (!own.stop.stop_possible()) {
    own.stop = std::stop_source();
    if (cancel_count_ != 0) own.stop.request_stop();
  }
  return own.stop.get_token();
}

}  // namespace lariat
