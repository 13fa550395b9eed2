# SPDX-License-Identifier: Apache-2.0
"""The rules by text alone, for where clang is not to be had. Types are not known, so names stand for
them: what is declared in the same files, and what the standard library has."""

import re

import cpp_text

MESSAGES = {
    'condition': 'co_await in a condition: g++ 12 makes the frame of such a coroutine too small. '
                 'Name the result, then test it',
    'closure': 'a closure that captures by value, made in a statement with co_await or co_yield: g++ 12 '
               'destroys it twice. Name the closure in a statement before',
    'aggregate': 'an aggregate made in a statement with co_await or co_yield: g++ 12 destroys it twice. '
                 'Name what is awaited, or the aggregate, in a statement before',
    'conditional': 'an object made by ?: in a statement with co_await or co_yield: g++ 12 destroys it '
                   'twice. Use if and else, or name it in a statement before',
    'new': 'new or throw with an await in it: g++ 12 destroys the result twice. Name what is awaited '
           'in a statement before',
    'list': 'an initializer list in a statement with co_await or co_yield: g++ 12 refuses it ("array '
            'used as initializer"). Name it in a statement before',
}

_AWAIT = re.compile(r'(?<!operator )\bco_(?:await|yield)\b')
_SCALAR = (r'(?:(?:const|constexpr|static|volatile|unsigned|signed)\s+)*'
           r'(?:(?:std::)?(?:u?int(?:_fast|_least)?(?:8|16|32|64|ptr|max)_t|size_t|ssize_t|ptrdiff_t|'
           r'byte|string_view|nullptr_t|source_location|thread::id)|bool|char\d*(?:_t)?|wchar_t|'
           r'short|int|long|float|double|unsigned|off_t|pid_t|clock_ns|'
           r'(?:std::)?(?:chrono::)?(?:nano|micro|milli)?seconds|(?:std::)?chrono::\w+|'
           r'(?:std::)?span\s*<[^<>]*>)(?:\s+(?:int|long|unsigned|const))*')
_TRIVIAL_VALUE = re.compile(r"[\s()+*/%&|~.\w:<>,'-]*", re.ASCII)
_LISTS = r'(?:std::)?(?:initializer_list|vector|list|deque|set|map|multi(?:set|map)|unordered_\w+)'
_CLASSES = r'std::(?!array\b)\w+'  # of constructors, which braces call safely


def aggregates_of(code):
    """The structs of blanked code that are aggregates with members that need destruction, as far as
    can be seen; those that are not; and the names of members that only the first have."""
    bad, good, named = set(), set(), {}
    for head in re.finditer(r'\b(struct|class)\s+(?:\[\[[^\]]*\]\]\s*)?(\w+)\s*(?:final\s*)?(:[^;{()]*)?\{',
                            code):
        body = code[head.end():cpp_text.closing(code, head.end() - 1)]
        own = re.sub(r'\{[^{}]*\}', ' ', body)
        while own != (own := re.sub(r'\{[^{}]*\}', ';', own)):
            pass
        has_rules = re.search(rf'(?<![\w~.>]){head[2]}\s*\(', own) or re.search(
            r'\b(private|protected|virtual)\b', own) or (
                head[1] == 'class' and not re.search(r'\bpublic\s*:', own))
        members = re.findall(r'(?:^|[;:}])\s*((?:[\w:]|<[^;()]*>|\s|\*|&)+?)\s*\b\w+\s*(?:=[^;]*|\[[^;]*\])?;',
                             ';' + own.replace('\n', ' '))
        owning = [m for m in members
                  if not re.match(r'\s*(?:using|static|friend|typedef|struct|enum|return)\b', m)
                  and not re.fullmatch(rf'\s*(?:mutable\s+)?{_SCALAR}\s*', m) and m.strip()[-1:] not in '*&']
        (good if has_rules or head[3] else bad if owning else good).add(head[2])
        named[head[2]] = set(re.findall(r'\b(\w+)\s*(?:=[^;]*|\[[^;]*\])?;', own))
    bad -= good
    plain = set().union(*(named[name] for name in good))
    return bad, good, set().union(*(named[name] for name in bad)) - plain


