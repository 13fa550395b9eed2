#include <lariat/io/net/detail/socket_op.hpp>

#include <lariat/io/net/socket.hpp>

#include <cassert>
#include <cerrno>
#include <stdexcept>
#include <string>

namespace lariat::io::detail {

void turn_queue::remove(socket_op& operation) noexcept {
  assert(operation.next_ != nullptr && "an operation leaves a queue that it is not in");
  if (operation.next_ == &operation) {
    last_ = nullptr;
  } else {
    // Nearly always the first one leaves, so the one before it is the last.
    socket_op* before = last_;
    while (before->next_ != &operation) before = before->next_;
    before->next_ = operation.next_;
    if (last_ == &operation) last_ = before;
  }
  operation.next_ = nullptr;
}

std::string socket_op::description() const { return socket_->description(); }

// The socket is closed, or in use.
bool socket_op::enter_slowly() noexcept {
  if (!socket_->is_open()) {
    preset_error(EBADF);
    return true;
  }
  if (busy_ == when_busy::refuse) {
    preset_error(EBUSY);
    return true;
  }
  socket_->turns(way_).push(*this);
  return busy_ == when_busy::share;
}

bool socket_op::wait_for_turn() noexcept {
  // A cancel that came before: it ends at once, and `leave` takes it out of the queue.
  if (must_cancel()) return start();
  waits_for_turn_ = true;
  suspend();
  return true;
}

void socket_op::take_turn() noexcept {
  assert(waits_for_turn_ && "an operation is given a turn that it does not wait for");
  waits_for_turn_ = false;
  if (!start()) complete();
}

void socket_op::cancel() noexcept {
  if (!waits_for_turn_) return op::cancel();
  // Not in the kernel's hands: it ends here. Out of the queue at once, or it would get its turn.
  waits_for_turn_ = false;
  socket_->turns(way_).remove(*this);
  result_ = -ECANCELED;
  complete();
}

bool socket_op::completed() noexcept {
  if (result_ > 0) return true;
  // What `close` does to it looks like the peer's doing (end of stream, a broken pipe).
  if (!socket_->is_open()) result_ = -ECANCELED;
  return true;
}

// It never entered, or is not alone, or the socket is being closed.
void socket_op::leave_slowly() noexcept {
  if (next_ == nullptr) return;
  turn_queue& under_way = socket_->turns(way_);
  const bool had_turn = under_way.first() == this;
  under_way.remove(*this);
  if (!socket_->is_open()) return socket_->finish_close();
  if (busy_ != when_busy::queue || !had_turn || under_way.empty()) return;
  under_way.first()->take_turn();
}

bool socket_op::task_was_cancelled() const noexcept {
  return (result_ == -ECANCELED || result_ == -EINTR) && must_cancel();
}

void socket_op::throw_failure(const char* name) const {
  if (task_was_cancelled()) throw_cancelled();
  if (result_ == -EBUSY) {
    throw std::logic_error(std::string("lariat: ") + name + " " + description() +
                           ": another task already does this; a stream has one reader at a time");
  }
  throw_error(-result_, name, error_object::described(description()));
}

std::error_code socket_op::take_failure() const noexcept {
  if (task_was_cancelled()) return take_cancelled();
  return std::error_code(-result_, std::system_category());
}

}  // namespace lariat::io::detail
