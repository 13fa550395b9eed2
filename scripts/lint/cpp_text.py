# SPDX-License-Identifier: Apache-2.0
"""C++ as text: enough to find comments, brackets, blocks and full expressions."""

import bisect
import re

_TOKEN = re.compile(
    r'(?P<line>//[^\n]*)'
    r'|(?P<block>/\*.*?\*/)'
    r'|(?P<raw>R"(?P<mark>[^\s()\\]{0,16})\(.*?\)(?P=mark)")'
    r"|(?P<number>\b\d(?:'?[\w.])*)"  # its separators open no character literal
    r'|(?P<string>"(?:\\.|[^"\\\n])*")'
    r"|(?P<character>'(?:\\.|[^'\\\n])+')", re.DOTALL)

# As a whole line: `#include <x>` and its like, with the lines that it continues on.
_DIRECTIVE = re.compile(r'^[ \t]*#(?:[^\n]*\\\n)*[^\n]*', re.MULTILINE)

_STATEMENT_WORD = re.compile(
    r'\b(?:if|for|while|switch|do|try|return|co_return|goto|break|continue|case|default)\b')
_CONTROL = re.compile(r'\b(if|while|for|switch)\b\s*(?:constexpr\s*)?(?=\()')
# A lambda begins where no expression can end, for there a bracket would be a subscript.
_LAMBDA = re.compile(r'(?:^|[=(,{&|?:;!<>+*-]|\b(?:return|co_await|co_return|co_yield))\s*'
                     r'\[(?!\[)[^\[\]]*\]\s*(?:<[^{};]*>\s*)?(?:\(|\{|mutable|noexcept|->|$)')

_CLASS = re.compile(r'\b(?:struct|class|union|namespace)\b[^;{}()=]*$')


def spaces(text):
    return re.sub(r'[^\n]', ' ', text)


def blank(text, keep_strings=False):
    """The text with comments, strings and characters as spaces; every offset stays what it was."""

    def replace(match):
        if match.lastgroup == 'number' or (keep_strings and match['line'] is None
                                           and match['block'] is None):
            return match[0]
        return spaces(match[0])

    return _TOKEN.sub(replace, text)


def blank_directives(code):
    return _DIRECTIVE.sub(lambda m: spaces(m[0]), code)


class lines_of:
    """Turns offsets into line numbers and columns."""

    def __init__(self, text):
        self.starts_ = [0] + [m.end() for m in re.finditer('\n', text)]

    def at(self, offset):
        return bisect.bisect_right(self.starts_, offset)

    def column(self, offset):
        return offset - self.starts_[self.at(offset) - 1] + 1


def closing(code, at):
    """The offset of what closes the bracket at `at`, or the end of the code."""
    pairs = {'(': ')', '{': '}', '[': ']', '<': '>'}
    opening, depth = code[at], 0
    for i in range(at, len(code)):
        if code[i] == opening:
            depth += 1
        elif code[i] == pairs[opening]:
            if opening == '<' and code[i - 1] in '-=':
                continue  # -> and =>, not a bracket
            depth -= 1
            if depth == 0:
                return i
    return len(code) - 1


def split_top_level(code, separator):
    """Splits outside of brackets; gives (offset, part)."""
    parts, depth, start = [], 0, 0
    for i, c in enumerate(code):
        if c in '([{':
            depth += 1
        elif c in ')]}':
            depth -= 1
        elif c == separator and depth == 0:
            parts.append((start, code[start:i]))
            start = i + 1
    return parts + [(start, code[start:])]


def blank_bodies(code):
    """Bodies of lambdas as spaces: an await in one belongs to another coroutine."""
    at = code.find('{')
    while at != -1:
        end = closing(code, at)
        if ';' in code[at:end]:
            code = code[:at] + spaces(code[at:end + 1]) + code[end + 1:]
        at = code.find('{', at + 1)
    return code


