#!/usr/bin/env python3
"""Each header compiles alone.

    tools/check_headers.py [--all] [ROOT]

A header with an x.cc beside it is proved by every build, because x.cc includes it first (check_style.py). The
others are compiled here, and again only when they or something they include changed (build/.headers).
"""

import concurrent.futures
import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

from arguments import parser_with_root

COMMAND = ['-std=c++20', '-fsyntax-only', '-x', 'c++', '-Wall', '-Wextra']
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)


def with_includes(source_root, path, seen):
    """`path` and every header of ours that it reaches."""
    if path in seen or not path.exists():
        return seen
    seen.add(path)
    for name in INCLUDE.findall(path.read_text()):
        with_includes(source_root, source_root / name, seen)
    return seen


def fingerprint(source_root, path):
    digest = hashlib.sha256()
    for part in sorted(with_includes(source_root, path, set())):
        digest.update(part.as_posix().encode() + part.read_bytes())
    return digest.hexdigest()


def compile_alone(root, path):
    """What the compiler says, or nothing."""
    compiler = os.environ.get('CXX', 'g++')
    source = f'#include "{path.relative_to(root / "src")}"\n'
    done = subprocess.run([compiler, *COMMAND, '-I', root / 'src', '-I', root / '.tools/duckdb', '-'],
                          input=source, text=True, capture_output=True)
    return '' if done.returncode == 0 else done.stderr


def check_tree(root, everything=False):
    source_root = root / 'src'
    headers = [h for h in sorted(source_root.rglob('*.h')) if everything or not h.with_suffix('.cc').exists()]
    cache_path = Path(os.environ.get('CLOISTER_BUILD', root / 'build')) / '.headers'
    proved = set(cache_path.read_text().split()) if cache_path.exists() else set()
    prints = {header: fingerprint(source_root, header) for header in headers}
    waiting = [header for header in headers if prints[header] not in proved]
    findings = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for header, said in zip(waiting, pool.map(lambda h: compile_alone(root, h), waiting)):
            if said:
                findings.append(f'{header.relative_to(root)}:1: does not compile alone\n{said}')
                prints.pop(header)
    cache_path.parent.mkdir(parents=True, exist_ok=True)
    cache_path.write_text('\n'.join(sorted(prints.values())) + '\n')
    return findings


def main():
    parser = parser_with_root(__doc__)
    parser.add_argument('--all', action='store_true', help='also those that a build proves')
    arguments = parser.parse_args()
    found = check_tree(arguments.root.resolve(), arguments.all)
    for finding in found:
        print(finding)
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
