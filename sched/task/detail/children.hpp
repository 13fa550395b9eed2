#pragma once

#include <lariat/sched/task/detail/child_group.hpp>

#include <array>
#include <cstddef>
#include <deque>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace lariat::detail {

/// A value that stands for "no value" among others.
struct nothing {
  friend bool operator==(nothing, nothing) = default;
};

template <class T>
using value_of = std::conditional_t<std::is_void_v<T>, nothing, std::remove_const_t<T>>;

template <class T>
value_of<T> take_value(slot<T>& ended) {
  if constexpr (std::is_void_v<T>) {
    ended.take();
    return {};
  } else {
    return ended.take();
  }
}

/// Children of different types.
template <class... T>
class child_tuple : public child_group {
 protected:
  explicit child_tuple(std::tuple<task<T>...>&& bodies)
      : child_group(sizeof...(T)),
        children_(std::apply(
            [](task<T>&... body) { return std::tuple<pending<T>...>(pending<T>{body}...); },
            bodies)) {
    std::size_t index = 0;
    std::apply([&](child<T>&... each) { ((contexts_[index++] = &each), ...); }, children_);
  }

  void start_child(std::size_t index, const context& parent,
                   std::source_location site) noexcept final {
    std::size_t at = 0;
    std::apply(
        [&](child<T>&... each) {
          ((at++ == index ? each.start(*this, parent, site) : void()), ...);
        },
        children_);
  }
  [[nodiscard]] context& child_at(std::size_t index) const noexcept final {
    return *contexts_[index];
  }
  [[nodiscard]] std::tuple<child<T>...>& children() noexcept { return children_; }

 private:
  // Makes the child in place: children do not move.
  template <class U>
  struct pending {
    task<U>& body;
    operator child<U>() const { return child<U>(std::move(body)); }
  };

  std::tuple<child<T>...> children_;
  std::array<context*, sizeof...(T)> contexts_;
};

/// Any number of children of one type.
template <class T>
class child_range : public child_group {
 protected:
  explicit child_range(std::vector<task<T>>&& bodies) : child_group(bodies.size()) {
    for (task<T>& body : bodies) children_.emplace_back(std::move(body));
  }

  void start_child(std::size_t index, const context& parent,
                   std::source_location site) noexcept final {
    children_[index].start(*this, parent, site);
  }
  [[nodiscard]] context& child_at(std::size_t index) const noexcept final {
    return const_cast<child<T>&>(children_[index]);
  }
  [[nodiscard]] std::deque<child<T>>& children() noexcept { return children_; }

 private:
  std::deque<child<T>> children_;  // A deque never moves its elements.
};

/// One whose children start in the order of the arguments, of one that does not by itself.
template <class Operation>
class [[nodiscard]] ordered final : public Operation {
 public:
  using Operation::Operation;

 private:
  bool in_order() const noexcept override { return true; }
};

}  // namespace lariat::detail
