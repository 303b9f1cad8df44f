#!/usr/bin/env python3
"""Adds up what ./dev test ran and prints `N passed, N failed, N skipped` as the last line.

    tools/count_tests.py RESULTS_DIR

RESULTS_DIR holds
    NAME.step          `passed` or `failed`: one check or build
    NAME.count         `passed failed skipped`: a runner that counts for itself
    NAME/ctest.xml     JUnit of one ctest run, with NAME/tests.json (ctest --show-only=json-v1) and, for the
                       tests that are GoogleTest programs, NAME/gtest/*.xml
    every_test.json    ctest --show-only=json-v1 of a whole build folder: each of these must be in one of the runs
A GoogleTest program counts by its test cases, every other ctest entry as one. A program that died without
writing its cases counts as failed. Exits 1 if anything failed or nothing ran.
"""

import json
import sys
import xml.etree.ElementTree as xml
from pathlib import Path

from arguments import existing_folder, parser_of


class Count:
    def __init__(self, passed=0, failed=0, skipped=0):
        self.passed, self.failed, self.skipped = passed, failed, skipped

    def __add__(self, other):
        return Count(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self):
        return f'{self.passed} passed, {self.failed} failed, {self.skipped} skipped'

    def __eq__(self, other):
        return str(self) == str(other)


def count_gtest(path):
    """Cases of one GoogleTest XML file, and the names of those that failed."""
    count, failed = Count(), []
    for case in xml.parse(path).getroot().iter('testcase'):
        if case.find('failure') is not None or case.find('error') is not None:
            count.failed += 1
            failed.append(f'{case.get("classname")}.{case.get("name")}')
        elif case.find('skipped') is not None or case.get('result') in ('skipped', 'suppressed'):
            count.skipped += 1
        elif case.get('status') == 'notrun':
            count.skipped += 1
        else:
            count.passed += 1
    return count, failed


def verdict(case):
    """'passed', 'failed' or 'skipped' of one ctest entry."""
    if case.get('status') == 'disabled':
        return 'skipped'
    skipped = case.find('skipped')
    if skipped is not None:
        # ctest also says "skipped" of a test whose program is missing; that is a failure here.
        return 'skipped' if 'SKIP' in (skipped.get('message') or '') else 'failed'
    return 'passed' if case.get('status') == 'run' else 'failed'


def programs_of(tests_json):
    """Name of a ctest entry -> file name of the program that it runs; none where ctest could not list them."""
    tests = json.loads(tests_json.read_text() or '{}').get('tests', [])
    return {t['name']: Path(t['command'][0]).name if t.get('command') else '' for t in tests}


def count_ctest(folder):
    """One ctest run: its count and the names of what failed."""
    count, failed = Count(), []
    report = folder / 'ctest.xml'
    if not report.exists():
        return Count(failed=1), [f'{folder.name}: ctest left no report']
    programs = programs_of(folder / 'tests.json')
    cases = {}
    for path in sorted((folder / 'gtest').glob('*.xml')):
        program = path.stem
        while program not in programs.values() and '_' in program:
            program = program.rpartition('_')[0]     # a second run of a program is written to NAME_1.xml
        part, names = count_gtest(path)
        total, all_names = cases.get(program, (Count(), []))
        cases[program] = (total + part, all_names + names)
    entries = {case.get('name'): verdict(case) for case in xml.parse(report).getroot().iter('testcase')}
    for name, how in entries.items():
        program = programs.get(name)
        if program in cases:
            continue
        setattr(count, how, getattr(count, how) + 1)
        if how == 'failed':
            failed.append(name)
    for program, (part, names) in cases.items():
        broken = [n for n, how in entries.items() if programs.get(n) == program and how == 'failed']
        if len(broken) > part.failed:                # died, or failed outside its cases
            part = part + Count(failed=len(broken) - part.failed)
            names = names + broken
        count, failed = count + part, failed + names
    return count, failed


def never_run(results):
    """Names in every_test.json that no ctest run of `results` reports, in any verdict."""
    known = set()
    for report in results.glob('*/ctest.xml'):
        known.update(case.get('name') for case in xml.parse(report).getroot().iter('testcase'))
    return sorted(programs_of(results / 'every_test.json').keys() - known)


def count_results(results):
    """Rows (name, count, names of failures) of everything below `results`."""
    rows = []
    for path in sorted(results.iterdir()):
        if path.suffix == '.step':
            if path.read_text().strip() == 'passed':
                rows.append((path.stem, Count(passed=1), []))
            else:
                rows.append((path.stem, Count(failed=1), [path.stem]))
        elif path.suffix == '.count':
            numbers = Count(*(int(n) for n in path.read_text().split()))
            rows.append((path.stem + ' (cases)', numbers, [path.stem] if numbers.failed else []))
        elif (path / 'tests.json').exists():
            rows.append((path.name, *count_ctest(path)))
        elif path.name == 'every_test.json':
            forgotten = never_run(results)
            listed = len(programs_of(path))
            names = [f'{name}: no run has it' for name in forgotten] or ([] if listed else ['no test is listed'])
            rows.append(('every test ran', Count(passed=0 if names else 1, failed=len(names)), names))
    return rows


def main():
    parser = parser_of(__doc__)
    parser.add_argument('results', type=existing_folder, metavar='RESULTS_DIR')
    rows = count_results(parser.parse_args().results)
    total = Count()
    width = max((len(name) for name, _, _ in rows), default=0)
    for name, count, failed in rows:
        total = total + count
        print(f'{name:<{width}}  {count}')
        for test in failed:
            print(f'{"":<{width}}  FAILED {test}')
    print(total)
    return 1 if total.failed or not total.passed else 0


if __name__ == '__main__':
    sys.exit(main())
