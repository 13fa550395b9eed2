# SPDX-License-Identifier: Apache-2.0
"""The rules by clang's syntax tree, which knows types: what is destroyed twice is what needs
destruction. The tree is read as clang++ -ast-dump prints it, for that needs no more than clang++."""

import os
import re
import shutil
import subprocess

_LINE = re.compile(r'^([| `-]*)(<<<NULL>>>|\w+)?(?: (0x[0-9a-f]+))?(.*)$')
_PLACE = re.compile(r'(?:line:(?P<line>\d+)|col|(?P<file>(?:<[^>]*>|[^\s<>,:])[^<>,:]*):(?P<fline>\d+)):'
                    r'(?P<column>\d+)')
# The range of a node, then for declarations the place of the name.
_RANGE = re.compile(r'(?: (?:parent|prev) 0x[0-9a-f]+)* <((?:<[^>]*>|[^<>])*)>'
                    r'( (?:<[^>]*>|[^\s<>\'":]+):\d+(?::\d+)?)?')
_AWAITS = {'CoawaitExpr', 'DependentCoawaitExpr', 'CoyieldExpr'}
# What stands between an expression and the object that it makes.
_WRAPPERS = {'ImplicitCastExpr', 'MaterializeTemporaryExpr', 'ParenExpr', 'ExprWithCleanups',
             'CXXFunctionalCastExpr', 'CXXStaticCastExpr', 'ConstantExpr', 'CXXBindTemporaryExpr'}
_BRACES = {'InitListExpr', 'CXXParenListInitExpr'}
_BUILTIN = re.compile(r'(?:const )?(?:void|bool|char\w*|wchar_t|short|int|long|float|double|unsigned|'
                      r'signed|__int128|std::byte)(?: \w+)*$|.*[*&]$|enum ')
_FUNCTIONS = {'FunctionDecl', 'CXXMethodDecl', 'CXXConstructorDecl', 'CXXConversionDecl',
              'CXXDestructorDecl'}


class node:
    __slots__ = ('kind', 'text', 'line', 'column', 'children')

    def __init__(self, kind, text, line, column):
        self.kind, self.text, self.line, self.column, self.children = kind, text, line, column, []

    def type(self):
        """As written last, which is the canonical one where both are given."""
        types = re.findall(r"'([^']*)'", self.text)
        return types[0] if types else ''


class failed(Exception):
    """clang cannot compile the file."""


def find_clang():
    """The newest clang++ that knows C++20's coroutines, or None."""
    for version in range(30, 14, -1):
        if path := shutil.which(f'clang++-{version}'):
            return path
    path = shutil.which('clang++')
    if path:
        text = subprocess.run([path, '--version'], capture_output=True, text=True).stdout
        version = re.search(r'version (\d+)', text)
        if version and int(version[1]) >= 15:
            return path
    return None


def _places(text, state):
    """Follows the places of one line of the dump, each of which says only what is new; gives the
    line and the column where the node begins, or is."""
    begin, found = None, _RANGE.match(text)
    if found is None:
        return None
    for place in _PLACE.finditer(found[1] + (found[2] or '')):
        if place['file']:
            state[0], state[1] = place['file'], int(place['fline'])
        elif place['line']:
            state[1] = int(place['line'])
        here = (state[0], state[1], int(place['column']))
        begin = begin or here
    return begin


def _trees(lines, wanted):
    """The declarations at the top of the file `wanted`, each a tree of nodes."""
    state, stack, real = ['', 0], [], {}

    def is_wanted(name):
        if name not in real:
            real[name] = os.path.realpath(name) == wanted
        return real[name]

    for line in lines:
        match = _LINE.match(line)
        kind = match[2]
        if kind is None:
            continue
        depth = len(match[1]) // 2
        place = _places(match[4], state) if kind != '<<<NULL>>>' else None
        if depth == 0:
            continue
        if depth == 1:
            if stack:
                yield stack[0]
            stack = []
            # The place of a declaration's name: a macro may have written what comes before it.
            if not is_wanted(state[0]):
                continue
        elif not stack:
            continue
        parent = stack[depth - 2] if depth >= 2 and len(stack) >= depth - 1 else None
        if place is not None and not is_wanted(place[0]):
            place = None
        made = node(kind, match[4], *(place[1:] if place else
                                      (parent.line, parent.column) if parent else (0, 0)))
        del stack[depth - 1:]
        stack.append(made)
        if parent is not None:
            parent.children.append(made)
    if stack:
        yield stack[0]


def _walk(top, into=lambda n: True):
    yield top
    for child in top.children:
        if into(child):
            yield from _walk(child, into)


def _outside_lambdas(top):
    """The nodes of an expression or a body that belong to this coroutine; the closures are among
    them, and what initialises their captures."""
    yield top
    if top.kind == 'LambdaExpr':
        for child in top.children:
            if child.kind not in ('CXXRecordDecl', 'CompoundStmt', 'CoroutineBodyStmt'):
                yield from _outside_lambdas(child)
        return
    if top.kind == 'CXXRecordDecl':
        return
    for child in top.children:
        yield from _outside_lambdas(child)


