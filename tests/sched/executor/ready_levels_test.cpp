#include <lariat/sched/executor/detail/ready_levels.hpp>

#ifdef LARIAT_CATCH2_V3
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include <string>

using namespace lariat;

namespace {

class step final : public runnable {
 public:
  step(task_priority level, char name) : level_(level), name_(name) {}
  void run() noexcept override {}
  [[nodiscard]] char name() const { return name_; }

 private:
  task_priority ready_level() const noexcept override { return level_; }
  task_priority level_;
  char name_;
};

// Steps that are ready again as soon as they have run.
std::string order_of(std::initializer_list<step*> steps, int count) {
  detail::run_queue arrived;
  detail::ready_levels levels;
  for (step* each : steps) arrived.push(*each);
  std::string order;
  for (int i = 0; i < count; ++i) {
    levels.sort(arrived);
    runnable* const next = levels.pop();
    REQUIRE(next != nullptr);
    order += static_cast<step*>(next)->name();
    arrived.push(*next);
  }
  return order;
}

}  // namespace

TEST_CASE("levels come out by priority, and in order within one", "[sched][priority]") {
  step l(task_priority::low, 'l');
  step m(task_priority::low, 'm');
  step n(task_priority::normal, 'n');
  step o(task_priority::normal, 'o');
  step h(task_priority::high, 'h');
  detail::run_queue arrived;
  detail::ready_levels levels;
  CHECK(levels.empty());
  CHECK(levels.pop() == nullptr);
  for (step* each : {&l, &n, &m, &h, &o}) arrived.push(*each);
  levels.sort(arrived);
  CHECK(arrived.empty());
  std::string order;
  while (!levels.empty()) order += static_cast<step*>(levels.pop())->name();
  CHECK(order == "hnolm");
  CHECK(levels.pop() == nullptr);
}

TEST_CASE("a level that waits gets each seventeenth step", "[sched][priority]") {
  step h(task_priority::high, 'h');
  step l(task_priority::low, 'l');
  CHECK(order_of({&h, &l}, 2 * 17) == std::string(16, 'h') + 'l' + std::string(16, 'h') + 'l');
}

TEST_CASE("levels that are due follow each other with an urgent step between",
          "[sched][priority]") {
  step h(task_priority::high, 'h');
  step n(task_priority::normal, 'n');
  step l(task_priority::low, 'l');
  const std::string order = order_of({&h, &n, &l}, 200);
  CHECK(order.substr(0, 19) == std::string(16, 'h') + "lhn");
  CHECK(order.find("ln") == order.npos);
  CHECK(order.find("nl") == order.npos);
}

TEST_CASE("a step of low priority is told from others", "[sched][priority]") {
  step h(task_priority::high, 'h');
  step l(task_priority::low, 'l');
  detail::run_queue arrived;
  detail::ready_levels levels;
  arrived.push(l);
  arrived.push(h);
  levels.sort(arrived);
  (void)levels.pop();
  CHECK_FALSE(levels.took_low());
  (void)levels.pop();
  CHECK(levels.took_low());
}
