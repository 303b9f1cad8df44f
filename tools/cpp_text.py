"""C++ source as text for the checks of this folder: comments and literals blanked, lines kept."""

import re

_TOKEN = re.compile(
    r'//(?:[^\n\\]|\\.|\\\n)*'
    r'|/\*.*?\*/'
    r'|(?:u8|[uUL])?R"(?P<delimiter>[^()\\\s]{0,16})\(.*?\)(?P=delimiter)"'
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|(?<![0-9A-Za-z_])'(?:[^'\\\n]|\\.)*'",
    re.DOTALL)


def _blank(text):
    return re.sub(r'[^\n]', ' ', text)


def without_comments(source):
    """Comments become spaces; string and character literals stay."""
    return _TOKEN.sub(lambda m: _blank(m.group()) if m.group().startswith('/') else m.group(), source)


def without_comments_and_literals(source):
    """Comments become spaces, and so does what stands between quotes."""
    def replace(match):
        text = match.group()
        if text.startswith('/'):
            return _blank(text)
        return text[0] + _blank(text[1:-1]) + text[-1]
    return _TOKEN.sub(replace, source)


def functions(source):
    """Yields (first_line, last_line, signature) of every outermost function body.

    A body is a brace that follows a parameter list (with qualifiers, a trailing return type or an initialiser
    list between them). Lambdas count with the function around them; one at namespace level counts by itself.
    """
    text = re.sub(r'^[ \t]*#(?:[^\n\\]|\\.|\\\n)*', lambda m: _blank(m.group()),
                  without_comments_and_literals(source), flags=re.MULTILINE)
    start = 0        # where the statement began whose head we look at
    depth = 0        # braces open inside the current function body
    body_at = 0
    head = ''
    parentheses = 0
    for at, char in enumerate(text):
        if depth:
            if char == '{':
                depth += 1
            elif char == '}':
                depth -= 1
                if depth == 0:
                    yield _line(text, body_at), _line(text, at), ' '.join(head.split())
                    start = at + 1
            continue
        if char == '(':
            parentheses += 1
        elif char == ')':
            parentheses -= 1
        elif char == ';' and parentheses == 0:
            start = at + 1
        elif char == '}' and parentheses == 0:
            if not _continues_initialiser(text[start:at]):
                start = at + 1
        elif char == '{' and parentheses == 0:
            head = text[start:at]
            if _opens_function(head):
                depth, body_at = 1, start + len(head) - len(head.lstrip())
            elif not _continues_initialiser(head + '{'):
                start = at + 1


_NOT_A_FUNCTION = re.compile(r'^\s*(?:(?:inline|typedef|static|constexpr)\s+)*'
                             r'(?:namespace|class|struct|enum|union)\b')
_AFTER_PARAMETERS = re.compile(
    r'\)\s*(?:const|volatile|noexcept(?:\s*\([^()]*\))?|override|final|mutable|try|&&?|'
    r'CLOISTER_\w+(?:\s*\([^()]*\))?|requires\b[^;{}]*|->\s*[^;{}()]+(?:\([^()]*\))?|\s)*$')
_INITIALISERS = re.compile(r'\)\s*(?:const|noexcept|\s)*:(?!:)')


def _opens_function(head):
    head = re.sub(r'\b(?:public|private|protected)\s*:', ' ', head)
    head = re.sub(r'^\s*template\s*<[^;{}]*?>\s*(?=[\w\[:~])', ' ', head)
    if '(' not in head or _NOT_A_FUNCTION.match(head):
        return False
    if _AFTER_PARAMETERS.search(head):
        return True
    # Behind a constructor's initialisers, `member_{x}` is one more; a brace after `)` or `}` opens the body.
    return bool(_INITIALISERS.search(head)) and bool(re.search(r'[)}]\s*$', head))


def _continues_initialiser(head):
    return bool(_INITIALISERS.search(head)) and not head.rstrip().endswith(';')


def _line(text, at):
    return text.count('\n', 0, at) + 1
