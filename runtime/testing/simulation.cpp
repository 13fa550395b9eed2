#include <lariat/runtime/testing/simulation.hpp>

#include <lariat/io/kernel/detail/error.hpp>
#include <lariat/runtime/testing/detail/machine.hpp>

#include <sys/stat.h>

#include <span>

namespace lariat::testing {
namespace {

constexpr std::int64_t epoch_ns = 1'000'000'000'000;  // What the simulated clock begins with.

// \param error 0 or a negative errno.
void check(int error, const char* operation, std::string_view path) {
  if (error < 0) io::detail::throw_error(-error, operation, path);
}

}  // namespace

simulation::simulation(simulation_options options) : machine_(std::make_unique<machine>(options)) {}

simulation::~simulation() = default;

void simulation::run_task(task<> main) { machine_->run(std::move(main)); }

std::uint64_t simulation::seed() const noexcept { return machine_->options.seed; }

std::chrono::nanoseconds simulation::now() const noexcept {
  return std::chrono::nanoseconds(machine_->kernel.world().now() - epoch_ns);
}

std::uint64_t simulation::random(std::uint64_t limit) noexcept {
  return machine_->kernel.world().random().below(limit);
}

void simulation::set_faults(const io::testing::fault_plan& faults) noexcept {
  machine_->kernel.world().set_plan(faults);
}

const io::testing::fault_plan& simulation::faults() const noexcept {
  return machine_->kernel.world().plan();
}

void simulation::write_file(std::string_view path, std::string_view content) {
  io::testing::file_tree& files = machine_->kernel.files();
  for (std::size_t slash = path.find('/', 1); slash != path.npos;
       slash = path.find('/', slash + 1)) {
    const int error = files.make_directory(files.root(), path.substr(0, slash), 0755);
    if (error != -EEXIST) check(error, "mkdir", path.substr(0, slash));
  }
  const io::testing::file_tree::place at =
      files.find(files.root(), path, io::testing::file_tree::at_end::follow);
  check(-at.error, "write", path);
  io::testing::node_ptr node = at.node;
  if (node == nullptr) check(files.make_file(at, 0644, node), "open", path);
  if (node->is_directory()) check(-EISDIR, "open", path);
  node->content.resize(0);
  const std::size_t written = node->content.write(0, std::as_bytes(std::span(content)));
  if (written != content.size()) check(-ENOSPC, "write", path);
}

std::optional<std::string> simulation::read_file(std::string_view path) const {
  io::testing::file_tree& files = machine_->kernel.files();
  const io::testing::file_tree::place at =
      files.find(files.root(), path, io::testing::file_tree::at_end::follow);
  if (at.missing() != 0 || at.node->is_directory()) return std::nullopt;
  return at.node->content.text();
}

void simulation::set_link(const io::address& a, const io::address& b,
                          const io::testing::link_options& link) {
  machine_->kernel.net().set_link(a, b, link);
}

void simulation::cut(const io::address& a, const io::address& b) {
  io::testing::link_options link = machine_->kernel.net().link(a, b);
  link.cut = true;
  set_link(a, b, link);
}

void simulation::mend(const io::address& a, const io::address& b) {
  io::testing::link_options link = machine_->kernel.net().link(a, b);
  link.cut = false;
  set_link(a, b, link);
}

void simulation::make_fifo(std::string_view path, unsigned permissions) {
  io::testing::file_tree& files = machine_->kernel.files();
  check(files.make_fifo(files.root(), path, permissions), "mkfifo", path);
}

simulation::pipe_ends simulation::pipe() {
  int ends[2];
  check(machine_->kernel.pipe(ends), "pipe", {});
  return {ends[0], ends[1]};
}

void require(bool holds, std::string_view text) {
  if (!holds) throw simulation_failure(std::string(text));
}

}  // namespace lariat::testing
