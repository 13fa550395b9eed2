"""What lint.py knows of C++ beside what lariat-lint does: public declarations."""

import dataclasses
import re

from cpp_text import closing


@dataclasses.dataclass
class declaration:
    offset: int  # of its first word, attributes and template heads included
    kind: str  # class, concept, function or other
    name: str
    scope: tuple  # the names of the namespaces and classes around it
    public: bool
    one_line: bool  # a function defined on the line on which it is declared
    overrides: bool


@dataclasses.dataclass
class _scope:
    kind: str  # namespace or class
    name: str
    public: bool


def _strip_head(head):
    """Without attributes, template heads and leading requires-clauses."""
    head = re.sub(r'\[\[.*?\]\]|\balignas\s*\([^)]*\)', ' ', head, flags=re.DOTALL).strip()
    while match := re.match(r'template\s*(?=<)', head):
        specialised = re.match(r'template\s*<\s*>', head)
        head = head[closing(head, match.end()) + 1:].strip()
        if specialised:
            return '#specialised ' + head
        while clause := re.match(r'(?:requires\b|&&|\|\|)\s*!?\s*', head):
            head = head[clause.end():]
            if name := re.match(r'[\w:]+\s*', head):
                head = head[name.end():]
                if head.startswith('<'):
                    head = head[closing(head, 0) + 1:].strip()
            if head.startswith('('):
                head = head[closing(head, 0) + 1:].strip()
            if head.startswith('{'):
                head = head[closing(head, 0) + 1:]
            head = head.strip()
    return head


def _classify(head, class_name):
    """Returns (kind, name) of a statement; the kind is empty for what needs no documentation."""
    stripped = _strip_head(head)
    if re.match(r'(#specialised|friend|using|typedef|static_assert|extern|namespace)\b|#', stripped):
        return '', ''
    if match := re.match(r'(?:class|struct|union|enum(?:\s+(?:class|struct))?)\s+([\w:]+)\s*(<?)',
                         stripped):
        return ('', '') if match[2] or '::' in match[1] else ('class', match[1])
    if match := re.match(r'concept\s+(\w+)', stripped):
        return 'concept', match[1]
    if re.search(r'\boperator\b', stripped):
        return 'operator', ''
    opening = stripped.find('(')
    if opening == -1 or '=' in stripped[:opening]:
        return '', ''
    match = re.search(r'([\w:~]+)\s*$', stripped[:opening])
    if match is None:
        return '', ''
    name, before = match[1], stripped[:match.start()].strip()
    before = re.sub(r'\b(explicit|constexpr|inline|static|noexcept|virtual)\b', '', before).strip()
    if not before or '::' in name or '~' in name or name == class_name or name.isupper():
        return 'special', name  # constructors, guides, out-of-class definitions, macros
    return 'function', name


def declarations(code):
    """Each declaration at namespace and class scope of blanked code without directives."""
    scopes, start, depth, i = [], 0, 0, 0

    def emit(end, has_body):
        head = code[start:end]
        lead = len(head) - len(head.lstrip())
        inside = scopes[-1].name if scopes and scopes[-1].kind == 'class' else None
        kind, name = _classify(head, inside)
        body_end = closing(code, end) if has_body else end
        return declaration(
            offset=start + lead, kind=kind, name=name, scope=tuple(s.name for s in scopes),
            public=all(s.public for s in scopes),
            one_line=has_body and '\n' not in code[start + lead:body_end],
            overrides=re.search(r'\b(override|final)\b', head.rpartition(')')[2]) is not None)

    while i < len(code):
        c = code[i]
        if c in '([':
            depth += 1
        elif c in ')]':
            depth -= 1
        elif depth > 0:
            pass
        elif c == ';':
            if code[start:i].strip():
                found = emit(i, False)
                if found.kind == 'class':
                    found.kind = ''  # only announced
                yield found
            start = i + 1
        elif c == ':' and scopes and scopes[-1].kind == 'class':
            if access := re.fullmatch(r'\s*(public|private|protected)\s*', code[start:i]):
                scopes[-1].public = access[1] == 'public'
                start = i + 1
        elif c == '}':
            if scopes:
                scopes.pop()
            start = i + 1
        elif c == '{':
            head = code[start:i].strip()
            kind, name = _classify(head, scopes[-1].name if scopes else None)
            if match := re.fullmatch(r'(?:inline\s+)?namespace\b\s*([\w:\s]*)', head):
                scopes.append(_scope('namespace', match[1].strip(), bool(match[1].strip())))
                start = i + 1
            elif re.match(r'extern\s*$', head):
                scopes.append(_scope('namespace', 'extern', True))
                start = i + 1
            elif re.search(r'\brequires\s*(\([^{}]*\))?$', head):
                i = closing(code, i)  # a requires-expression, in the middle of its statement
            elif words := re.match(r'(?:#specialised\s+)?(class|struct|union|enum)\b',
                                   _strip_head(head)):
                yield emit(i, False)
                if words[1] == 'enum':
                    i = closing(code, i)
                else:
                    scopes.append(_scope('class', name or '#unnamed', words[1] != 'class'))
                start = i + 1
            elif kind in ('function', 'special', 'operator') \
                    or (_strip_head(head).startswith(('#specialised', 'friend')) and '(' in head):
                initialises = re.search(r'\)\s*(noexcept\b\s*(\([^()]*\))?\s*)?:[^:]', head)
                if initialises and re.search(r'[\w>]$', head):
                    i = closing(code, i)  # member{value}, and the body is still to come
                else:
                    yield emit(i, True)
                    i = closing(code, i)
                    start = i + 1
            else:
                i = closing(code, i)  # the initialiser of a variable
        i += 1
