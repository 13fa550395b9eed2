#include <lariat/io/fs/fs_temp.hpp>

#include <lariat/io/fs/fs_content.hpp>
#include <lariat/io/fs/fs_path.hpp>
#include <lariat/io/fs/fs_tree.hpp>
#include <lariat/runtime/run/run.hpp>

#include "child_process.hpp"
#include "contains.hpp"
#include "coroutine_test.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <string>

using namespace lariat;
namespace fs = io::fs;

TEST_CASE("a temporary directory that cannot be removed says so", "[io][fs][kernel]") {
  if (!children_may_have_threads) return;
  child_process child([] {
    constexpr uid_t nobody = 65534;
    if (::geteuid() == 0 && ::setresuid(nobody, nobody, nobody) != 0) return 1;
    std::string kept;
    auto body = [&]() -> task<> {
      fs::temp_dir scratch = co_await fs::temp_dir::create();
      kept = scratch.path();
      co_await fs::mkdir(scratch.file("locked"));
      co_await fs::write_file(scratch.file("locked/file"), "x");
      co_await fs::chmod(scratch.file("locked"), 0500);
    };
    run(body());
    say("%s\n", kept.c_str());
    ::chmod((kept + "/locked").c_str(), 0700);
    auto remove = [&]() -> task<> { co_await fs::remove_all(kept); };
    run(remove());
    return 0;
  });
  INFO(child.output());
  CHECK(child.status() == 0);
  CHECK(contains(child.output(), "lariat: a temp_dir is left behind: remove "));
  CHECK(contains(child.output(), "/locked/file: Permission denied\n"));
}