def _declared_scalar(code, name, before):
    """Whether the last declaration of `name` before the offset is seen to be of a trivial type."""
    found = None
    for found in re.finditer(rf'([\w:<>,]+(?:\s+[\w:<>,]+)*\s*[*&]*)\s*\b{re.escape(name)}\s*(?=[=,;)({{:])'
                             r'(\s*=\s*[^;]*)?', code[max(0, before - 20000):before]):
        pass
    if found is None:
        return False
    kind = found[1].strip()
    kind = re.sub(r'^.*\b(?:return|for|if|while)\b', '', kind)
    return kind.endswith('*') or re.fullmatch(rf'.*?\b{_SCALAR}', kind) is not None or (
        'auto' in kind and found[2] is not None
        and re.fullmatch(r"\s*=\s*(?:-?[\d.']+\w*|true|false|nullptr|[\w.>-]+(?:\.|->)size\(\)|&\w+)\s*",
                         found[2]) is not None)


def _closures(code, offset, text):
    for match in re.finditer(r'(?<![\w)\]\[])\s*\[(?!\[)([^\[\]]*)\]\s*(?=[({<]|mutable|noexcept|->|$|\s)',
                             text):
        if re.search(r'\b(?:operator|delete|auto\s*&*)\s*$', text[:match.start(1) - 1]):
            continue
        for _, capture in cpp_text.split_top_level(match[1], ','):
            capture = capture.strip()
            named = re.fullmatch(r'(\w+)\s*', capture)
            initialised = re.fullmatch(r'\w+\s*(?:=\s*(.*)|[({](.*)[)}])', capture, re.DOTALL)
            if capture.startswith('&') or capture in ('', 'this'):
                continue
            if named and _declared_scalar(code, capture, offset + match.start(1)):
                continue
            if initialised:
                value = initialised[1] or initialised[2] or ''
                if re.match(r"(&|-?\d|true\b|false\b|nullptr\b|std::ref\(|std::cref\()", value):
                    continue
            yield offset + match.start(1) - 1, 'closure'
            break


def _parentheses(bad, offset, text):
    """Of aggregates too, since C++20."""
    for match in re.finditer(r'(?<![\w.>])(?:[\w:]*::)?(\w+)(?:\s+\w+)?\s*\((?!\s*\))', text):
        if match[1] in bad and not re.search(r'\b(?:struct|class)\s*$', text[:match.start()]):
            yield offset + match.start(), 'aggregate'


def _braces(aggregates, offset, text):
    bad, good, members = aggregates
    for match in re.finditer(r'([\w:]+(?:\s*<[^;{}]*>)?(?:\s*\[\w*\])?)?(\s*=\s*|\s*)\{', text):
        end = cpp_text.closing(text, match.end() - 1)
        inside, before = text[match.end():end], text[:match.start()].rstrip()
        word = match[1] or ''
        if word in ('co_await', 'co_yield', 'co_return', 'return', 'throw'):
            word, before = '', before + ' ' + word
        awaits = _AWAIT.search(inside)
        kind = word
        # `T name{` and `T name = {`: the type is the word before.
        declared = re.search(r'([\w:]+(?:\s*<[^;{}]*>)?)\s*[*&]*$', before)
        if word and declared and declared[1] not in (
                'co_await', 'co_return', 'co_yield', 'return', 'new', 'throw', 'case', 'else'):
            kind = declared[1]
        name = re.sub(r'<.*', '', kind, flags=re.DOTALL).strip().split('::')[-1]
        at = offset + (match.start(1) if match[1] else match.end() - 1)
        if re.fullmatch(_LISTS + r'(?:\s*<.*>)?', kind.strip(), re.DOTALL) and ',' in inside:
            yield at, 'list'
        elif name in bad:
            yield at, 'aggregate'
        elif re.search(r'\bco_yield\s*$', before) and not word and inside.strip():
            yield at, 'aggregate'
        elif set(re.findall(r'(?:^|,)\s*\.(\w+)\s*=', inside)) & members:
            yield at, 'aggregate'
        elif awaits and word.endswith(']') and not re.fullmatch(_SCALAR, kind.strip()):
            yield at, 'aggregate'
        elif awaits and word and kind and not re.fullmatch(_SCALAR, kind.strip()) and name not in good \
                and not re.match(_CLASSES, kind.strip()) and not re.fullmatch(r'(?:const\s+)?auto', kind):
            yield at, 'aggregate'


