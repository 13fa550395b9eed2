#!/usr/bin/env python3
"""Plants one breach of each rule in a small clean tree: lint.py must report it, and only it."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

import lint

LINT = pathlib.Path(__file__).with_name('lint.py')

CLEAN = {
    'ARCHITECTURE.md': '''\
### Rooms of sched

| room | holds | may include |
| --- | --- | --- |
| loop | promises | - |
| task | tasks | loop |

### Rooms of io

| room | holds | may include |
| --- | --- | --- |
| op | operations | - |
| driver | the ring | all |
| file | files | op |

### Rooms of runtime

| room | holds | may include |
| --- | --- | --- |
| run | programs | - |
''',
    'sched/meson.build': "concepts += ['sched/task/task', 'sched/loop/detail/promise', 'sched/task']\n",
    'sched/task.hpp': '#pragma once\n\n#include <lariat/sched/task/task.hpp>\n',
    'sched/loop/detail/promise.hpp': '#pragma once\n\nnamespace lariat::detail {\nint undocumented();\n}\n',
    'sched/task/task.hpp': '// SPDX-License-Identifier: Apache-2.0\n' '''\
#pragma once

#include <lariat/sched/loop/detail/promise.hpp>

#include <coroutine>

#define LARIAT_TASK 1

namespace lariat {

class announced;

/// What a user awaits; it says { and ; and "if (co_await".
template <typename T>
  requires(sizeof(T) > 1) && requires(T t) { t.f(); }
class [[nodiscard("a task does nothing; it is lazy")]] task : public detail::base<T> {
 public:
  task() = default;
  explicit task(int a) : a_{a}, b_(1'000'000) {}
  task(task&& other) noexcept;
  ~task();
  task& operator=(const task&) = delete;
  bool operator==(const task&) const { return a_ == 1; }

  [[nodiscard]] bool done() const noexcept { return a_ == '"'; }

  /// Starts it.
  void start();
  void start(int delay);

  /// Stops it.
  void stop();
  void covered_by_the_comment_above();

  void cancel() noexcept override;

  class awaiter {
   public:
    void unexplained();
  };

 private:
  void hidden();
  int a_ = {};
};

/// True of what can be awaited.
template <typename T>
concept awaitable = requires(T t) { t.await_ready(); };

/// Which of them.
enum class choice { first, second };

/// Runs it.
template <typename T>
[[nodiscard]] T run(task<T> main, int options = 0);

template <typename T>
void task<T>::start() {
  for (int i = 0; i < 3; ++i) continue;
}

template <>
class task<void> {
 public:
  void unexplained();
};

namespace detail {
int unexplained();
}

inline constexpr int limit{3};

}  // namespace lariat
''',
    'sched/task/task.cpp': '#include <lariat/sched/task/task.hpp>\n\n#include <memory>\n',
    'io/meson.build':
        "concepts += ['io/file/file', 'io/op/detail/op', 'io/driver/detail/ring']\n",
    'io/file/file.hpp': '#pragma once\n\n#include <lariat/io/op/detail/op.hpp>\n',
    'io/file/file.cpp': '#include <lariat/io/file/file.hpp>\n\n#include <lariat/sched/task/task.hpp>\n\n'
                   '#include <liburing.h>\n#include <linux/time_types.h>\n',
    'io/op/detail/op.hpp': '#pragma once\n\nstruct io_uring_sqe;\n',
    'io/driver/detail/ring.hpp': '#pragma once\n\n#include <liburing.h>\n',
    'runtime/meson.build': "concepts += ['runtime/run/run']\n",
    'runtime/run/run.hpp': '#pragma once\n\n#include <lariat/io/file/file.hpp>\n',
    'tests/meson.build': "files('sched/task/task_test.cpp')\n",
    'tests/neighbour.hpp': '#pragma once\n',
    'tests/sched/task/task_test.cpp': '''\
#include "neighbour.hpp"

task<> fine(socket& s) {
  bool ok = co_await s.ok();
  if (ok) co_return;
  if (bool again = co_await s.ok(); again) co_return;
  for (int i = co_await s.first(); i < 3; i += co_await s.next()) continue;
  for (int i : co_await s.all()) use(i);
  if (run([&]() -> task<bool> { co_return co_await s.ok(); }())) co_return;
  const char* text = R"(if (co_await s.ok()) '"' )";
  // if (co_await s.ok())
  while (ok) ok = co_await s.ok();
  co_await f([&] { g(); }, [this] { g(); }, [n = 1] { g(); }, std::string{"x"}, {.name = "x"});
  auto named = [s] { g(); }, other = m{s};
  auto& [a, b] = co_await s.both();
  const int n = ok ? co_await s.count() : 0;
}

struct with_await { auto operator co_await() const { return std::vector{1, 2}; } };
''',
    'bench/meson.build': "['task', 'echo/asio']\n",
    'bench/task_bench.cpp': '#include "common.hpp"\n',
    'bench/echo/asio.cpp': 'int main() {}\n',
    'examples/meson.build': "{'cat': []}\n",
    'examples/cat.cpp': '// Prints files.\n\nint main() {\n  int a;\n  int b;\n}\n',
    'README.md': '# lariat\n\n<!-- examples/cat.cpp -->\n```cpp\n// Prints files.\n// ...\n'
                 'int main() {\n  int a;\n// ...\n}\n```\n',
    'scripts/test': '#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\n',
}

TEST = 'tests/sched/task/task_test.cpp'
HEADER = 'sched/task/task.hpp'

# rule, file, what replaces what (nothing: the whole file), and what then is reported, and where.
BREACHES = [
    ('layer', HEADER, '#include <coroutine>', '#include <lariat/io/file/file.hpp>', 6, 'sched may not'),
    ('layer', HEADER, '#include <coroutine>', '# include <lariat/runtime/run/run.hpp>', 6, 'sched may'),
    ('layer', 'sched/task/task.cpp', '<memory>', '<linux/futex.h>', 3, 'no kernel interface'),
    ('layer', 'sched/task/task.cpp', '<memory>', '<liburing.h>', 3, 'no kernel interface'),
    ('layer', 'io/file/file.hpp', '<lariat/io/op/detail/op.hpp>', '<lariat/runtime/run/run.hpp>', 3,
     'io may not include runtime'),
    ('room', 'sched/loop/detail/promise.hpp', '#pragma once\n',
     '#pragma once\n#include <lariat/sched/task/task.hpp>\n', 2, 'sched/loop may not include task'),
    ('room', 'io/file/file.cpp', '<liburing.h>', '<lariat/io/driver/detail/ring.hpp>', 5,
     'io/file may not include driver'),
    ('room', 'sched/task/task.cpp', '<memory>', '<lariat/sched/task.hpp>', 3, 'is for users'),
    ('room', 'io/file/file.cpp', '<liburing.h>', '<lariat/sched/task.hpp>', 5, 'is for users'),
    ('room', 'ARCHITECTURE.md', '| run | programs | - |\n', '', 1, 'has no room runtime/run'),
    ('missing', 'io/file/file.cpp', '<lariat/sched/task/task.hpp>', '<lariat/sched/task/tsk.hpp>', 3,
     'does not exist'),
    ('missing', HEADER, '  /// Stops it.', '  /// Stops it. See unheard_of.hpp.', 32, 'does not exist'),
    ('missing', 'README.md', '# lariat', '# lariat, see [how](docs/unheard_of.md)', 1, 'does not exist'),
    ('missing', 'README.md', '# lariat', '# lariat (sched/task/tsk)', 1, 'does not exist'),
    ('room-header', 'sched/task.hpp', '\n#include <lariat/sched/task/task.hpp>\n', '', 1, 'it lacks'),
    ('include', 'io/file/file.hpp', '<lariat/io/op/detail/op.hpp>', '"detail/op.hpp"', 3, 'angle'),
    ('include', 'io/file/file.cpp', '<lariat/sched/task/task.hpp>', '<lariat/lariat.hpp>', 3, 'for users'),
    ('own-header', 'sched/task/task.cpp', '#include <lariat/sched/task/task.hpp>\n', '', 2, 'first include'),
    ('pragma', 'runtime/run/run.hpp', '#pragma once\n\n#include <lariat/io/file/file.hpp>\n',
     '#include <lariat/io/file/file.hpp>\n#pragma once\n', 1, 'comes first'),
    ('pragma', 'tests/neighbour.hpp', '#pragma once', '#ifndef NEIGHBOUR', 1, 'comes first'),
    ('pragma', 'tests/neighbour.hpp', '#pragma once\n', '', 1, 'comes first'),
    ('length', 'bench/task_bench.cpp', '', 'int x;\n' * 501, 501, '501 lines'),
    ('condition', TEST, 'if (ok)', 'if (co_await s.ok())', 5, 'co_await in a condition'),
    ('condition', TEST, 'if (ok)', 'if (ok &&\n    (false ||\n co_await s.ok()))', 7, 'co_await'),
    ('condition', TEST, 'if (ok)', 'if constexpr (co_await s.ok())', 5, 'co_await'),
    ('condition', TEST, 'if (ok)', 'if (bool now = co_await s.ok())', 5, 'co_await'),
    ('condition', TEST, 'if (ok)', 'if (auto x = co_await s.ok(); co_await s.ok())', 5, 'co_await'),
    ('condition', TEST, 'if (ok)', 'switch(co_await s.ok())', 5, 'co_await in a condition'),
    ('condition', TEST, 'while (ok)', 'while (!co_await s.ok())', 12, 'co_await in a condition'),
    ('condition', TEST, 'while (ok)', 'do {} while (co_await s.ok());', 12, 'co_await'),
    ('condition', TEST, '; i < 3;', '; co_await s.more();', 7, 'co_await in a condition'),
    ('condition', HEADER, '  for (int i', '  while (co_await x) {}\n  for (int i', 61, 'co_await'),
    ('condition', 'bench/task_bench.cpp', '', 'task<> f() { if (co_await g()) return; }\n', 1, 'co_'),
    ('condition', 'examples/cat.cpp', '  int b;', '  if (co_await g()) {}\n  int b;', 5, 'co_await'),
    ('closure', TEST, 'while (ok)', 'co_await to_thread([name] { use(name); });', 12, 'closure'),
    ('closure', TEST, 'while (ok)', 'co_await f([this, other = s] { g(); }, 1);', 12, 'closure'),
    ('closure', TEST, 'while (ok)', 'use(co_await f(),\n [=] { g(); });', 13, 'closure'),
    ('aggregate', TEST, 'while (ok)', 'struct m { std::string s; }; co_await f(m{"x"});', 12, 'aggreg'),
    ('aggregate', TEST, 'while (ok)', 'client one{co_await s.accept()};', 12, 'an aggregate'),
    ('aggregate', TEST, 'while (ok)', 'co_return pair_of{co_await f(), 1};', 12, 'an aggregate'),
    ('conditional', TEST, 'while (ok)', 'std::string a = ok ? co_await f() : co_await g();', 12, '?:'),
    ('conditional', TEST, 'while (ok)', 'co_await (ok ? f(1) : f(2));', 12, 'made by ?:'),
    ('new', TEST, 'while (ok)', 'throw failure(co_await f());', 12, 'new or throw'),
    ('list', TEST, 'while (ok)', 'co_await f(std::vector{1, 2});', 12, 'initializer list'),
    *[('budget', file, '#pragma once\n', f'#pragma once\n\n#include <{name}>\n', line, f'<{name}>')
      for file, line in ((HEADER, 4), ('io/op/detail/op.hpp', 3), ('runtime/run/run.hpp', 3))
      for name in ('memory', 'chrono', 'functional', 'thread', 'stop_token')],
    ('liburing', 'io/file/file.hpp', '<lariat/io/op/detail/op.hpp>', '<liburing.h>', 3, 'users'),
    ('doc', HEADER, '/// What a user awaits', '// What', 15, 'task has no ///'),
    ('doc', HEADER, '  /// Starts it.\n', '', 28, 'start has no ///'),
    ('doc', HEADER, '/// True of what can be awaited.\n', '', 48, 'awaitable has no ///'),
    ('doc', HEADER, '/// Which of them.', '', 53, 'choice has no ///'),
    ('doc', HEADER, '/// Runs it.\n', '', 55, 'run has no ///'),
    ('doc', HEADER, 'inline constexpr', 'struct plain {\n  int a;\n};\ninline constexpr', 74, 'plain'),
    ('doc', HEADER, 'inline constexpr', 'int sum(int a = {3}) {\n return a;\n}\n inline constexpr', 74,
     'sum has no ///'),
    ('doc', HEADER, ' private:\n', '  auto last() -> int {\n    return 1;\n  }\n private:\n', 43,
     'last has no ///'),
    ('doc', HEADER, '  void covered', '\n  void covered', 35, 'covered_by_the_comment_above has no'),
    ('doc', HEADER, ' noexcept override;', ' noexcept;', 36, 'cancel has no ///'),
    ('static', 'sched/task/task.cpp', '#include <memory>', 'int f() {\n  static int x = g();\n  return x;\n}', 4, 'constinit'),
    ('thread-local', 'sched/task/task.cpp', '#include <memory>', 'thread_local int x;', 3, 'dlopen'),
    ('macro', HEADER, 'LARIAT_TASK', 'TASK_MACRO', 8, 'TASK_MACRO'),
    ('reserved', TEST, 'bool ok =', 'int unix = 1; bool ok =', 4, 'unix is a macro'),
    ('license', HEADER, 'Apache-2.0', 'MIT', 1, 'SPDX'),
    ('license', 'sched/task/task.cpp', '#include <memory>', '// SPDX-License-Identifier: Apache-2.0', 3,
     'SPDX'),
    ('license', 'scripts/test', '# SPDX-License-Identifier: Apache-2.0', '# Copyright Somebody', 2,
     'no banners'),
    ('license', 'io/file/file.hpp', '#pragma once\n', '#pragma once\n// @author Somebody\n', 2, 'banners'),
    ('listed', 'sched/meson.build', "'sched/loop/detail/promise', ",
     "'a', # 'sched/loop/detail/promise',\n", 1, 'does not list'),
    ('listed', 'io/meson.build', "'io/op/detail/op', ", '', 1, 'does not list'),
    ('listed', 'tests/meson.build', "'sched/task/task_test.cpp'", '', 1, 'does not list'),
    ('listed', 'bench/meson.build', "'task', ", '', 1, 'does not list'),
    ('listed', 'bench/meson.build', "'echo/asio'", '', 1, 'does not list'),
    ('listed', 'examples/meson.build', "'cat'", "'tac'", 1, 'does not list'),
    ('excerpt', 'README.md', 'int a;', 'int  a;', 3, 'not what examples/cat.cpp says'),
    ('excerpt', 'README.md', '  int a;\n// ...\n', '  int a;\n', 3, 'not what examples/cat.cpp'),
    ('missing', 'README.md', 'cat.cpp', 'dog.cpp', 3, 'does not exist'),
    ('excerpt', 'README.md', '```cpp', 'then\n```cpp', 3, 'no code block'),
    ('space', 'README.md', '# lariat', '# lariat ', 1, 'trailing'),
    ('space', 'sched/task/task.cpp', '<memory>', '<memory>\t', 3, 'trailing'),
    ('space', 'sched/task/task.cpp', '#include <memory>', 'int\tx;', 3, 'a tab'),
    ('space', 'examples/cat.cpp', '  int b;\n}\n', '  int b;\n}', 6, 'no newline'),
    ('space', 'examples/cat.cpp', '  int b;\n}\n', '  int b;\n}\n\n', 7, 'empty lines'),
]


class planted_tree:
    def __init__(self, files):
        self.folder_ = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self.folder_.name)
        for path, text in files.items():
            file = self.root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.folder_.cleanup()

    def run(self, *options):
        return subprocess.run([sys.executable, str(LINT), *options, str(self.root)],
                              capture_output=True, text=True)


def breaches_of(files):
    with planted_tree(files) as planted:
        return list(lint.breaches(lint.read(planted.root)))


class lint_test(unittest.TestCase):
    def test_a_clean_tree_passes(self):
        with planted_tree(CLEAN) as planted:
            run = planted.run()
        self.assertEqual((run.returncode, run.stdout), (0, f'{len(CLEAN)} files, no breach\n'))

    def test_a_breach_is_printed_and_fails(self):
        with planted_tree({**CLEAN, 'tests/neighbour.hpp': 'int x;\n'}) as planted:
            run = planted.run()
        self.assertEqual((run.returncode, run.stdout),
                         (1, 'tests/neighbour.hpp:1: #pragma once comes first [pragma]\n'))

    def test_each_rule_has_a_breach(self):
        self.assertEqual({rule for rule, *_ in BREACHES}, set(lint.RULES))

    def test_a_waiver_covers_its_own_rule_only(self):
        text = CLEAN[TEST].replace('if (ok)', 'if (co_await s.ok())  // lint: allow(condition)\n')
        self.assertEqual(breaches_of({**CLEAN, TEST: text}), [])
        self.assertEqual(len(breaches_of({**CLEAN, TEST: text.replace('(condition)', '(doc)')})), 1)

    def test_a_room_has_so_many_files(self):
        names = [f'sched/loop/part_{i}' for i in range(lint.ROOM_MAX)]
        meson = CLEAN['sched/meson.build'] + f'concepts += {names!r}\n'
        files = {f'{name}.cpp': 'int x;\n' for name in names}
        found = breaches_of({**CLEAN, **files, 'sched/meson.build': meson})
        self.assertEqual(len(found), 1, found)
        self.assertIn('it is two rooms', found[0])

    def test_bands_are_reported_without_failing(self):
        with planted_tree({'sched/meson.build': "concepts += ['sched/a']\n",
                           'sched/a.cpp': 'int x;\n' * 301}) as planted:
            run = planted.run('--bands')
        self.assertIn('sched/a.cpp: 301 lines; the usual .cpp has 20-300', run.stdout)
        self.assertEqual(run.returncode, 0)


def planted(rule, path, old, new, line, message):
    def check(self):
        if old:
            self.assertEqual(CLEAN[path].count(old), 1, f'{old!r} in {path}')
        changed = CLEAN[path].replace(old, new) if old else new
        found = breaches_of({**CLEAN, path: changed})
        self.assertEqual(len(found), 1, found)
        where = path
        if rule == 'listed' or old.startswith('| '):  # reported at the file that is left out
            where = next(p for p in CLEAN if found[0].startswith(p) and p != path)
        self.assertTrue(found[0].startswith(f'{where}:{line}: '), found[0])
        self.assertIn(message, found[0])
        self.assertTrue(found[0].endswith(f' [{rule}]'), found[0])
    return check


for number, breach in enumerate(BREACHES):
    setattr(lint_test, f'test_{number:02}_{breach[0]}', planted(*breach))


if __name__ == '__main__':
    result = unittest.main(exit=False).result
    faults = len(result.failures) + len(result.errors)
    print(f'{result.testsRun - faults} passed, {faults} failed')
    sys.exit(1 if faults else 0)
