#!/usr/bin/env python3
"""The style that a machine can hold, as a ratchet.

    tools/check_style.py [ROOT]          prints one line per finding, exits 1 if there is any
    tools/check_style.py --fix [ROOT]    repairs what it can: white space, long comments, long lines if
                                         clang-format-14 is there, and ratchet entries that got better
    tools/check_style.py --adopt [ROOT]  writes the ratchet anew; for the day on which a limit is introduced

Limits are the constants below. What is over a limit stands in tools/ratchet.txt with its present size, may
not grow, and leaves the file when it fits: the list gets shorter only.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from arguments import parser_with_root
from cpp_text import functions, without_comments
from wrap_comments import wrap

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
LINE_COLUMNS_MAX = 120

CODE_FOLDERS = ('src', 'tests', 'bench', 'tools', 'examples', 'cmake', 'docs', '.ci')
CPP = {'.h', '.cc'}
TEXT = CPP | {'.py', '.sh', '.cmake', '.txt', '.md', '.sql', ''}
LONG_LINES_ALLOWED = {'.md', '.txt', '.sql'}
SKIPPED_PARTS = {'__pycache__', 'corpus', 'data', 'golden', 'build', 'node_modules'}

# Words that promise work instead of doing it, and paths that exist on one person's machine only.
BANNED = [
    (re.compile(r'\b(?:TO' r'DO|FIX' r'ME|XX' r'X|HA' r'CK)\b'),
     'unfinished work belongs in an issue or LIMITATIONS.md'),
    (re.compile(r'(?<![\w.~}/-])/(?:wo' r'rk|ro' r'ot|ho' r'me|Use' r'rs)/\w'),
     "a path of somebody's machine"),
]


class Finding:
    def __init__(self, path, line, message, key=None, value=None):
        self.path, self.line, self.message = path, line, message
        self.key, self.value = key, value      # a ratchet entry, if this finding can be one

    def __str__(self):
        return f'{self.path}:{self.line}: {self.message}'


def files_of(root):
    """Every text file that the project wrote by hand, as (path, name relative to root)."""
    found = [p for p in root.iterdir() if p.is_file() and not p.name.startswith('.')]
    for folder in CODE_FOLDERS:
        found += [p for p in (root / folder).rglob('*') if p.is_file()]
    for path in sorted(found):
        name = path.relative_to(root)
        if path.suffix in TEXT and not SKIPPED_PARTS & set(name.parts) and name.name != 'LICENSE':
            yield path, name.as_posix()


def check_columns(name, text):
    long = [n for n, line in enumerate(text.split('\n'), 1) if len(line) > LINE_COLUMNS_MAX]
    if long and Path(name).suffix not in LONG_LINES_ALLOWED:
        yield Finding(name, long[0], f'{len(long)} lines have more than {LINE_COLUMNS_MAX} columns '
                      f'({", ".join(map(str, long[:8]))}{", ..." if len(long) > 8 else ""})',
                      f'columns {name}', len(long))


def check_text(name, text):
    suffix = Path(name).suffix
    for number, line in enumerate(text.split('\n'), 1):
        if line != line.rstrip() and suffix != '.md':
            yield Finding(name, number, 'white space at the end of the line')
        for pattern, reason in BANNED:
            match = pattern.search(line)
            if match:
                yield Finding(name, number, f'"{match.group()}": {reason}')
    if text and not text.endswith('\n'):
        yield Finding(name, text.count('\n') + 1, 'no newline at the end of the file')


def check_cpp(name, text):
    lines = text.count('\n')
    if lines > FILE_LINES_MAX:
        yield Finding(name, 1, f'{lines} lines, the limit is {FILE_LINES_MAX}: does it tell one story?',
                      f'file {name}', lines)
    for first, last, head in functions(text):
        length = last - first + 1
        if length > FUNCTION_LINES_MAX:
            who = function_name(head)
            yield Finding(name, first, f'{who} has {length} lines, the limit is {FUNCTION_LINES_MAX}',
                          f'function {name} {who}', length)
    if name.endswith('.h') and not re.match(r'\s*#pragma once\b', without_comments(text)):
        yield Finding(name, 1, 'a header starts with #pragma once')


def check_first_include(root, name, text):
    """x.cc includes x.h first: so each build proves that the header compiles alone."""
    header = re.sub(r'(_test|_fuzz|_bench)?\.cc$', '.h', name)
    if not name.startswith('src/') or not name.endswith('.cc') or not (root / header).exists():
        return
    if name.endswith(('_test.cc', '_fuzz.cc', '_bench.cc')):
        return
    first = re.search(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', text, re.MULTILINE)
    if not first or first.group(1) != header.removeprefix('src/'):
        yield Finding(name, 1, f'includes "{header.removeprefix("src/")}" first')


def check_fuzzers(root):
    """Each x_fuzz.cc has a name of its own, and seeds: tests/fuzz/corpus/x is also what is replayed."""
    homes = {}
    for path in sorted((root / 'src').rglob('*_fuzz.cc')):
        name, stem = path.relative_to(root).as_posix(), path.name.removesuffix('_fuzz.cc')
        if stem in homes:
            yield Finding(name, 1, f'{homes[stem]} has the same name')
        homes.setdefault(stem, name)
        seeds = root / 'tests/fuzz/corpus' / stem
        if not seeds.is_dir() or not any(seeds.iterdir()):
            yield Finding(name, 1, f'no seeds in tests/fuzz/corpus/{stem}')


def function_name(head):
    """The word before the parameter list; for TEST(Suite, Name) both."""
    test = re.match(r'(?:TEST|TEST_F|TEST_P)\s*\(\s*(\w+)\s*,\s*(\w+)', head)
    if test:
        return f'{test.group(1)}.{test.group(2)}'
    match = re.search(r'([\w:~]+|operator\s*\S+)\s*\(', head)
    return match.group(1) if match else 'lambda'


def read_ratchet(root):
    path = root / 'tools/ratchet.txt'
    entries = {}
    for line in path.read_text().splitlines() if path.exists() else []:
        if line and not line.startswith('#'):
            key, _, value = line.rpartition(' ')
            entries[key] = int(value)
    return entries


def write_ratchet(root, entries):
    lines = ['# Over a limit of tools/check_style.py, with the present size. Entries shrink or leave.']
    lines += [f'{key} {value}' for key, value in sorted(entries.items())]
    (root / 'tools/ratchet.txt').write_text('\n'.join(lines) + '\n')


def apply_ratchet(findings, entries):
    """What stays a finding, and the entries as they may now be."""
    left, kept = [], {}
    for finding in findings:
        allowed = entries.get(finding.key) if finding.key else None
        if allowed is None:
            left.append(finding)
        elif finding.value > allowed:
            kept[finding.key] = allowed
            finding.message += f' and tools/ratchet.txt allows it {allowed}'
            left.append(finding)
        else:
            kept[finding.key] = finding.value
    for key, allowed in entries.items():
        if kept.get(key) != allowed:
            now = kept.get(key)
            left.append(Finding('tools/ratchet.txt', 1, f'"{key} {allowed}" got better' +
                                (f' ({now})' if now else ' and fits') + ': ./dev fix'))
    return left, kept


def check_tree(root):
    findings = list(check_fuzzers(root))
    for path, name in files_of(root):
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            findings.append(Finding(name, 1, 'is not UTF-8'))
            continue
        findings += check_text(name, text)
        findings += check_columns(name, text)
        if path.suffix in CPP:
            findings += check_cpp(name, text)
            findings += check_first_include(root, name, text)
    return findings


def break_long_lines(path, text):
    """Only the lines that are too long are formatted; how the others look stays their author's choice."""
    long = [n for n, line in enumerate(text.split('\n'), 1) if len(line) > LINE_COLUMNS_MAX]
    if long and shutil.which('clang-format-14'):
        subprocess.run(['clang-format-14', '-i', *(f'--lines={n}:{n}' for n in long), path], check=True)


