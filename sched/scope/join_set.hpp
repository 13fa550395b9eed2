#pragma once

#include <lariat/sched/loop/operation.hpp>
#include <lariat/sched/scope/detail/sole_wait.hpp>
#include <lariat/sched/task/join_handle.hpp>
#include <lariat/sched/task/outcome.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace lariat {
namespace detail {

class join_set_base;

/// A task of a set, from when it was added until its result is taken.
class join_set_entry : public join_waiter {
 public:
  explicit join_set_entry(join_set_base& owner) noexcept : owner_(owner) {}
  virtual ~join_set_entry() = default;
  [[nodiscard]] virtual spawned& record() const noexcept = 0;

 private:
  friend class join_set_base;
  friend class join_set_list;
  void joined() noexcept final;

  join_set_base& owner_;
  join_set_entry* previous_ = nullptr;
  join_set_entry* next_ = nullptr;
};

/// Entries in the order in which they came; owns them.
class join_set_list {
 public:
  join_set_list() = default;
  join_set_list(const join_set_list&) = delete;
  join_set_list& operator=(const join_set_list&) = delete;
  ~join_set_list();

  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] join_set_entry* first() const noexcept { return first_; }
  [[nodiscard]] static join_set_entry* after(const join_set_entry& entry) noexcept {
    return entry.next_;
  }

  void push(std::unique_ptr<join_set_entry> entry) noexcept;
  [[nodiscard]] std::unique_ptr<join_set_entry> remove(join_set_entry& entry) noexcept;

 private:
  join_set_entry* first_ = nullptr;
  join_set_entry* last_ = nullptr;
  std::size_t size_ = 0;
};

/// The wait for the next end, or for room.
class join_set_operation : public sole_wait {
 protected:
  explicit join_set_operation(join_set_base& set) noexcept : set_(&set) {}
  ~join_set_operation() = default;

  [[nodiscard]] join_set_base& set() const noexcept { return *set_; }

 private:
  void visit_running(dependency_visitor& visit) const final;

  join_set_base* set_;
};

/// The part of `join_set` that does not depend on the type of the values.
class join_set_base {
 public:
  join_set_base(const join_set_base&) = delete;  // The tasks refer to it.
  join_set_base& operator=(const join_set_base&) = delete;

  /// Asks all tasks to end; their ends are given by `next`, as all others.
  void cancel(std::string_view reason = {}) noexcept;

  /// How many tasks run.
  [[nodiscard]] std::size_t running() const noexcept { return running_.size(); }

  /// How many tasks it has: those that run, and those whose end was not given yet.
  [[nodiscard]] std::size_t size() const noexcept { return running_.size() + ended_.size(); }

  /// Whether so many run that `room` waits.
  [[nodiscard]] bool full() const noexcept { return running_.size() >= limit_; }

  /// The awaitable of `room`.
  class [[nodiscard]] room_operation final : public join_set_operation {
   public:
    explicit room_operation(join_set_base& set) noexcept : join_set_operation(set) {}
    void await_resume() const { check(); }
    [[nodiscard]] operation_info info() const noexcept override { return {"join_set::room"}; }

   private:
    [[nodiscard]] bool ready() const noexcept override { return !set().full(); }
    [[nodiscard]] sole_wait*& place() const noexcept override { return set().waits_for_room_; }
  };

  /// Waits until fewer than `limit` tasks run, so that one more may be added. One task at a time
  /// may await it.
  ///
  /// \par Cancellation
  /// Ends the wait; the tasks go on.
  [[nodiscard]] room_operation room() noexcept { return room_operation(*this); }

 protected:
  explicit join_set_base(std::size_t limit);
  ~join_set_base();

  void add(std::unique_ptr<join_set_entry> entry);
  /// The task that ended first; null if none has.
  [[nodiscard]] std::unique_ptr<join_set_entry> take() noexcept;
  [[nodiscard]] bool has_ended() const noexcept { return !ended_.empty() || running_.empty(); }

  sole_wait* waits_for_end_ = nullptr;

 private:
  friend class join_set_entry;
  friend class join_set_operation;
  void ended(join_set_entry& which) noexcept;

  join_set_list running_;
  join_set_list ended_;
  sole_wait* waits_for_room_ = nullptr;
  std::size_t limit_;
};

}  // namespace detail

/// A growing set of spawned tasks, whose ends are given in the order in which they come (Tokio's
/// JoinSet, asyncio's `as_completed` of a set that grows):
///
///     join_set<page> pages(16);                       // So many at a time.
///     for (const std::string& url : urls) {
///       co_await pages.room();
///       pages.add(spawn(fetch, url));
///     }
///     while (pages.size() > 0) {
///       std::optional<outcome<page>> next = co_await pages.next();
///       if (next->has_value()) use(next->value());
///     }
///
/// A failure is in the outcome; one that nobody has taken is reported, as that of any handle that
/// is dropped. For children that end with a scope see task_group.
///
/// \par Threads
/// The thread of one loop, to whose tasks it belongs.
template <class T>
class join_set : public detail::join_set_base {
 public:
  /// \param limit How many may run before `room` waits. Nothing else looks at it.
  /// \throws std::invalid_argument if it is zero.
  explicit join_set(std::size_t limit = static_cast<std::size_t>(-1)) : join_set_base(limit) {}

  /// Cancels the tasks that run, and does not wait for them.
  ~join_set() = default;

  /// Adds a task. Allocates.
  /// \throws std::logic_error if the handle is empty, or its task belongs to a loop other than this
  /// thread's.
  void add(join_handle<T> task) {
    join_set_base::add(std::make_unique<entry>(*this, std::move(task)));
  }

  /// The awaitable of `next`.
  class [[nodiscard]] next_operation final : public detail::join_set_operation {
   public:
    explicit next_operation(join_set& set) noexcept : join_set_operation(set) {}
    std::optional<outcome<T>> await_resume() {
      this->check();
      const auto taken = own().take();
      if (taken == nullptr) return std::nullopt;
      return static_cast<entry&>(*taken).end();
    }
    [[nodiscard]] operation_info info() const noexcept override { return {"join_set::next"}; }

   private:
    [[nodiscard]] join_set& own() const noexcept { return static_cast<join_set&>(this->set()); }
    [[nodiscard]] bool ready() const noexcept override { return own().has_ended(); }
    [[nodiscard]] detail::sole_wait*& place() const noexcept override {
      return own().waits_for_end_;
    }
  };

  /// How the task ended that ends next, or did before any other that was not given yet; nothing if
  /// the set is empty. One task at a time may await it.
  /// \throws std::logic_error if all tasks wait for the one that awaits this: see `mutex::lock`.
  ///
  /// \par Cancellation
  /// Ends the wait; the tasks go on, and no end is skipped.
  [[nodiscard]] next_operation next() noexcept { return next_operation(*this); }

 private:
  friend class next_operation;

  class entry final : public detail::join_set_entry {
   public:
    entry(join_set& owner, join_handle<T> task)
        : join_set_entry(owner), task_(std::move(task)), record_(task_.require("join_set::add")) {}
    [[nodiscard]] detail::spawned& record() const noexcept override { return record_; }
    outcome<T> end() {
      record_.mark_retrieved();
      return outcome<T>(record_.result());
    }

   private:
    join_handle<T> task_;
    detail::spawned_result<T>& record_;
  };
};

}  // namespace lariat
