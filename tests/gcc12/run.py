#!/usr/bin/env python3
"""Compiles and runs the forms of forms.txt, and lets lariat-lint look at them.

usage: run.py -- COMPILER ARGUMENT...

With g++ 12 those forms that break a rule must misbehave and no others, so that the rules are neither
too wide nor too narrow; with other compilers all are right. lariat-lint must find what breaks a rule,
and nothing else, by the syntax tree where clang is there, and by the text but for what is marked.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
LINT = HERE.parent.parent / 'scripts' / 'lint' / 'lariat-lint'


def read_forms():
    for line in (HERE / 'forms.txt').read_text().split('\n'):
        if not line or line.startswith('#'):
            continue
        rule, body = line.split(None, 1)
        kind, declarations = 'task<int>', ''
        if found := re.match(r'<(task<\w+>)>\s*', body):
            kind, body = found[1], body[found.end():]
        if '@@' in body:
            declarations, body = body.split('@@')
        if 'co_return' not in body.split('{')[0]:
            body += ' co_return 1;'
        yield rule.rstrip('~'), rule.endswith('~'), \
            f'{declarations.strip()} {kind} form(counted& s, bool c) {{ {body.strip()} }}', line


def source_of(forms):
    """One program: each form has a line, and runs in a process of its own, for some crash."""
    lines = [f'#include "{HERE}/forms.hpp"']
    lines += [f'namespace form_{i} {{ {text} }}' for i, (_, _, text, _) in enumerate(forms)]
    lines += ['#include <cstdlib>', 'int main(int, char** arguments) {',
              '  switch (std::atoi(arguments[1])) {']
    lines += [f'    case {i}: return right(form_{i}::form) ? 0 : 1;' for i in range(len(forms))]
    return '\n'.join([*lines, '  }', '}', ''])


def compile_and_run(command, forms, folder):
    """Which of the forms are right."""
    source, program = folder / 'forms.cpp', folder / 'forms'
    source.write_text(source_of(forms))
    subprocess.run([*command, '-w', '-foptimize-sibling-calls', str(source), '-o', str(program)],
                   check=True)
    return [subprocess.run([str(program), str(i)], timeout=60, stderr=subprocess.DEVNULL).returncode == 0
            for i in range(len(forms))]


def is_refused(command, form, folder):
    source = folder / 'refused.cpp'
    source.write_text(source_of([form]))
    return subprocess.run([*command, '-w', '-fsyntax-only', str(source)],
                          stderr=subprocess.DEVNULL).returncode != 0


def lint(forms, folder, *options):
    """Which of the forms it objects to, each with the rules."""
    source = folder / 'lint.cpp'
    source.write_text(source_of(forms))
    out = subprocess.run([sys.executable, str(LINT), *options, str(source), '--', '-std=c++20'],
                         capture_output=True, text=True)
    found = {}
    for match in re.finditer(r'^[^:\n]*:(\d+):\d+: .* \[(\w+)\]$', out.stdout, re.MULTILINE):
        found.setdefault(int(match[1]) - 2, set()).add(match[2])
    if out.stderr or (out.returncode == 1) != bool(found):
        sys.exit(f'lariat-lint ended with {out.returncode}: {out.stderr}')
    return [found.get(i, set()) for i in range(len(forms))]


def main():
    command = sys.argv[sys.argv.index('--') + 1:]
    version = subprocess.run([command[0], '-dM', '-E', '-x', 'c++', os.devnull], capture_output=True,
                             text=True).stdout
    gcc12 = '__clang__' not in version and '#define __GNUC__ 12\n' in version
    forms, faults = list(read_forms()), []

    def judge(form, fault):
        faults.append(fault and f'{fault}: {form[3]}')

    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        compiled = [form for form in forms if form[0] != 'list']
        for form, right in zip(compiled, compile_and_run(command, compiled, folder)):
            wanted = not gcc12 or form[0] == '-'
            judge(form, None if right == wanted else 'goes wrong' if wanted else 'goes right')
        if gcc12:
            for form in (form for form in forms if form[0] == 'list'):
                judge(form, None if is_refused(command, form, folder) else 'is compiled')
        for form, found in zip(forms, lint(forms, folder, '--text')):
            judge(form, None if ((form[0] != '-') != bool(found)) == form[1] else
                  f'by its text lint says {found}')
        sys.path.insert(0, str(LINT.parent))
        sys.dont_write_bytecode = True
        import ast_rules
        if ast_rules.find_clang():
            for form, found in zip(forms, lint(forms, folder)):
                judge(form, None if found == {form[0]} - {'-'} else f'by clang lint says {found}')
    print('\n'.join(fault for fault in faults if fault))
    failed = sum(fault is not None for fault in faults)
    print(f'{len(faults) - failed} passed, {failed} failed')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
