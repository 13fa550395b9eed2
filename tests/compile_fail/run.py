#!/usr/bin/env python3
"""Compiles each .cpp beside this file: it must fail, and for the stated reason.

usage: run.py [--folder DIR] -- COMPILER ARGUMENT...

A file says what the diagnostics must contain, in one or more lines of the forms

    // expect: text           both compilers
    // expect-gcc: text       g++ only
    // expect-clang: text     clang only
    // first: text            both, and in the first error: what a user reads before all else
    // flags: -Werror         further arguments

and holds the smallest correct change under `#ifdef CORRECT`: with -DCORRECT it must compile, or it
would prove nothing but a spelling mistake.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile


def compiler_family(command):
    # The name alone does not tell: c++ may be either.
    version = subprocess.run([*command[:1], *[a for a in command[1:2] if not a.startswith('-')],
                              '--version'], capture_output=True, text=True).stdout
    return 'clang' if 'clang' in version else 'gcc'


def compile_one(command, source, flags):
    return subprocess.run([*command, *flags, '-fsyntax-only', str(source)],
                          capture_output=True, text=True, env={**os.environ, 'LC_ALL': 'C'})


def with_lariat_precompiled(command, family, folder):
    """The command by which a file finds the library parsed, which is most of the time otherwise."""
    header = folder / 'all.hpp'
    header.write_text('#include <lariat/runtime/lariat.hpp>\n')
    made = f'{header}.gch'  # g++ looks for it under this name.
    subprocess.run([*command, '-x', 'c++-header', str(header), '-o', made], check=True)
    return [*command, *(['-include-pch', made] if family == 'clang' else ['-include', str(header)])]


def check(command, family, source):
    """Returns what is wrong with the file; nothing when it fails to compile as it should."""
    text = source.read_text()
    expected = [m[1].strip() for m in
                re.finditer(rf'^\s*// expect(?:-{family})?: (.*)$', text, re.MULTILINE)]
    first = [m[1].strip() for m in re.finditer(r'^\s*// first: (.*)$', text, re.MULTILINE)]
    flags = ' '.join(m[1] for m in re.finditer(r'^\s*// flags: (.*)$', text, re.MULTILINE)).split()
    if not expected and not first:
        return f'no "// expect: text" for {family}'
    failing = compile_one(command, source, flags)
    if failing.returncode == 0:
        return 'compiles, and must not'
    # Compilers differ in their quotation marks, and break no lines.
    diagnostics = re.sub('[‘’`]', "'", failing.stderr)
    for wanted in expected:
        if wanted not in diagnostics:
            return f'fails without saying "{wanted}":\n{failing.stderr}'
    first_error = next((line for line in diagnostics.splitlines() if 'error: ' in line), '')
    for wanted in first:
        if wanted not in first_error:
            return f'its first error does not say "{wanted}":\n{failing.stderr}'
    if not re.search(r'^#\s*if.*\bCORRECT\b', text, re.MULTILINE):
        return 'no correct form under #ifdef CORRECT'
    correct = compile_one(command, source, [*flags, '-DCORRECT'])
    if correct.returncode != 0:
        return f'does not compile with -DCORRECT:\n{correct.stderr}'
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--folder', type=pathlib.Path, default=pathlib.Path(__file__).parent)
    parser.add_argument('command', nargs='+')
    options = parser.parse_args()
    family = compiler_family(options.command)
    sources = sorted(options.folder.glob('*.cpp'))
    with tempfile.TemporaryDirectory() as folder:
        command = with_lariat_precompiled(options.command, family, pathlib.Path(folder))
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as workers:
            faults = list(workers.map(lambda s: check(command, family, s), sources))
    for source, fault in zip(sources, faults):
        print(f'{source.name}: {fault or "ok"}')
    failed = sum(fault is not None for fault in faults)
    print(f'{len(sources) - failed} passed, {failed} failed')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
