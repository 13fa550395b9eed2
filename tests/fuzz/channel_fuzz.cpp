// A channel against a std::deque. The input is a series of what tasks of one loop do with it: each
// wait is in a task of its own, so that the fuzzer chooses who waits, who is cancelled, and how far
// the loop runs in between.

#include "input.hpp"
#include "on_loop.hpp"

#include <lariat/sched/cancel/cancelled.hpp>
#include <lariat/sched/channel/channel.hpp>

#include <cstddef>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

using namespace lariat;

namespace {

// What is sent; counted, so that none is left and none is destroyed twice.
class token {
 public:
  explicit token(int id) noexcept : id_(id) { ++living; }
  token(token&& other) noexcept : id_(std::exchange(other.id_, 0)) {}
  token& operator=(token&& other) noexcept {
    std::swap(id_, other.id_);
    return *this;
  }
  ~token() {
    if (id_ != 0) --living;
  }
  [[nodiscard]] int id() const noexcept { return id_; }

  static inline int living = 0;

 private:
  int id_;
};

enum kind { send, reserve, receive };

// Who may take what when, as sched/README.md says it, without the tricks that make it fast.
struct model {
  explicit model(std::size_t capacity) : capacity(capacity) {}

  [[nodiscard]] bool has_room() const { return items.size() + reserved < capacity; }

  void put(int id) {
    if (receivers_line.empty()) {
      items.push_back(id);
    } else {
      receivers_line.tell(attempt::end::served).value = id;
    }
  }
  void accept(const attempt& sender) {
    if (sender.kind == send) {
      put(sender.value);
    } else {
      ++reserved;
    }
  }
  void serve_senders() {
    while (!senders_line.empty() && has_room()) accept(senders_line.tell(attempt::end::served));
  }
  void begin_send(attempt& self) {
    if (closed) {
      self.told = attempt::end::closed;
    } else if (has_room()) {
      self.told = attempt::end::served;
      accept(self);
    } else {
      senders_line.push(self);
    }
  }
  [[nodiscard]] std::optional<int> take() {
    if (items.empty()) return std::nullopt;
    const int first = items.front();
    items.pop_front();
    serve_senders();
    return first;
  }
  void begin_receive(attempt& self) {
    const std::optional<int> got = take();
    if (got) {
      self.told = attempt::end::served;
      self.value = *got;
    } else if (closed) {
      self.told = attempt::end::closed;
    } else {
      receivers_line.push(self);
    }
  }
  void begin(attempt& self) {
    if (!attempts::begin(self)) return;
    self.kind == receive ? begin_receive(self) : begin_send(self);
  }
  void withdraw(const attempt& self) {
    senders_line.remove(self);
    receivers_line.remove(self);
  }
  bool use_permit(int id) {
    --reserved;
    if (closed) return false;
    put(id);
    serve_senders();  // A receiver that waited took the value, and left the room.
    return true;
  }
  void close() {
    closed = true;
    senders_line.tell_all(attempt::end::closed);
    receivers_line.tell_all(attempt::end::closed);
  }
  void drop_sender() {
    if (--senders == 0) close();
  }
  void drop_receiver() {
    if (--receivers > 0) return;
    close();
    items.clear();
  }

  std::size_t capacity;
  std::size_t reserved = 0;
  int senders = 1;
  int receivers = 1;
  bool closed = false;
  std::deque<int> items;
  waiting_line senders_line;
  waiting_line receivers_line;
};

// An end, or a permit, that the model is told of when it goes.
template <class Real, void (*drop)(model&)>
class counted {
 public:
  counted(model& told, Real&& real) : told_(&told), real_(std::move(real)) {}
  counted(counted&& other) noexcept
      : told_(std::exchange(other.told_, nullptr)), real_(std::move(other.real_)) {}
  counted& operator=(counted&& other) noexcept {
    std::swap(told_, other.told_);
    std::swap(real_, other.real_);
    return *this;
  }
  ~counted() {
    if (told_ != nullptr) drop(*told_);
  }
  Real& operator*() { return real_; }
  Real* operator->() { return &real_; }
  // The model was told otherwise.
  void forget() { told_ = nullptr; }

 private:
  model* told_;
  Real real_;
};

using sending_end = counted<channel_sender<token>, [](model& m) { m.drop_sender(); }>;
using receiving_end = counted<channel_receiver<token>, [](model& m) { m.drop_receiver(); }>;
using permit = counted<channel_permit<token>, [](model& m) {
  --m.reserved;
  m.serve_senders();
  m.drop_sender();
}>;

class scenario {
 public:
  explicit scenario(input& choices) : choices_(choices), model_(1 + choices.below(4)) {
    auto ends = channel<token>(model_.capacity);
    senders_.emplace_back(model_, std::move(ends.sender));
    receivers_.emplace_back(model_, std::move(ends.receiver));
  }

  task<> run() {
    while (!choices_.empty()) {
      const std::size_t choice = choices_.below(17);
      if (choice >= 15) {
        co_await yield();
      } else if (choice == 14) {
        co_await settle();
        all_.check_settled();
      } else {
        act(choice);
      }
      check();
    }
    all_.cancel_all(model_);
    co_await settle();
    all_.check_settled();
    check();
    all_.clear();
    permits_.clear();
    check();
    if (choices_.byte() % 2 == 0) receivers_.clear();
    senders_.clear();
    receivers_.clear();
    require(model_.senders == 0 && model_.receivers == 0, "the model counts the ends");
    require(token::living == 0, "each value is destroyed once");
  }

