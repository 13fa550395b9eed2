#!/usr/bin/env python3
"""Checks the rules of the tree that no compiler checks.

usage: lint.py [--bands] [ROOT]

Prints `file:line: message [rule]` for each breach, and exits 1 if there is one. A line that breaks
a rule on purpose says so: `// lint: allow(rule)` at its end, or on the line before. --bands also
lists the files that are longer or shorter than is usual, which is no breach.
"""

import argparse
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'scripts' / 'lint'))
sys.dont_write_bytecode = True

import cpp_text  # noqa: E402
import lint_cpp  # noqa: E402
from lint_tree import CODE_FOLDERS, LAYERS, read  # noqa: E402
import text_rules  # noqa: E402

LINES_MAX = 500
ROOM_MAX = 30  # files
BANDS = {'.hpp': (30, 200), '.cpp': (20, 300)}  # of the layers

BUDGETED = {'sched/task/task.hpp', 'io/op/detail/op.hpp', 'runtime/run/run.hpp'}
OVER_BUDGET = {'memory', 'chrono', 'functional', 'thread', 'stop_token', 'liburing.h'}

# What the language calls, and what therefore needs no explanation.
CUSTOMISATIONS = {
    'await_ready', 'await_suspend', 'await_resume', 'await_result', 'await_transform', 'get_return_object',
    'initial_suspend', 'final_suspend', 'return_value', 'return_void', 'yield_value',
    'unhandled_exception', 'begin', 'end', 'what', 'swap',
}

RULES = {}


def rule(name):
    def register(check):
        RULES[name] = check
        return check
    return register


@rule('layer')
def layer_direction(all_files):
    for file in all_files.layers():
        allowed = LAYERS[:LAYERS.index(file.top) + 1]
        for line, _, name in file.includes:
            folder = re.match(r'lariat/(\w+)/', name)
            if folder and folder[1] in LAYERS and folder[1] not in allowed:
                yield file, line, f'{file.top} may not include {folder[1]}: <{name}>'
            elif file.top == 'sched' and (name.startswith('linux/') or 'liburing' in name):
                yield file, line, f'sched knows no kernel interface: <{name}>'


# The table of rooms, which stands in ARCHITECTURE.md: a heading for each layer, then a row for each
# room: | name | what it holds | what it may include |.
def rooms(all_files):
    """{(layer, room): rooms of the layer that it may include}."""
    table, layer = {}, None
    text = all_files.by_path['ARCHITECTURE.md'].text if 'ARCHITECTURE.md' in all_files.by_path else ''
    for line in text.split('\n'):
        if heading := re.match(r'#+ (?:Rooms of )?(\w+)', line):
            layer = heading[1]
        row = re.match(r'\| (\w+) \|[^|]*\| ([\w, -]+) \|$', line)
        if row and layer in LAYERS and row[1] != 'room':
            above = [room for of, room in table if of == layer]
            table[layer, row[1]] = above if row[2] == 'all' else re.findall(r'\w+', row[2])
    return table


@rule('room')
def room_direction(all_files):
    table = rooms(all_files)
    counts = {}
    for file in all_files.layers():
        parts = file.path.split('/')
        if len(parts) < 3:
            continue  # What includes a whole room is for users, and lies beside its folder.
        here = tuple(parts[:2])
        if here not in table:
            yield file, 1, f'ARCHITECTURE.md has no room {here[0]}/{here[1]}'
            continue
        counts[here] = counts.get(here, 0) + 1
        if counts[here] == ROOM_MAX + 1 and table[here] is not None and here[1] != 'testing':
            yield file, 1, f'{here[0]}/{here[1]} has more than {ROOM_MAX} files: it is two rooms'
        for line, _, name in file.includes:
            there = name.removeprefix('lariat/').split('/')
            if not name.startswith('lariat/') or there[0] not in LAYERS:
                continue
            if len(there) < 3:
                yield file, line, f'<{name}> is for users: include what is needed of the room'
            elif there[0] == here[0] and there[1] != here[1] and there[1] not in table[here]:
                yield file, line, f'{here[0]}/{here[1]} may not include {there[1]}: <{name}>'