def _awaits(top):
    return any(n.kind in _AWAITS for n in _outside_lambdas(top))


def _made_by(top):
    """The expression that makes the object."""
    while top.children and (top.kind in _WRAPPERS or _is_copy(top)):
        top = top.children[-1]
    return top


def _is_copy(braces):
    """Whether the braces hold an object of the very type that they make: nothing is made then."""
    return braces.kind == 'InitListExpr' and len(braces.children) == 1 \
        and braces.type() == braces.children[0].type()


def _owns(choice):
    """Whether ?: makes an object that needs destruction."""
    if re.search(r"'[^']*'(?::'[^']*')? [lx]value", choice.text) or _BUILTIN.match(choice.type()):
        return False
    for branch in choice.children[-2:]:
        while branch.kind in _WRAPPERS | {'CoawaitExpr'} and branch.children:
            if branch.kind == 'CXXBindTemporaryExpr':
                return True
            branch = branch.children[-1]
    return False


def _rule_of(made):
    if made.kind == 'LambdaExpr':
        return 'closure'
    if made.kind in _BRACES:
        return 'aggregate'
    if made.kind in ('ConditionalOperator', 'BinaryConditionalOperator'):
        return 'conditional'
    return None


def _inside(full):
    """Breaches in an expression with an await."""
    for each in _outside_lambdas(full):
        if each.kind == 'CXXBindTemporaryExpr':
            made = _made_by(each)
            if rule := _rule_of(made):
                yield made, rule
        elif each.kind in ('CXXNewExpr', 'CXXThrowExpr'):
            for inner in _outside_lambdas(each):
                if inner.kind == 'CoawaitExpr' and inner.children[-1].kind == 'CXXBindTemporaryExpr':
                    yield each, 'new'
                    break
        elif each.kind == 'ConditionalOperator' and _owns(each):
            yield each, 'conditional'
        elif each.kind == 'CXXStdInitializerListExpr':
            yield each, 'list'


def _condition(statement):
    parts = statement.children
    if statement.kind == 'DoStmt':
        return parts[-1:]
    if statement.kind == 'ForStmt':
        return parts[2:3]
    after = 2 if statement.kind == 'IfStmt' and 'has_else' in statement.text else 1
    return parts[-after - 1:len(parts) - after]


def _check_body(body):
    own = list(_outside_lambdas(body))
    declares = any(n.kind in ('DeclStmt', 'VarDecl', 'CXXForRangeStmt') for n in own)
    for each in own:
        if each.kind in ('IfStmt', 'WhileStmt', 'ForStmt', 'DoStmt', 'SwitchStmt') and not declares:
            for condition in _condition(each):
                for inner in _outside_lambdas(condition):
                    if inner.kind in _AWAITS:
                        yield inner, 'condition'
                        break
        elif each.kind == 'ExprWithCleanups' and _awaits(each):
            yield from _inside(each)
        elif each.kind == 'VarDecl' and ' destroyed' in each.text and each.children \
                and _awaits(each.children[-1]):
            made = _made_by(each.children[-1])
            if made.kind != 'LambdaExpr' and (rule := _rule_of(made)):
                yield each, rule
            elif made.kind == 'LambdaExpr':
                yield made, 'closure'


def _bodies(top):
    """The bodies of all functions, lambdas among them."""
    for each in _walk(top):
        if each.kind in _FUNCTIONS:
            for child in each.children:
                if child.kind == 'CoroutineBodyStmt':
                    yield child.children[0] if child.children else child
                elif child.kind == 'CompoundStmt':
                    yield child
        elif each.kind == 'LambdaExpr':
            for child in each.children:
                if child.kind == 'CoroutineBodyStmt':
                    yield child.children[0] if child.children else child


def findings(clang, flags, path):
    """(line, column, rule) of each breach. \\throws failed"""
    command = [clang, *flags, '-fsyntax-only', '-w', '-fno-color-diagnostics', '-Xclang', '-ast-dump',
               path]
    if not any(f.startswith('-std=') for f in flags):
        command.insert(1, '-std=c++20')
    if not path.endswith(('.cpp', '.cc', '.cxx', '.C', '.c++', '.ipp')):
        command[-1:-1] = ['-x', 'c++']
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               errors='replace')
    found = set()
    for top in _trees(process.stdout, os.path.realpath(path)):
        for body in _bodies(top):
            for where, rule in _check_body(body):
                found.add((where.line, where.column, rule))
    errors = process.stderr.read()
    if process.wait() != 0:
        first = re.search(r'(?:fatal )?error: .*', errors)
        raise failed(first[0] if first else f'{clang} ended with {process.returncode}')
    return sorted(found)