def fix_tree(root):
    for path, name in files_of(root):
        text = path.read_text()
        fixed = text if path.suffix == '.md' else re.sub(r'[ \t]+$', '', text, flags=re.MULTILINE)
        fixed = fixed.rstrip('\n') + '\n' if fixed.strip() else fixed
        if path.suffix not in LONG_LINES_ALLOWED:
            fixed = wrap(fixed, LINE_COLUMNS_MAX)
        if fixed != text:
            path.write_text(fixed)
            print(f'{name}: repaired')
        if path.suffix in CPP:
            break_long_lines(path, fixed)
    _, kept = apply_ratchet(check_tree(root), read_ratchet(root))
    write_ratchet(root, kept)


def adopt_tree(root):
    sizes = {finding.key: finding.value for finding in check_tree(root) if finding.key}
    write_ratchet(root, sizes)


def main():
    parser = parser_with_root(__doc__)
    parser.add_argument('--fix', action='store_true')
    parser.add_argument('--adopt', action='store_true')
    arguments = parser.parse_args()
    root = arguments.root
    if arguments.fix:
        fix_tree(root)
    if arguments.adopt:
        adopt_tree(root)
    found, _ = apply_ratchet(check_tree(root), read_ratchet(root))
    for finding in found:
        print(finding)
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
