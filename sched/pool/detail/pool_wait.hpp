#pragma once

namespace lariat {
class pool;
}

namespace lariat::detail {

/// Held while a worker of one pool waits, without helping, for a call to another pool. Refuses a
/// wait by which pools would wait for each other, directly or through others: that could last for
/// ever.
class pool_wait {
 public:
  /// \throws std::logic_error if workers of `target` wait for `waiting`.
  pool_wait(const pool& waiting, const pool& target);
  pool_wait(const pool_wait&) = delete;
  pool_wait& operator=(const pool_wait&) = delete;
  ~pool_wait();

 private:
  const pool& waiting_;
  const pool& target_;
};

}  // namespace lariat::detail
