#!/usr/bin/env python3
"""Checks the lock-free parts under Relacy: each model must pass, and each mutant must be caught.

usage: run.py [--folder DIR] [--only NAME] -- COMPILER ARGUMENT...

A model is NAME_model.cpp beside this file. Its main returns 0 when every simulation succeeded and 1
when one did not; anything else (a signal, another status) counts as a fault of the model. Mutants
are numbered from 1, without gaps; the model selects them by `mutant == n` (mutant.hpp), which the
environment's MUTANT is, and names each in a line `// mutant n: what is broken`. A mutant counts as
caught only when Relacy itself reports it.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

TIMEOUT_S = 600

# Debian's header replaces operator new and delete, but not the sized forms. Without the second flag
# g++ drops the stores to memory about to be freed, and with them the faults that the model looks for.
FLAGS = ['-O2', '-w', '-fno-sized-deallocation']
GCC_FLAGS = ['-fno-lifetime-dse']

# What Relacy prints, on a line of its own, for a failed simulation. A mutant that dies of anything
# else is not caught.
VERDICT = re.compile(r'^(DATA RACE|DEADLOCK|LIVELOCK|USER ASSERT FAILED|USER INVARIANT FAILED|'
                     r'ACCESS TO FREED MEMORY|ACCESS TO UNINITIALIZED VARIABLE|DOUBLE FREE|'
                     r'MEMORY LEAK|RESOURCE LEAK)\b', re.MULTILINE)


def is_clang(command):
    version = subprocess.run([*command[:1], *[a for a in command[1:2] if not a.startswith('-')],
                              '--version'], capture_output=True, text=True).stdout
    return 'clang' in version


def mutants_of(source):
    named = {int(m[1]): m[2] for m in
             re.finditer(r'^\s*// mutant (\d+): (.*)$', source.read_text(), re.MULTILINE)}
    if sorted(named) != list(range(1, len(named) + 1)):
        sys.exit(f'{source}: mutants are to be numbered from 1 without gaps')
    return named


def compile_one(command, source, folder):
    """Returns (fault or None, the program)."""
    program = folder / source.stem
    build = subprocess.run([*command, str(source), '-o', str(program), '-pthread'],
                           capture_output=True, text=True)
    if build.returncode != 0:
        return f'does not compile:\n{build.stderr[:4000]}', program
    return None, program


def run_one(compiled, mutant, folder):
    """Returns (fault or None, a line about the run)."""
    fault, program = compiled.result()
    if fault:
        return fault, 'no run'
    start = time.monotonic()
    try:
        run = subprocess.run([str(program)], capture_output=True, text=True, cwd=folder,
                             errors='replace', timeout=TIMEOUT_S, stdin=subprocess.DEVNULL,
                             env={**os.environ, 'MUTANT': str(mutant)})
    except subprocess.TimeoutExpired:
        return f'ran for more than {TIMEOUT_S} s', 'stopped'
    output = run.stdout + run.stderr
    verdict = VERDICT.search(output)
    note = f'{time.monotonic() - start:.1f} s'
    if mutant == 0:
        if run.returncode != 0 or verdict is not None:
            return f'failed with status {run.returncode}:\n{output[-6000:]}', note
        return None, note
    if run.returncode != 1:
        return f'not caught: status {run.returncode}\n{output[-2000:]}', note
    if verdict is None:
        return f'failed without a verdict of Relacy:\n{output[-2000:]}', note
    return None, f'{verdict[1].lower()}, {note}'


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--folder', type=pathlib.Path, default=pathlib.Path(__file__).parent)
    parser.add_argument('--only', default='')
    parser.add_argument('command', nargs='+')
    options = parser.parse_args()
    command = options.command + FLAGS + ([] if is_clang(options.command) else GCC_FLAGS)
    sources = [s for s in sorted(options.folder.glob('*_model.cpp')) if options.only in s.stem]
    jobs = [(source, mutant, what) for source in sources
            for mutant, what in {0: 'the correct model', **mutants_of(source)}.items()]
    failed = 0
    with tempfile.TemporaryDirectory() as scratch, \
            concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as workers:
        folder = pathlib.Path(scratch)
        # All first: a run waits for its program, and the next program is not to wait for it.
        programs = {source: workers.submit(compile_one, command, source, folder)
                    for source in sources}
        runs = [workers.submit(run_one, programs[source], mutant, folder)
                for source, mutant, _ in jobs]
        for (source, mutant, what), run in zip(jobs, runs):
            fault, note = run.result()
            failed += fault is not None
            name = source.stem + (f' mutant {mutant}' if mutant else '')
            print(f'{name} ({what}): {fault or "ok"} [{note}]', flush=True)
    print(f'{len(jobs) - failed} passed, {failed} failed')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