# Not "server.cpp:12", which is an example of what is printed.
FILE_NAME = r'(?<![\w<./-])((?:[\w-]+/)*[\w-]+\.(?:hpp|cpp|md|py))\b(?!:\d)'
IN_THE_TREE = rf'(?<![\w<./-])((?:{"|".join([*CODE_FOLDERS, "docs", "scripts"])})/[\w/.-]*\w)'


@rule('missing')
def names_what_exists(all_files):
    """Files that comments and documents name, and what is included of lariat."""
    paths = ['/' + path for path in all_files.by_path]

    def exists(name):
        return any(path.endswith('/' + name) for path in paths)

    def lies_there(name):
        return any((all_files.root / (name + suffix)).exists() for suffix in ('', '.hpp', '.cpp'))

    for file in all_files.layers():
        for line, _, name in file.includes:
            if name.startswith('lariat/') and name.removeprefix('lariat/') not in all_files.by_path \
                    and name != 'lariat/lariat.hpp':
                yield file, line, f'<{name}> does not exist'
        for number, text in enumerate(file.lines, 1):
            for match in re.finditer(FILE_NAME, text.partition('//')[2]):
                if not exists(match[1]):
                    yield file, number, f'{match[1]} does not exist'
    for file in all_files.files:
        if file.suffix != '.md' or file.path == 'CHANGELOG.md':
            continue
        for number, text in enumerate(file.lines, 1):
            wrong = {name for name in re.findall(FILE_NAME, text) if not exists(name)}
            wrong |= {name for name in re.findall(IN_THE_TREE, text) if not lies_there(name)}
            for name in sorted(wrong):
                yield file, number, f'{name} does not exist'


@rule('include')
def includes_by_angle(all_files):
    for file in all_files.layers():
        for line, bracket, name in file.includes:
            if bracket == '"':
                yield file, line, f'"{name}": the library includes in angle brackets, <lariat/...>'
            elif name == 'lariat/lariat.hpp':
                yield file, line, '<lariat/lariat.hpp> is for users, not for the library'


@rule('own-header')
def own_header_first(all_files):
    for file in all_files.layers():
        own = file.path.removesuffix('.cpp') + '.hpp'
        if file.suffix == '.cpp' and own in all_files.by_path:
            if not file.includes or file.includes[0][2] != 'lariat/' + own:
                line = file.includes[0][0] if file.includes else 1
                yield file, line, f'the first include is <lariat/{own}>'


@rule('pragma')
def pragma_once_first(all_files):
    for file in all_files.cpp():
        if file.suffix == '.hpp':
            first = [(n, l) for n, l in enumerate(file.lines, 1)
                     if l.strip() and not l.startswith('// SPDX-License-Identifier:')][:1]
            if not first or first[0][1].strip() != '#pragma once':
                yield file, first[0][0] if first else 1, '#pragma once comes first'


@rule('length')
def length(all_files):
    for file in all_files.files:
        count = file.text.count('\n')
        if (file.is_cpp or file.suffix == '.py') and count > LINES_MAX:
            yield file, LINES_MAX + 1, f'{count} lines, and {LINES_MAX} is the limit'


# What g++ 12 miscompiles: what lariat-lint looks for, by the same code.
@rule('condition')
def no_await_in_condition(all_files):
    for file in all_files.cpp():
        # Whether the function has locals, which would help, is not looked at: they come and go.
        for offset in cpp_text.awaits_in_conditions(file.code):
            yield file, file.line_at(offset), text_rules.MESSAGES['condition']


def no_temporaries(name):
    def check(all_files):
        for file in all_files.cpp():
            for offset, found in file.temporaries:
                if found == name:
                    yield file, file.line_at(offset), text_rules.MESSAGES[name]
    return check


for temporary in ('closure', 'aggregate', 'conditional', 'new', 'list'):
    rule(temporary)(no_temporaries(temporary))


@rule('budget')
def include_budget(all_files):
    for file in all_files.layers():
        for line, _, name in file.includes if file.path in BUDGETED else []:
            if name in OVER_BUDGET:
                yield file, line, f'<{name}> is over the include budget of this header'


