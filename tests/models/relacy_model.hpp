#pragma once

// What the models of templates have in common that name the orders as std::memory_order: include it
// behind the library's headers, for Relacy's macros spoil what comes after them.

#include <atomic>
#include <cstdint>
#include <fstream>

#include <relacy/relacy.hpp>

#undef memory_order_relaxed
#undef memory_order_acquire
#undef memory_order_release
#undef memory_order_acq_rel
#undef memory_order_seq_cst
#undef delete
#undef new

namespace model {

constexpr rl::memory_order order_of(std::memory_order order) {
  return order == std::memory_order_relaxed   ? rl::mo_relaxed
         : order == std::memory_order_acquire ? rl::mo_acquire
         : order == std::memory_order_release ? rl::mo_release
         : order == std::memory_order_acq_rel ? rl::mo_acq_rel
                                              : rl::mo_seq_cst;
}

// std::atomic's face for Relacy's words.
template <class T>
class word {
 public:
  word() : word(T()) {}
  word(T value) : value_(value) {}
  T load(std::memory_order order) const { return value_.load(order_of(order), $); }
  void store(T value, std::memory_order order) { value_.store(value, order_of(order), $); }
  T exchange(T value, std::memory_order order) {
    return value_.exchange(value, order_of(order), $);
  }
  T fetch_add(T value, std::memory_order order) {
    return value_.fetch_add(value, order_of(order), $);
  }
  T fetch_sub(T value, std::memory_order order) {
    return value_.fetch_sub(value, order_of(order), $);
  }
  T fetch_or(T value, std::memory_order order) {
    return value_.fetch_or(value, order_of(order), $);
  }
  bool compare_exchange_weak(T& expected, T value, std::memory_order order, std::memory_order) {
    return value_.compare_exchange_weak(expected, value, order_of(order), $);
  }
  bool compare_exchange_strong(T& expected, T value, std::memory_order order,
                               std::memory_order = std::memory_order_relaxed) {
    return value_.compare_exchange_strong(expected, value, order_of(order), $);
  }

 private:
  rl::atomic<T> value_;
};

// A plain field that Relacy watches, with the syntax of one.
template <class T>
class plain {
 public:
  plain& operator=(T value) {
    value_($) = value;
    return *this;
  }
  operator T() const { return value_($); }

 private:
  rl::var<T> value_;
};

// std::mutex's face.
class mutex {
 public:
  void lock() { mutex_.lock($); }
  void unlock() { mutex_.unlock($); }
  rl::mutex& relacy() { return mutex_; }

 private:
  rl::mutex mutex_;
};

inline void full_fence() { rl::atomic_thread_fence(rl::mo_seq_cst, $); }

// What membarrier(2) does: each of the `threads` executes a full fence, wherever it is.
template <unsigned threads>
void fence_everywhere() {
  using information = rl::thread_info<threads>;
  rl::context& all = rl::ctx();
  auto* const self =
      static_cast<rl::aligned<information>*>(static_cast<information*>(all.threadx_));
  full_fence();
  for (unsigned i = 0; i < threads; ++i) {
    (self - self->index_ + i)->atomic_thread_fence_seq_cst(all.seq_cst_fence_order_);
  }
  full_fence();
}

template <class Model>
bool passes(rl::scheduler_type_e scheduler, std::uint64_t iterations, unsigned switches = 1) {
  rl::test_params parameters;
  parameters.search_type = scheduler;
  parameters.iteration_count = iterations;
  parameters.context_bound = switches;
  static std::ofstream progress("/dev/null");
  parameters.progress_stream = &progress;
  return rl::simulate<Model>(parameters);
}

}  // namespace model