def _conditionals(classes, offset, text):
    for mark in re.finditer(r'(?<!\?)\?(?!\?)', text):
        parts = re.split(r'[;]', text[mark.end():])[0]
        depth, colon, end = 0, None, len(parts)
        for i, c in enumerate(parts):
            if c in '([{':
                depth += 1
            elif c in ')]}':
                depth -= 1
                if depth < 0:
                    end = i
                    break
            elif c == ',' and depth == 0:
                end = i
                break
            elif c == ':' and depth == 0 and parts[i - 1:i] != ':' and parts[i + 1:i + 2] != ':' \
                    and colon is None:
                colon = i
        if colon is None:
            continue
        branches = [parts[:colon].strip(), parts[colon + 1:end].strip()]
        plain = [re.fullmatch(r"-?[\d.']+\w*|true|false|nullptr|[\w.:>-]*\w|\*?\w+|\s*", b) for b in branches]
        scalar = re.match(rf'\s*(?:{_SCALAR})\s+\w+\s*[={{(]', text)
        awaited = any(_AWAIT.search(b) for b in branches)
        # co_await (c ? f() : g()): what it makes is awaited, and so an object.
        operand = re.search(r'\bco_await\s*\(\s*[^(]*$', text[:mark.start()]) and not any(plain)
        made = any(re.match(r'(?:std::)?(?:string|vector|optional|pair|function|unique_ptr|shared_ptr)\b'
                            r'(?:<.*>)?\s*[({]', b) or re.match(r'\w*', b)[0] in classes for b in branches)
        if any(b.startswith('(void)') for b in branches):
            continue
        if made or operand or (awaited and not scalar and not all(plain)):
            yield offset + mark.start(), 'conditional'


def _new_and_throw(offset, text):
    for match in re.finditer(r'\b(new|throw)\s+([\w:]+)', text):
        rest = text[match.end():]
        opening = re.match(r'\s*(?:<[^;(){}]*>)?\s*([({])', rest)
        if opening is None or re.fullmatch(_SCALAR, match[2]):
            continue
        if _AWAIT.search(rest[opening.end():cpp_text.closing(rest, opening.end() - 1)]):
            yield offset + match.start(), 'new'


def _declares(code, block):
    """Whether something is declared in the function around the block: then g++ 12 makes room."""
    body = code[block:cpp_text.closing(code, block)] if block else ''
    word = r'(?!(?:return|throw|goto|delete|else|case|default|do|new|co_\w+)\b)\w'
    return re.search(rf'(?:[;{{}}]|\b(?:for|if|while|switch|catch)\s*\()\s*'
                     rf'(?:{word}[\w:]*(?:<[^;{{}}()]*>)?[\s*&]+)+(?:{word}\w*|\[[\w, ]+\])\s*(?:[;={{(:)]|$)',
                     body) is not None or re.search(r'\bfor\s*\([^;()]*:[^:]', body) is not None


def function_of(code, offset):
    """The offset of the brace that opens the body of the function around the offset."""
    best, depth = 0, 0
    for i in range(offset - 1, -1, -1):
        if code[i] == '}':
            depth += 1
        elif code[i] == '{':
            if depth > 0:
                depth -= 1
                continue
            head = code[max(0, i - 300):i].rstrip()
            if re.search(r'\b(?:namespace\b[\w:\s]*|(?:struct|class|union|enum)\b[^;(){}]*|extern\s*)$', head):
                break
            opening = _opening_before(code, i)
            word = re.search(r'(\w+)\s*(?:constexpr\s*)?$', code[:opening]) if opening else None
            if word and word[1] in ('if', 'for', 'while', 'switch', 'catch'):
                continue
            if re.search(r'\b(?:else|do|try)$', head) or head.endswith((';', '{', '}', ':')):
                continue
            best = i
            break
    return best


def _opening_before(code, at):
    """The offset of the ( whose ) is the last thing before `at`; None if that is something else."""
    i = len(code[:at].rstrip()) - 1
    if i < 0 or code[i] != ')':
        return None
    depth = 0
    while i >= 0:
        depth += (code[i] == ')') - (code[i] == '(')
        if depth == 0:
            return i
        i -= 1
    return None


def temporaries(code, aggregates):
    """(offset, rule) of each breach, but for conditions."""
    for offset, text, _ in cpp_text.full_expressions(code):
        if not _AWAIT.search(text):
            continue
        yield from _closures(code, offset, text)
        yield from _braces(aggregates, offset, text)
        yield from _parentheses(aggregates[0], offset, text)
        yield from _conditionals(aggregates[0] | aggregates[1], offset, text)
        yield from _new_and_throw(offset, text)


def findings(text, headers=()):
    """(offset, rule) of each breach in a user's file. `headers` are the texts of what it includes."""
    code = cpp_text.blank_directives(cpp_text.blank(text))
    bad, good, members = aggregates_of('\n'.join([code, *(cpp_text.blank_directives(cpp_text.blank(
        header)) for header in headers)]))
    for offset in cpp_text.awaits_in_conditions(code):
        if not _declares(code, function_of(code, offset)):
            yield offset, 'condition'
    yield from temporaries(code, (bad, good, members))
