#include "coroutine_test.hpp"

#include <lariat/sched/thread/detail/usable_cpus.hpp>

#include <sched.h>

#include <filesystem>
#include <fstream>
#include <string>

using lariat::detail::cgroup_cpus;
using lariat::detail::usable_cpus;

namespace {

// A cgroup tree of files.
class cgroups {
 public:
  cgroups() {
    std::string name = (std::filesystem::temp_directory_path() / "lariat-cgroup-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) FAIL("no temporary directory");
    root_ = name;
  }
  cgroups(const cgroups&) = delete;
  ~cgroups() { std::filesystem::remove_all(root_); }

  void set(const std::string& group, const std::string& quota) const {
    std::filesystem::create_directories(root_ + group);
    std::ofstream(root_ + group + "/cpu.max") << quota << '\n';
  }
  [[nodiscard]] unsigned cpus_of(const std::string& membership, unsigned limit) const {
    std::ofstream(root_ + "/membership") << membership;
    return cgroup_cpus(root_, root_ + "/membership", limit);
  }

 private:
  std::string root_;
};

}  // namespace

TEST_CASE("the affinity mask limits the CPUs", "[sched][usable_cpus]") {
  cpu_set_t before;
  REQUIRE(::sched_getaffinity(0, sizeof before, &before) == 0);
  CHECK(usable_cpus() >= 1);
  CHECK(usable_cpus() <= static_cast<unsigned>(CPU_COUNT(&before)));
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(::sched_getcpu(), &one);
  REQUIRE(::sched_setaffinity(0, sizeof one, &one) == 0);
  const unsigned narrowed = usable_cpus();
  REQUIRE(::sched_setaffinity(0, sizeof before, &before) == 0);
  CHECK(narrowed == 1);
}

TEST_CASE("a cgroup's quota limits the CPUs, rounded up", "[sched][usable_cpus]") {
  const cgroups tree;
  tree.set("/app", "150000 100000");
  CHECK(tree.cpus_of("0::/app\n", 16) == 2);
  tree.set("/app", "400000 100000");
  CHECK(tree.cpus_of("0::/app\n", 16) == 4);
  CHECK(tree.cpus_of("0::/app\n", 3) == 3);
  tree.set("/app", "1000 100000");
  CHECK(tree.cpus_of("0::/app\n", 16) == 1);
}

TEST_CASE("the least quota on the way to the root counts", "[sched][usable_cpus]") {
  const cgroups tree;
  tree.set("/outer", "200000 100000");
  tree.set("/outer/inner", "max 100000");
  CHECK(tree.cpus_of("0::/outer/inner\n", 16) == 2);
  tree.set("/outer/inner", "100000 100000");
  CHECK(tree.cpus_of("0::/outer/inner\n", 16) == 1);
}

TEST_CASE("without a quota, a cgroup or files that can be read there is no limit",
          "[sched][usable_cpus]") {
  const cgroups tree;
  tree.set("/app", "max 100000");
  CHECK(tree.cpus_of("0::/app\n", 16) == 16);
  CHECK(tree.cpus_of("0::/\n", 16) == 16);
  CHECK(tree.cpus_of("0::/no/such/group\n", 16) == 16);
  CHECK(tree.cpus_of("1:cpu:/app\n", 16) == 16);
  CHECK(tree.cpus_of("", 16) == 16);
  CHECK(cgroup_cpus("/nonexistent", "/nonexistent", 16) == 16);
}
