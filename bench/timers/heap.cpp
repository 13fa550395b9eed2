// Timers in a plain binary heap of pointers, each timer knowing its place: the reference.

#include "pattern.hpp"

namespace {

struct timer {
  std::int64_t deadline_ns;
  std::size_t place;
};

class heap {
 public:
  explicit heap(std::size_t count) : timers_(count) { items_.reserve(count); }

  void set(std::size_t slot, std::int64_t delay_ns) {
    timer* t = &timers_[slot];
    t->deadline_ns = now_ns_ + delay_ns;
    items_.push_back(t);
    rise(items_.size() - 1, t);
  }

  void cancel(std::size_t slot) {
    const std::size_t hole = timers_[slot].place;
    timer* last = items_.back();
    items_.pop_back();
    if (hole == items_.size()) return;
    if (hole > 0 && last->deadline_ns < items_[(hole - 1) / 2]->deadline_ns) {
      rise(hole, last);
    } else {
      sink(hole, last);
    }
  }

  void turn() { now_ns_ = bench::wall_ns(); }

 private:
  void put(std::size_t place, timer* t) {
    items_[place] = t;
    t->place = place;
  }

  void rise(std::size_t hole, timer* t) {
    while (hole > 0) {
      const std::size_t parent = (hole - 1) / 2;
      if (items_[parent]->deadline_ns <= t->deadline_ns) break;
      put(hole, items_[parent]);
      hole = parent;
    }
    put(hole, t);
  }

  void sink(std::size_t hole, timer* t) {
    for (;;) {
      std::size_t child = 2 * hole + 1;
      if (child >= items_.size()) break;
      if (child + 1 < items_.size() &&
          items_[child + 1]->deadline_ns < items_[child]->deadline_ns) {
        ++child;
      }
      if (t->deadline_ns <= items_[child]->deadline_ns) break;
      put(hole, items_[child]);
      hole = child;
    }
    put(hole, t);
  }

  std::vector<timer> timers_;
  std::vector<timer*> items_;
  std::int64_t now_ns_ = bench::wall_ns();
};

}  // namespace

int main(int argc, char** argv) { bench::measure_timers<heap>(argc, argv, "heap"); }
