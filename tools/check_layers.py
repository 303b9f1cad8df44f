#!/usr/bin/env python3
"""Holds src/ to tools/layers.txt: who includes whom, who owns which library, who may read the clock.

    tools/check_layers.py [ROOT]      prints one line per finding, exits 1 if there is any
"""

import fnmatch
import re
import sys
from pathlib import Path

from arguments import parser_with_root
from cpp_text import without_comments

# The C++20 library of g++ 12; a header of this list belongs to nobody.
STANDARD = set("""
algorithm any array atomic barrier bit bitset charconv chrono cinttypes cctype cerrno cfenv cfloat climits
cmath codecvt compare complex concepts condition_variable coroutine csetjmp csignal cstdarg cstddef cstdint
cstdio cstdlib cstring ctime cuchar cwchar cwctype deque exception execution filesystem forward_list fstream
functional future initializer_list iomanip ios iosfwd iostream istream iterator latch limits list locale map
memory memory_resource mutex new numbers numeric optional ostream queue random ranges ratio regex
scoped_allocator semaphore set shared_mutex source_location span sstream stack stdexcept stop_token
streambuf string string_view syncstream system_error thread tuple type_traits typeindex typeinfo
unordered_map unordered_set utility valarray variant vector version cxxabi.h
""".split())

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)
MODULE = re.compile(r'cloister_module\(([^)]*)\)', re.DOTALL)


class Library:
    def __init__(self, name, headers, targets, owners):
        self.name = name
        self.headers = [] if headers == '-' else headers.split()
        self.targets = [] if targets == '-' else targets.split()
        self.owners = owners.split()

    def owns_header(self, header):
        return any(header == h or header.startswith(h.rstrip('/') + '/') for h in self.headers)

    def owns_target(self, target):
        return any(target.startswith(t) for t in self.targets)

    def admits(self, path):
        """`path` is relative to src/. An owner is a folder, or a pattern of file names such as *_test.cc."""
        return any(fnmatch.fnmatch(path, o) if '*' in o else path.startswith(o + '/') for o in self.owners)


class Layers:
    """layers.txt, read. Contradictions in the file itself are findings too."""

    def __init__(self, text):
        self.level, self.arrows, self.tests, self.ports = {}, {}, {}, {}
        self.libraries, self.calls, self.programs = [], [], {}
        self.system, self.findings, beside = [], [], {}
        height = 0
        for number, line in enumerate(text.splitlines(), 1):
            line = re.sub(r'(^|\s)#.*', '', line).strip()
            if not line:
                continue
            kind, _, rest = line.partition(' ')
            if kind == 'level':
                height += 1
                self.level.update({room: height for room in rest.split()})
            elif kind in ('room', 'beside', 'test', 'port'):
                room, _, targets = (part.strip() for part in rest.partition(':'))
                tables = {'room': self.arrows, 'beside': beside, 'test': self.tests, 'port': self.ports}
                tables[kind][room] = targets.split()
            elif kind == 'library':
                self.libraries.append(Library(*(part.strip() for part in rest.split('|'))))
            elif kind == 'system':
                self.system += rest.split()
            elif kind == 'call':
                name, pattern = (part.strip() for part in rest.split('|', 1))
                pattern, files = (part.strip() for part in pattern.rsplit('|', 1))
                self.calls.append((name, re.compile(pattern), files.split()))
            elif kind == 'program':
                name, never = (part.strip() for part in rest.split('|'))
                self.programs[name] = never.split()
            else:
                self.findings.append(f'tools/layers.txt:{number}: unknown word "{kind}"')
        self._check_heights(beside)

    def _check_heights(self, beside):
        for room, targets in self.arrows.items():
            for target in targets:
                if target not in self.rooms_and_parents():
                    self.findings.append(f'tools/layers.txt: {room} names {target}, which is no room')
                elif self._height(target) <= self.level.get(room, 0):
                    self.findings.append(f'tools/layers.txt: arrow {room} -> {target} does not point down')
        for room, targets in beside.items():
            for target in targets:
                if self.level[room] != self.level[target]:
                    self.findings.append(f'tools/layers.txt: {room} and {target} are not beside each other')
            self.arrows[room] = self.arrows[room] + targets

    def rooms_and_parents(self):
        return set(self.arrows) | {room.split('/')[0] for room in self.arrows}

    def _height(self, target):
        return min(h for room, h in self.level.items() if room == target or room.startswith(target + '/'))

    def room_of(self, path):
        """The room with the longest name that holds `path` (relative to src/), or None."""
        holding = [room for room in self.arrows if path.startswith(room + '/')]
        return max(holding, key=len, default=None)

    def may_include(self, room, target_room, is_test):
        allowed = self.arrows[room] + (self.tests.get(room, []) if is_test else [])
        return target_room == room or any((target_room + '/').startswith(a + '/') for a in allowed)

    def is_system(self, header):
        return header in STANDARD or any(header == s or (s.endswith('/') and header.startswith(s))
                                         for s in self.system)