@rule('room-header')
def room_headers(all_files):
    """Beside a room of more than three public headers stands one that includes them all."""
    headers = {}
    for file in all_files.layers():
        parts = file.path.split('/')
        if file.is_public and len(parts) == 3:
            headers.setdefault('/'.join(parts[:2]) + '.hpp', []).append(file)
    for path, public in headers.items():
        there = all_files.by_path.get(path)
        if there is None:
            if len(public) > 3:
                yield public[3], 1, f'the room has more than three public headers, and no {path}'
            continue
        named = {name.removeprefix('lariat/') for _, _, name in there.includes}
        for file in public:
            if file.path not in named:
                yield there, 1, f'it lacks <lariat/{file.path}>'


@rule('liburing')
def no_liburing_for_users(all_files):
    for path in sorted(all_files.reached_by_users):
        file = all_files.by_path[path]
        for line, _, name in file.includes:
            if 'liburing' in name or name.startswith('linux/io_uring'):
                yield file, line, f'<{name}> would reach the users of a public header'


@rule('doc')
def documented(all_files):
    for file in all_files.layers():
        if file.is_public:
            yield from undocumented(file)


def undocumented(file):
    documented_names, documented_classes = set(), set()
    for found in lint_cpp.declarations(file.code):
        scope = '::'.join(found.scope)
        if not found.public or re.search(r'\bdetail\b', scope) \
                or found.kind not in ('class', 'concept', 'function'):
            continue
        in_class = bool(found.scope) and found.scope[-1] != '' \
            and not re.match(r'lariat\b|extern$|std\b', found.scope[-1])
        line = file.line_at(found.offset)
        # The lines above it, to the first empty one: a comment covers what follows it without a gap.
        paragraph = []
        for text in reversed(file.lines[:line - 1]):
            if not text.strip():
                break
            paragraph.append(text.strip())
        said = paragraph[:1] if found.kind == 'class' else paragraph
        if any(text.startswith('///') for text in said):
            documented_names.add((scope, found.name))
            if found.kind == 'class':
                documented_classes.add('::'.join([*found.scope, found.name]))
            continue
        if (scope, found.name) in documented_names:
            continue  # an overload of what is documented
        if in_class and (found.kind == 'class' or found.one_line or found.overrides
                         or scope not in documented_classes
                         or found.name in CUSTOMISATIONS):
            continue
        documented_names.add((scope, found.name))  # once for all its overloads
        yield file, line, f'{found.name} has no /// comment that says what it is for'


@rule('thread-local')
def one_thread_local(all_files):
    for file in all_files.layers():
        if not file.path.startswith('sched/coroutine/detail/thread_state.'):
            for match in re.finditer(r'\b(thread_local|__thread)\b', file.code):
                yield (file, file.line_at(match.start()), 'what belongs to a thread is in its '
                       'thread_state: an object with more cannot be opened by dlopen')


@rule('static')
def no_guarded_static(all_files):
    for file in all_files.layers():
        for match in re.finditer(r'^[ \t]+static (?!constexpr|constinit|inline|thread_local)'
                                 r'[^(;={]+(?<!_)[;={]', file.code, re.MULTILINE):
            yield (file, file.line_at(match.start()), 'a function\'s static is constinit: a child '
                   'forked while a thread makes another one waits for ever (process_object)')


@rule('macro')
def macro_names(all_files):
    for file in all_files.layers():
        if file.suffix == '.hpp':
            for match in re.finditer(r'^[ \t]*#[ \t]*define[ \t]+(\w+)',
                                     cpp_text.blank(file.text), re.MULTILINE):
                if not match[1].startswith('LARIAT_'):
                    yield file, file.line_at(match.start(1)), f'{match[1]}: macros begin LARIAT_'


@rule('reserved')
def reserved_names(all_files):
    for file in all_files.cpp():
        for match in re.finditer(r'\b(unix|linux)\b', file.code):
            yield file, file.line_at(match.start()), f'{match[1]} is a macro in gnu++20'


@rule('license')
def license_lines(all_files):
    for file in all_files.files:
        if file.top in CODE_FOLDERS or file.top in ('scripts', '.ci', 'meson.build'):
            seen = False
            for number, line in enumerate(file.lines, 1):
                comment = re.match(r'\s*(?://|#|/?\*)\s*(.*)', line)
                if comment is None:
                    continue
                if spdx := re.match(r'SPDX-License-Identifier:\s*(.*?)\s*$', comment[1]):
                    first = number == 1 or (number == 2 and file.lines[0].startswith('#!'))
                    if seen or not first or spdx[1] != 'Apache-2.0':
                        yield (file, number, 'one SPDX line at most, the first of the file, and it '
                               'says Apache-2.0')
                    seen = True
                elif re.match(r'(copyright\b|\(c\)|[\\@]?authors?\b\s*:?\s|SPDX-)', comment[1],
                              re.IGNORECASE):
                    yield file, number, 'no banners and no names of authors: LICENSE and the log have both'


