#!/usr/bin/env python3
"""Compiles the fuzz targets beside this file with clang and libFuzzer, and runs each for a while.

usage: run.py [--seconds N] [--only NAME] [--jobs N] [--build FOLDER] [--library ARCHIVE]
              -- COMPILER ARGUMENT...

A target is NAME_fuzz.cpp; the inputs that it begins with are the files in corpus/NAME. What is found
is kept in FOLDER (a temporary one unless named, then kept too if there is a find) and its path is
printed: FOLDER/NAME_fuzz PATH plays it again. ARGUMENTs have to give the language standard and
where <lariat/...> is. The library is compiled here as well, because libFuzzer counts the branches of
what it searches, unless ARCHIVE is one that was built with meson's -Dfuzzed=true and the sanitizers.
"""

import argparse
import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent

SANITIZED = '-fsanitize=fuzzer{},address,undefined'
FLAGS = ['-O1', '-gline-tables-only', '-fno-omit-frame-pointer', '-fno-sanitize-recover=all']
LAYERS = ['sched', 'io', 'runtime']
LIBRARIES = ['-luring', '-pthread']

LENGTH_MAX = 256  # Of an input. More operations find no more, and take longer.
HANG_S = 30

# A hang, a leak or too much memory is a find like any other.
ENVIRONMENT = {
    'ASAN_OPTIONS': 'detect_stack_use_after_return=1',
    'UBSAN_OPTIONS': 'halt_on_error=1:print_stacktrace=1',
}


def call(command, **options):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          errors='replace', stdin=subprocess.DEVNULL, **options)


def is_new(program, depfile):
    """Whether a file that `program` was made of has changed since."""
    if not program.exists() or not depfile.exists():
        return True
    parts = depfile.read_text().replace('\\\n', ' ').split()[1:]
    made = program.stat().st_mtime
    return any(not os.path.exists(part) or os.path.getmtime(part) > made for part in parts)


def compile_one(command, source, folder):
    """Returns (fault or None, the object)."""
    name = source.relative_to(ROOT).with_suffix('').as_posix().replace('/', '_')
    made, depfile = folder / f'{name}.o', folder / f'{name}.d'
    if is_new(made, depfile):
        build = call([*command, SANITIZED.format('-no-link'), '-MD', '-MF', depfile, '-c', source,
                      '-o', made])
        if build.returncode != 0:
            return f'{source}: does not compile:\n{build.stderr[:4000]}', made
    return None, made


def run_one(command, target, objects, folder, seconds):
    """Returns (fault or None, a line about the run)."""
    program = folder / target.stem
    build = call([*command, SANITIZED.format(''), *objects, '-o', program, *LIBRARIES])
    if build.returncode != 0:
        return f'does not link:\n{build.stderr[:4000]}', 'no run'
    name = target.stem.removesuffix('_fuzz')
    finds, corpus = folder / 'finds' / name, folder / 'corpus' / name
    finds.mkdir(parents=True, exist_ok=True)
    corpus.mkdir(parents=True, exist_ok=True)  # What is new goes here, not into the tree.
    # The first folder is written to.
    run = call([program, f'-max_total_time={seconds}', f'-max_len={LENGTH_MAX}',
                f'-timeout={HANG_S}', f'-artifact_prefix={finds}/', '-print_final_stats=1',
                corpus, HERE / 'corpus' / name], env={**os.environ, **ENVIRONMENT})
    counts = [line.split()[-1] for line in run.stderr.splitlines()
              if line.startswith('stat::number_of_executed_units:')]
    note = f'{counts[0] if counts else "unknown"} inputs'
    if run.returncode != 0:
        found = [line for line in run.stderr.splitlines() if 'Test unit written to' in line]
        return (f'found, status {run.returncode}:\n{run.stderr[-6000:]}\n'
                + '\n'.join(found)), note
    return None, note


def fuzz(options, folder):
    """Returns how many targets there are, and how many failed."""
    targets = [t for t in sorted(HERE.glob('*_fuzz.cpp')) if options.only in t.stem]
    sources = [] if options.library else [
        s for layer in LAYERS for s in sorted((ROOT / layer).rglob('*.cpp'))]
    command = options.command + FLAGS
    stamp = folder / 'command'  # Objects of another one are of no use.
    if not stamp.exists() or stamp.read_text() != repr(command):
        for made in folder.glob('*.o'):
            made.unlink()
        stamp.write_text(repr(command))
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as workers:
        compiled = dict(zip([*targets, *sources], workers.map(
            lambda source: compile_one(command, source, folder), [*targets, *sources])))
        library = [compiled[source] for source in sources]
        if faults := [fault for fault, _ in library if fault]:
            print('\n'.join(faults))
            return len(targets), len(targets)
        archive = options.library
        if not archive:
            archive = folder / 'library.a'
            archive.unlink(missing_ok=True)
            call(['ar', 'rcs', archive, *(made for _, made in library)], check=True)

        def run(target):
            fault, made = compiled[target]
            if fault:
                return fault, 'no run'
            return run_one(command, target, [made, archive], folder, options.seconds)

        failed = 0
        for target, (fault, note) in zip(targets, workers.map(run, targets)):
            failed += fault is not None
            print(f'{target.stem}: {fault or "ok"} [{note}]', flush=True)
    return len(targets), failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--seconds', type=int, default=60)
    parser.add_argument('--only', default='')
    parser.add_argument('--jobs', type=int, default=os.cpu_count())
    parser.add_argument('--build', type=pathlib.Path)
    parser.add_argument('--library', type=pathlib.Path)
    parser.add_argument('command', nargs='+')
    options = parser.parse_args()
    folder = options.build or pathlib.Path(tempfile.mkdtemp(prefix='lariat_fuzz_'))
    folder.mkdir(parents=True, exist_ok=True)
    count, failed = fuzz(options, folder)
    if not options.build and not failed:
        shutil.rmtree(folder)
    print(f'{count - failed} passed, {failed} failed')
    return 1 if failed or not count else 0


if __name__ == '__main__':
    sys.exit(main())