def line_of(text, at):
    return text.count('\n', 0, at) + 1


def check_include(layers, path, kind, header):
    """One sentence if `path` may not include `header`, else None."""
    room = layers.room_of(path)
    is_test = path.endswith(('_test.cc', '_fuzz.cc', '_for_test.h'))
    if kind == '"':
        target = layers.room_of(header)
        if target is None:
            return f'"{header}" is in no room; includes are relative to src/'
        if not layers.may_include(room, target, is_test) and header not in layers.ports.get(room, []):
            return f'{room} may not include {target} ("{header}")'
        return None
    owner = next((library for library in layers.libraries if library.owns_header(header)), None)
    if owner is None:
        if layers.is_system(header):
            return None
        return f'<{header}> has no owner in tools/layers.txt'
    if owner.admits(path):
        return None
    return f'<{header}> is {owner.name}, which only {", ".join(owner.owners)} may include'


def check_source(layers, path, text):
    """Findings of one file; `path` is relative to src/."""
    code = without_comments(text)
    room = layers.room_of(path)
    if room is None:
        return [f'src/{path}:1: this folder is no room of tools/layers.txt']
    found = []
    for match in INCLUDE.finditer(code):
        problem = check_include(layers, path, match.group(1), match.group(2))
        if problem:
            found.append(f'src/{path}:{line_of(code, match.start())}: {problem}')
    for name, pattern, files in layers.calls:
        if path in files:
            continue
        for match in pattern.finditer(code):
            where = ', '.join('src/' + f for f in files)
            found.append(f'src/{path}:{line_of(code, match.start())}: {name} ({match.group().strip()}) '
                         f'is read only in {where}')
    return found


def check_cmake(layers, path, text):
    """Findings of one CMakeLists.txt: what a room links must be what it may include."""
    found = []
    for match in MODULE.finditer(re.sub(r'#.*', '', text)):
        words = match.group(1).split()
        where = f'src/{path}:{line_of(text, match.start())}'
        room = words[0].replace('_', '/')
        if room not in layers.rooms_and_parents():
            found.append(f'{where}: {words[0]} is no room of tools/layers.txt')
            continue
        section = None
        for word in words[1:]:
            if word in ('DEPS', 'LIBS', 'TEST_LIBS'):
                section = word
            elif section == 'DEPS' or word.startswith('cloister_') and section == 'TEST_LIBS':
                target = word.removeprefix('cloister_').replace('_', '/')
                if not cmake_may_link(layers, room, target, section == 'TEST_LIBS'):
                    found.append(f'{where}: {room} may not link {target}')
            elif section == 'LIBS':
                owner = next((library for library in layers.libraries if library.owns_target(word)), None)
                if owner is None:
                    found.append(f'{where}: {word} has no owner in tools/layers.txt')
                elif not any(o == '*' or (o + '/').startswith(room + '/') or (room + '/').startswith(o + '/')
                             for o in owner.owners):
                    found.append(f'{where}: {room} may not link {word}; {owner.name} belongs to '
                                 f'{", ".join(owner.owners)}')
    return found


def cmake_may_link(layers, room, target, is_test):
    rooms = [r for r in layers.arrows if r == room or r.startswith(room + '/')]
    if any(port.startswith(target + '/') for r in rooms for port in layers.ports.get(r, [])):
        return True
    return any(layers.may_include(r, target, is_test) or target.startswith(room) for r in rooms)


def check_tree(root):
    layers = Layers((root / 'tools/layers.txt').read_text())
    found = list(layers.findings)
    source_root = root / 'src'
    for path in sorted(source_root.rglob('*')):
        name = path.relative_to(source_root).as_posix()
        if path.suffix in ('.h', '.cc'):
            found += check_source(layers, name, path.read_text())
        elif path.name == 'CMakeLists.txt':
            found += check_cmake(layers, name, path.read_text())
    return found


def main():
    found = check_tree(parser_with_root(__doc__).parse_args().root)
    for finding in found:
        print(finding)
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