 private:
  void act(std::size_t choice) {
    switch (choice) {
      case 0:
      case 1:
        return begin_send(send);
      case 2:
        return begin_send(reserve);
      case 3:
      case 4:
        return begin_receive();
      case 5:
        return try_send();
      case 6:
        return try_receive();
      case 7:
      case 8:
        return all_.cancel(choices_.below(16), model_);
      case 9:
      case 10:
        return use_permit(choice == 9);
      case 11:
        return copy_end();
      case 12:
        return drop_end();
      default:
        return close();
    }
  }

  [[nodiscard]] sending_end another(sending_end& end) {
    ++model_.senders;
    return {model_, channel_sender<token>(*end)};
  }
  [[nodiscard]] receiving_end another(receiving_end& end) {
    ++model_.receivers;
    return {model_, channel_receiver<token>(*end)};
  }

  void begin_send(kind what) {
    if (senders_.empty()) return;
    attempt& self = all_.add(what, what == send ? ++last_id_ : 0);
    self.handle = what == send
                      ? spawn(&scenario::send_one, this, std::ref(self), another(senders_[0]))
                      : spawn(&scenario::reserve_one, this, std::ref(self), another(senders_[0]));
  }
  void begin_receive() {
    if (receivers_.empty()) return;
    attempt& self = all_.add(receive, 0);
    self.handle = spawn(&scenario::receive_one, this, std::ref(self), another(receivers_[0]));
  }

  task<> send_one(attempt& self, sending_end end) {
    attempt::end how = attempt::end::served;
    model_.begin(self);
    try {
      co_await end->send(token(self.value));
    } catch (const operation_cancelled&) {
      how = attempt::end::cancelled;
    } catch (const channel_closed&) {
      how = attempt::end::closed;
    }
    attempts::finish(self, how);
  }
  task<> reserve_one(attempt& self, sending_end end) {
    attempt::end how = attempt::end::served;
    model_.begin(self);
    try {
      channel_permit<token> got = co_await end->reserve();
      ++model_.senders;
      permits_.emplace_back(model_, std::move(got));
    } catch (const operation_cancelled&) {
      how = attempt::end::cancelled;
    } catch (const channel_closed&) {
      how = attempt::end::closed;
    }
    attempts::finish(self, how);
  }
  task<> receive_one(attempt& self, receiving_end end) {
    attempt::end how = attempt::end::served;
    model_.begin(self);
    try {
      const std::optional<token> got = co_await end->receive();
      if (!got) how = attempt::end::closed;
      if (got)
        require(got->id() == self.value, "a receiver gets the value that the model gives it");
    } catch (const operation_cancelled&) {
      how = attempt::end::cancelled;
    }
    attempts::finish(self, how);
  }

  void try_send() {
    if (senders_.empty()) return;
    token value(++last_id_);
    const bool takes = !model_.closed && model_.has_room();
    if (takes) model_.put(last_id_);
    require(senders_.back()->try_send(std::move(value)) == takes, "try_send takes what has room");
    require(takes || value.id() == last_id_, "try_send leaves what it does not take");
  }
  void try_receive() {
    if (receivers_.empty()) return;
    const std::optional<int> expected = model_.take();
    const std::optional<token> got = receivers_.back()->try_receive();
    require(got.has_value() == expected.has_value(), "try_receive gives what is there");
    require(!got || got->id() == *expected, "values come out in the order in which they went in");
  }

  void use_permit(bool sends) {
    if (permits_.empty()) return;
    permit used = std::move(permits_.front());
    permits_.pop_front();
    if (!sends) return;  // It is dropped.
    used.forget();
    const bool expected = model_.use_permit(++last_id_);
    require(used->send(token(last_id_)) == expected, "a permit sends unless the channel is closed");
    model_.drop_sender();
  }

  void copy_end() {
    if (choices_.below(2) == 0) {
      if (!senders_.empty()) senders_.push_back(another(senders_[0]));
    } else {
      if (!receivers_.empty()) receivers_.push_back(another(receivers_[0]));
    }
  }
  void drop_end() {
    if (choices_.below(2) == 0) {
      if (!senders_.empty()) senders_.pop_back();
    } else {
      if (!receivers_.empty()) receivers_.pop_back();
    }
  }
  void close() {
    const std::size_t how = choices_.below(8);  // Rarely: not much can happen afterwards.
    if (how > 2 || (how == 0 ? senders_.empty() : receivers_.empty())) return;
    if (how == 0) senders_[0]->close();
    if (how == 1) receivers_[0]->close();
    if (how == 2) receivers_[0]->close_now();
    model_.close();
    if (how == 2) model_.items.clear();
  }

  void check() {
    if (!senders_.empty()) {
      require(senders_[0]->size() == model_.items.size(), "the channel holds as many values");
      require(senders_[0]->closed() == model_.closed, "the channel is closed as the model is");
    }
    if (!receivers_.empty()) {
      require(receivers_[0]->size() == model_.items.size(), "the channel holds as many values");
      require(receivers_[0]->closed() == model_.closed, "the channel is closed as the model is");
    }
  }

  input& choices_;
  model model_;
  attempts all_;
  int last_id_ = 0;
  std::vector<sending_end> senders_;
  std::vector<receiving_end> receivers_;
  std::deque<permit> permits_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  input choices(data, size);
  run_on_fresh_loop([&]() -> task<> {
    scenario played(choices);
    co_await played.run();
  });
  return 0;
}
