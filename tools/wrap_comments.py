"""Breaks comment lines that are too long, and leaves everything else alone.

The words that do not fit move to the next line when it goes on with the same paragraph, else to a line of
their own. Tables, examples and lists are recognised by their indentation and are not pulled apart.
"""

import re

_COMMENT = re.compile(r'^(?P<indent>[ \t]*)(?P<mark>//|#)(?P<text> .*|)$')


def wrap(text, columns_max):
    lines = text.split('\n')
    at = 0
    while at < len(lines):
        match = _COMMENT.match(lines[at])
        if len(lines[at]) > columns_max and match:
            kept, rest = _split(lines[at], columns_max, match)
            if rest:
                lines[at] = kept
                prefix = f'{match.group("indent")}{match.group("mark")} '
                hanging = _hanging(match.group('text'))
                if at + 1 < len(lines) and _continues(lines[at + 1], match, hanging):
                    lines[at + 1] = prefix + hanging + rest + ' ' + lines[at + 1][len(prefix):].lstrip()
                else:
                    lines.insert(at + 1, prefix + hanging + rest)
        at += 1
    return '\n'.join(lines)


def _split(line, columns_max, match):
    """The longest part that fits and the rest; the line and '' if no space allows it."""
    text = match.group('text')
    first = match.start('text') + len(text) - len(text.lstrip(' '))
    item = re.match(r'[-*] |\d+\. |\(\d+\) ', line[first:])
    first += len(item.group()) if item else 0
    cut = line.rfind(' ', first + 1, columns_max + 1)
    return (line[:cut].rstrip(), line[cut + 1:]) if cut > first else (line, '')


def _hanging(text):
    """What a continuation of this text is indented by: a list item goes on under its words."""
    item = re.match(r'^ ([ ]*(?:[-*]|\d+\.|\(\d+\)) )', text)
    if item:
        return ' ' * len(item.group(1))
    return ' ' * (len(text) - len(text.lstrip(' ')) - 1)


def _continues(line, match, hanging):
    other = _COMMENT.match(line)
    if not other or other.group('indent', 'mark') != match.group('indent', 'mark'):
        return False
    text = other.group('text')[1:]
    if not text.strip() or len(text) - len(text.lstrip(' ')) != len(hanging):
        return False
    return not re.match(r'\s*(?:[-*|]|\d+\.|\(\d+\))\s', text) and '   ' not in text.strip()
