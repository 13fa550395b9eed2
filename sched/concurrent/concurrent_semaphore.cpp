#include <lariat/sched/concurrent/concurrent_semaphore.hpp>

#include <stdexcept>

namespace lariat {

concurrent_semaphore::concurrent_semaphore(std::size_t permits, std::size_t limit)
    : gate(permits), limit_(limit < no_limit ? limit : no_limit) {
  if (permits > limit_) {
    throw std::invalid_argument("lariat: concurrent_semaphore: more permits than its limit");
  }
}

concurrent_semaphore::permit concurrent_semaphore::acquire_blocking(std::size_t count) {
  return acquire_within("concurrent_semaphore::acquire_blocking", count,
                        [] { return detail::channel_patience(); });
}

concurrent_semaphore::permit concurrent_semaphore::acquire_blocking(stop_token stop,
                                                                    std::size_t count) {
  return acquire_within("concurrent_semaphore::acquire_blocking", count, [&stop] {
    return detail::channel_patience{no_deadline, std::move(stop)};
  });
}

void concurrent_semaphore::check_count(std::size_t count) const {
  if (count <= limit_) return;
  throw std::logic_error("lariat: concurrent_semaphore::acquire: more permits than its limit");
}

void concurrent_semaphore::throw_over_limit() {
  throw std::logic_error("lariat: concurrent_semaphore::release: more permits than its limit");
}

}  // namespace lariat
