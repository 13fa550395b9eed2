"""The files of the tree, as the rules of lint.py read them."""

import dataclasses
import functools
import os
import pathlib
import re

import cpp_text
import text_rules

LAYERS = ['sched', 'io', 'runtime']  # each may include itself and those before it
CODE_FOLDERS = [*LAYERS, 'tests', 'bench', 'examples']
TEXT_SUFFIXES = {'.hpp', '.cpp', '.py', '.md', '.in', '.txt', '.sh', '.build', '.cmake'}
TEXT_NAMES = {'meson_options.txt', '.clang-format', '.clang-tidy', '.editorconfig', '.gitignore',
              'lariat-lint', 'run', 'setup', 'test', 'demo'}
SKIPPED_FOLDERS = re.compile(r'build.*|\.git|\.cache|__pycache__|subprojects')


class source:
    """A file, and the forms of it that the rules read."""

    def __init__(self, root, path):
        self.path = path.relative_to(root).as_posix()
        self.text = path.read_bytes().decode('utf-8', 'replace')
        self.lines = self.text.split('\n')
        self.suffix = path.suffix
        self.top = self.path.split('/')[0]
        self.is_cpp = self.suffix in ('.hpp', '.cpp')
        self.in_layer = self.is_cpp and self.top in LAYERS
        self.is_public = self.in_layer and self.suffix == '.hpp' and '/detail/' not in self.path

    @functools.cached_property
    def code(self):
        return cpp_text.blank_directives(cpp_text.blank(self.text))

    @functools.cached_property
    def line_at(self):
        return cpp_text.lines_of(self.text).at

    @functools.cached_property
    def temporaries(self):
        if not re.search(r'\bco_(await|yield)\b', self.code):
            return []
        return sorted(set(text_rules.temporaries(self.code, text_rules.aggregates_of(self.code))))

    @functools.cached_property
    def includes(self):
        """(line, bracket, name) of each."""
        text = cpp_text.blank(self.text, keep_strings=True)
        return [(self.line_at(m.start(1)), m[1], m[2]) for m in
                re.finditer(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)', text, re.MULTILINE)]


@dataclasses.dataclass
class tree:
    root: pathlib.Path
    files: list

    @functools.cached_property
    def by_path(self):
        return {file.path: file for file in self.files}

    def cpp(self):
        return [f for f in self.files if f.is_cpp and f.top in CODE_FOLDERS]

    def layers(self):
        return [f for f in self.files if f.in_layer]

    @functools.cached_property
    def reached_by_users(self):
        """Public headers, and the headers in detail/ that they include."""
        reached, pending = set(), [f.path for f in self.files if f.is_public]
        while pending:
            path = pending.pop()
            if path not in reached and path in self.by_path:
                reached.add(path)
                pending += [name.removeprefix('lariat/')
                            for _, _, name in self.by_path[path].includes]
        return reached


def read(root):
    files = []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if not SKIPPED_FOLDERS.fullmatch(f))
        for name in sorted(names):
            path = pathlib.Path(folder, name)
            if path.is_file() and (path.suffix in TEXT_SUFFIXES or name in TEXT_NAMES):
                files.append(source(root, path))
    return tree(root, files)