@rule('listed')
def listed_in_meson(all_files):
    """A file that no meson.build names is not built, installed or run."""
    def names(path):
        file = all_files.by_path.get(path)
        return set(re.findall(r"'([^']+)'", re.sub('#.*', '', file.text))) if file else set()

    for file in all_files.cpp():
        build, inside = f'{file.top}/meson.build', file.path.split('/', 1)[1]
        stem = inside.removesuffix('.cpp')
        if file.in_layer:
            inside = file.path.removesuffix(file.suffix)
        if file.top == 'tests':
            if not inside.endswith('_test.cpp'):
                continue
        elif file.top == 'bench':
            if file.suffix == '.hpp' or inside.startswith('models/'):
                continue
            inside = stem if '/' in stem else stem.removesuffix('_bench')
        elif file.top == 'examples':
            if file.suffix == '.hpp':
                continue
            inside = stem
        if inside not in names(build):
            yield file, 1, f'{build} does not list it'


@rule('excerpt')
def excerpts(all_files):
    for file in all_files.files:
        if file.suffix != '.md':
            continue
        marker = re.compile(r'<!-- ((?:examples|tests)/[\w./-]+) -->\s*\n```[^\n]*\n(.*?)^```',
                            re.DOTALL | re.MULTILINE)
        matched = {m.start(): m for m in marker.finditer(file.text)}
        for mark in re.finditer(r'<!-- ((?:examples|tests)/\S+) -->', file.text):
            line, block = file.line_at(mark.start()), matched.get(mark.start())
            if block is None:
                yield file, line, f'no code block follows the mark of {mark[1]}'
            elif mark[1] in all_files.by_path and not is_excerpt(
                    block[2], all_files.by_path[mark[1]].text):
                yield file, line, f'the code block is not what {mark[1]} says'


def is_excerpt(block, whole):
    """True if the block is consecutive lines of the file; a line `// ...` stands for some left out."""
    lines, at = whole.split('\n'), 0
    for piece in re.split(r'^[ \t]*// \.\.\.[ \t]*\n', block, flags=re.MULTILINE):
        wanted = piece.strip('\n').split('\n')
        if not piece.strip():
            continue
        at = next((i for i in range(at, len(lines) - len(wanted) + 1)
                   if lines[i:i + len(wanted)] == wanted), -1)
        if at == -1:
            return False
        at += len(wanted)
    return bool(block.strip())


@rule('space')
def whitespace(all_files):
    for file in all_files.files:
        for number, line in enumerate(file.lines, 1):
            if line != line.rstrip():
                yield file, number, 'trailing white space'
            elif '\t' in line:
                yield file, number, 'a tab'
        if file.text and not file.text.endswith('\n'):
            yield file, len(file.lines), 'no newline at the end of the file'
        elif file.text.endswith('\n\n'):
            yield file, len(file.lines) - 1, 'empty lines at the end of the file'


def allowed(file, line, name):
    here = file.lines[max(line - 2, 0):line]
    return any(f'lint: allow({name})' in text for text in here)


def breaches(all_files):
    for name, check in RULES.items():
        for file, line, message in check(all_files):
            if not allowed(file, line, name):
                yield f'{file.path}:{line}: {message} [{name}]'


def outside_bands(all_files):
    for file in all_files.layers():
        low, high = BANDS[file.suffix]
        count = file.text.count('\n')
        if not low <= count <= high:
            yield f'{file.path}: {count} lines; the usual {file.suffix} has {low}-{high}'


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--bands', action='store_true')
    parser.add_argument('root', nargs='?', type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parent.parent)
    options = parser.parse_args()
    all_files = read(options.root)
    if options.bands:
        print('\n'.join(outside_bands(all_files)))
    found = list(breaches(all_files))
    print('\n'.join(found) if found else f'{len(all_files.files)} files, no breach')
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