def _match_brackets(code):
    """Where the bracket at each offset is closed."""
    ends, open_ = {}, []
    for match in re.finditer(r'[(){}\[\]]', code):
        if match[0] in '([{':
            open_.append((match[0], match.start()))
            continue
        opening = {')': '(', '}': '{', ']': '['}[match[0]]
        while open_ and open_[-1][0] != opening:
            open_.pop()  # of what the preprocessor would have left out
        if open_:
            ends[open_.pop()[1]] = match.start()
    return ends


class full_expressions:
    """Each statement and each condition of blanked code, as (offset, text, function body). The text
    has the bodies of lambdas as spaces; the last is the offset of the innermost block around it."""

    def __init__(self, code):
        self.code_, self.ends_ = code, _match_brackets(code)
        self.found_, self.pending_ = [], [(0, len(code), 0)]

    def __iter__(self):
        while self.pending_:
            self.walk_(*self.pending_.pop())
        return iter(sorted(self.found_))

    def is_block_(self, at):
        """Whether the brace opens a block of statements, not an initialiser."""
        if _CLASS.search(self.code_[max(0, at - 200):at]):
            return True
        end = self.ends_.get(at, len(self.code_))
        i, own = at + 1, []
        while i < end:
            if self.code_[i] in '([{':
                # A control statement's block ends a statement, as an initialiser does not.
                i = self.ends_.get(i, end)
            elif self.code_[i] == ';':
                return True
            else:
                own.append(self.code_[i])
            i += 1
        return _STATEMENT_WORD.search(''.join(own)) is not None

    def group_(self, at, block):
        """The text of a bracket's contents, brackets included; its blocks are left for later."""
        end, parts, i = self.ends_.get(at, len(self.code_) - 1), [self.code_[at]], at + 1
        while i <= end:
            c = self.code_[i]
            if i < end and c == '{' and self.is_block_(i):
                close = self.ends_.get(i, end)
                self.pending_.append((i + 1, close, i))
                parts.append(spaces(self.code_[i:close + 1]))
                i = close
            elif i < end and c in '([{':
                text, i = self.group_(i, block)
                parts.append(text)
            else:
                parts.append(c)
            i += 1
        return ''.join(parts), end

    def emit_(self, start, text, block):
        if text.strip():
            self.found_.append((start, text, block))

    def walk_(self, begin, end, block):
        start, text, i = begin, '', begin
        while i < end:
            c = self.code_[i]
            if c == ';':
                self.emit_(start, text, block)
                start, text = i + 1, ''
            elif c == '{' and self.is_block_(i):
                close = min(self.ends_.get(i, end), end)
                self.pending_.append((i + 1, close, i))
                if _LAMBDA.search(text):
                    text += spaces(self.code_[i:close + 1])
                else:
                    self.emit_(start, text, block)
                    start, text = close + 1, ''
                i = close
            elif c in '([{':
                control = c == '(' and _CONTROL.search(text + '(')
                inner, close = self.group_(i, block)
                if control and not (text + '(')[control.end():].rstrip('('):
                    for offset, part in split_top_level(inner[1:-1], ';'):
                        self.emit_(i + 1 + offset, part, block)
                    start, text = close + 1, ''
                else:
                    text += inner
                i = close
            elif c == '}':
                start, text = i + 1, ''
            else:
                text += c
            i += 1
        self.emit_(start, text, block)


def awaits_in_conditions(code):
    """Offsets of each co_await in the condition of an if, while, for or switch."""
    for statement in _CONTROL.finditer(code):
        opening = statement.end()
        inner = blank_bodies(code[opening + 1:closing(code, opening)])
        parts = split_top_level(inner, ';')
        if statement[1] == 'for':
            checked = parts[1:2] if len(parts) == 3 else []  # a range is no condition
        else:
            checked = parts[-1:]  # what comes before it initialises, and declares a local
        for start, condition in checked:
            for await_ in re.finditer(r'\bco_await\b', condition):
                yield opening + 1 + start + await_.start()
