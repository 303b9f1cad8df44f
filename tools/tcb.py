#!/usr/bin/env python3
"""The trusted computing base: what is linked into cloister-enclave, room by room.

    tools/tcb.py BUILD_DIR [--program NAME] [--json]

Follows the link line that CMake wrote into BUILD_DIR/build.ninja, so it counts what the linker is given and
not what a document claims. Lines are lines of code without blanks and comments, of the linked sources and of
every header of ours that they reach. Exits 1 if a room or library is linked that tools/layers.txt keeps out.
"""

import json
import re
import sys
from pathlib import Path

from arguments import ROOT, existing_folder, parser_of
from check_headers import with_includes
from check_layers import Layers
from cpp_text import without_comments

EDGE = re.compile(r'^build (?P<output>[^:|\n]+?)(?: \|[^:\n]*)?: CXX_\w+?_LINKER__\S+ (?P<inputs>[^|\n]*)'
                  r'(?P<body>[^\n]*\n(?:  [^\n]*\n)*)', re.MULTILINE)
LIBRARIES = re.compile(r'^  LINK_LIBRARIES = (.*)$', re.MULTILINE)


class NotBuilt(Exception):
    pass


def read_edges(ninja):
    """output -> (object files, words of its link line)."""
    edges = {}
    for match in EDGE.finditer(ninja):
        libraries = LIBRARIES.search(match.group('body'))
        edges[match.group('output').strip()] = (match.group('inputs').split(),
                                                libraries.group(1).split() if libraries else [])
    return edges


def source_of(object_file):
    """src/base/CMakeFiles/cloister_base.dir/clock.cc.o -> src/base/clock.cc"""
    folder, _, inside = object_file.partition('/CMakeFiles/')
    parts = inside.removesuffix('.o').split('/')[1:]
    path = Path(folder)
    for part in parts:
        path = path.parent if part == '__' else path / part
    return path.as_posix()


def closure(edges, program):
    """Sources and foreign libraries that the link line of `program` names."""
    output = next((o for o in edges if o == program or o.endswith('/' + program)), None)
    if output is None:
        raise NotBuilt(f'{program} is not in this build; ./dev build makes it')
    objects, libraries = edges[output]
    sources, foreign = {source_of(o) for o in objects}, set()
    for word in libraries:
        if word in edges:
            sources |= {source_of(o) for o in edges[word][0]}
        elif not word.startswith('-Wl') and re.search(r'\.(a|so)(\.|$)|^-l', word):
            foreign.add(library_name(word))
    return sources, foreign


def library_name(word):
    """/usr/lib/x86_64-linux-gnu/libssl.so.3 and -lssl -> libssl"""
    return 'lib' + word[2:] if word.startswith('-l') else re.sub(r'\.(a|so)(\..*)?$', '', Path(word).name)


def code_lines(path):
    return sum(1 for line in without_comments(path.read_text()).split('\n') if line.strip())


def count_rooms(root, layers, sources):
    """room -> (files, lines of code)"""
    files = set()
    for source in sources:
        with_includes(root / 'src', root / source, files)
    rooms = {}
    for path in files:
        name = path.relative_to(root / 'src').as_posix() if path.is_relative_to(root / 'src') else ''
        room = layers.room_of(name) or 'outside src'
        count, lines = rooms.get(room, (0, 0))
        rooms[room] = (count + 1, lines + code_lines(path))
    return rooms


def is_kept_out(name, never):
    return any(name == n or name.startswith(n + '/') or name == 'lib' + n for n in never)


def report(program, layers, rooms, foreign):
    width = max(len(room) for room in rooms)
    order = sorted(rooms, key=lambda room: (layers.level.get(room, 99), room))
    print(f'Linked into {program} (lines of code, without blanks and comments):')
    for room in order:
        count, lines = rooms[room]
        print(f'  {room:<{width}}  {lines:>7}  in {count} files')
    print(f'  {"total":<{width}}  {sum(lines for _, lines in rooms.values()):>7}')
    print('Libraries: ' + (', '.join(sorted(foreign)) or 'none'))
    print('Kept out: ' + ', '.join(layers.programs.get(program, [])))


def main():
    parser = parser_of(__doc__)
    parser.add_argument('build', type=existing_folder, metavar='BUILD_DIR')
    parser.add_argument('--program', default='cloister-enclave', metavar='NAME')
    parser.add_argument('--json', action='store_true')
    arguments = parser.parse_args()
    program = arguments.program
    layers = Layers((ROOT / 'tools/layers.txt').read_text())
    try:
        sources, foreign = closure(read_edges((arguments.build / 'build.ninja').read_text()), program)
    except (NotBuilt, FileNotFoundError) as problem:
        print(f'tcb: {problem}', file=sys.stderr)
        return 1
    rooms = count_rooms(ROOT, layers, sources)
    if arguments.json:
        counted = {room: {'files': files, 'lines': lines} for room, (files, lines) in sorted(rooms.items())}
        print(json.dumps({'program': program, 'libraries': sorted(foreign), 'rooms': counted}))
    else:
        report(program, layers, rooms, foreign)
    never = layers.programs.get(program, [])
    inside = sorted(name for name in list(rooms) + sorted(foreign) if is_kept_out(name, never))
    for name in inside:
        print(f'tcb: {name} must not be linked into {program} (tools/layers.txt)', file=sys.stderr)
    return 1 if inside else 0


if __name__ == '__main__':
    sys.exit(main())
