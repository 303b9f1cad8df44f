#!/usr/bin/env python3
"""Canaries of the checks: each planted violation must be found, and what is right must pass.

    tools/test_tools.py [--count FILE]     FILE gets `passed failed skipped` for tools/count_tests.py
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import arguments as arguments_of_tools
import check_headers
import check_layers
import check_style
import count_tests
import cpp_text
import openapi
import tcb
import wrap_comments

ROOT = Path(__file__).resolve().parent.parent
LAYERS = check_layers.Layers((ROOT / 'tools/layers.txt').read_text())


def layers_of(path, text):
    return check_layers.check_source(LAYERS, path, text)


def style_of(name, text):
    findings = [*check_style.check_text(name, text), *check_style.check_columns(name, text),
                *check_style.check_cpp(name, text)]
    return [str(finding) for finding in findings]


class Tree(unittest.TestCase):
    """A folder that looks like the repository."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = Path(self.folder.name)
        self.write('tools/layers.txt', (ROOT / 'tools/layers.txt').read_text())

    def tearDown(self):
        self.folder.cleanup()

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path


class LayersTest(unittest.TestCase):
    def assert_finds(self, path, text, words):
        found = layers_of(path, text)
        self.assertEqual(len(found), 1, found)
        self.assertIn(words, found[0])

    def test_the_file_itself_is_sound(self):
        self.assertEqual(LAYERS.findings, [])

    def test_an_arrow_up_is_found(self):
        self.assert_finds('crypto/jws.cc', '#include "sealing/age.h"\n', 'crypto may not include sealing')

    def test_a_sibling_is_found(self):
        self.assert_finds('enclave/job.cc', '#include "control/server.h"\n', 'may not include control')

    def test_an_arrow_down_passes(self):
        self.assertEqual(layers_of('sealing/age.cc', '#include "crypto/aead.h"\n#include <vector>\n'), [])

    def test_the_server_half_of_net_stays_outside_the_enclave(self):
        self.assert_finds('enclave/job.cc', '#include "net/server/http.h"\n', 'may not include net/server')
        self.assertEqual(layers_of('enclave/job.cc', '#include "net/frame/frame.h"\n'), [])

    def test_the_named_exceptions_pass(self):
        self.assertEqual(layers_of('tee/metadata.cc', '#include "net/client/http.h"\n'), [])

    def test_a_port_is_one_header(self):
        self.assertEqual(layers_of('control/jobs.cc', '#include "cloud/tee_provider.h"\n'), [])
        self.assert_finds('control/jobs.cc', '#include "cloud/local/blobs.h"\n', 'may not include cloud')

    def test_a_library_outside_its_room_is_found(self):
        self.assert_finds('sealing/age.cc', '#include <openssl/evp.h>\n', 'OpenSSL')
        self.assert_finds('control/rest/users.cc', '#include <sqlite3.h>\n', 'SQLite')
        self.assertEqual(layers_of('control/store/database.cc', '#include <sqlite3.h>\n'), [])

    def test_a_library_without_an_owner_is_found(self):
        self.assert_finds('codec/json_parse.cc', '#include <rapidjson/document.h>\n', 'has no owner')
        self.assert_finds('codec/json_parse.cc', '#include <boost/spirit.hpp>\n', 'has no owner')

    def test_test_frameworks_stay_in_tests(self):
        self.assert_finds('codec/text.cc', '#include <gtest/gtest.h>\n', 'GoogleTest')
        self.assertEqual(layers_of('codec/text_test.cc', '#include <gtest/gtest.h>\n'), [])

    def test_only_tests_use_test_arrows(self):
        self.assert_finds('sql/parse.cc', '#include "engine/duckdb_parser.h"\n', 'may not include engine')
        self.assertEqual(layers_of('sql/parse_test.cc', '#include "engine/duckdb_parser.h"\n'), [])

    def test_the_clock_and_entropy_are_found(self):
        self.assert_finds('ledger/log.cc', 'auto now = std::chrono::system_clock::now();\n', 'the wall clock')
        self.assert_finds('crypto/x25519.cc', 'RAND_bytes(out, 32);\n', 'entropy')
        self.assert_finds('crypto/x25519.cc', 'open("/dev/urandom", 0);\n', 'entropy')
        self.assertEqual(layers_of('base/clock.cc', 'clock_gettime(id, &now);\n'), [])

    def test_comments_do_not_count(self):
        self.assertEqual(layers_of('ledger/log.cc', '// system_clock\n/* #include "apps/main.h" */\n'), [])
        self.assertEqual(layers_of('tee/sandbox.cc', 'Allow(SCMP_SYS(getrandom));\n'), [])

    def test_a_folder_that_is_no_room_is_found(self):
        self.assert_finds('misc/util.cc', 'int x;\n', 'no room')

    def test_what_cmake_links_is_held_too(self):
        check = lambda path, text: check_layers.check_cmake(LAYERS, path, text)
        self.assertEqual(check('sealing/CMakeLists.txt', 'cloister_module(sealing DEPS crypto)'), [])
        self.assertIn('may not link net', check('sql/CMakeLists.txt', 'cloister_module(sql DEPS net)')[0])
        self.assertIn('OpenSSL', check('sql/CMakeLists.txt', 'cloister_module(sql LIBS OpenSSL::SSL)')[0])
        self.assertIn('no owner', check('sql/CMakeLists.txt', 'cloister_module(sql LIBS Poco::Net)')[0])
        self.assertEqual(check('sql/CMakeLists.txt', 'cloister_module(sql TEST_LIBS cloister_engine)'), [])

    def test_an_upward_arrow_in_the_file_is_found(self):
        upward = check_layers.Layers('level codec\nlevel base\nroom codec : base\nroom base : codec\n')
        self.assertEqual(upward.findings, ['tools/layers.txt: arrow base -> codec does not point down'])


class StyleTest(Tree):
    def test_banned_words_and_foreign_paths_are_found(self):
        for word in ('TO' 'DO', 'FIX' 'ME', 'HA' 'CK', 'XX' 'X'):
            self.assertEqual(len(style_of('src/a.cc', f'// {word} later\n')), 1, word)
        self.assertEqual(len(style_of('src/a.cc', '// see /ho' 'me/me/notes\n')), 1)
        self.assertEqual(style_of('src/a.cc', 'mkstemp("/tmp/cloister-XXXXXX");  // build/work/x\n'), [])

    def test_long_lines_and_white_space_are_found(self):
        self.assertEqual(len(style_of('src/a.cc', 'x' * 121 + '\n')), 1)
        self.assertEqual(len(style_of('src/a.cc', 'int x; \n')), 1)
        self.assertEqual(len(style_of('src/a.cc', 'int x;')), 1)

    def test_a_long_function_is_found_and_a_long_class_is_not(self):
        body = '  x();\n' * 70
        found = style_of('src/a.cc', f'Status Room::Open(int a) {{\n{body}}}\n')
        self.assertIn('Room::Open has 72 lines', found[0])
        methods = '  int F() { return 1; }\n' * 80
        self.assertEqual(style_of('src/a.cc', f'class A {{\n{methods}}};\n'), [])

    def test_a_long_file_and_a_header_without_guard_are_found(self):
        self.assertEqual(len(style_of('src/a.cc', '\n' * 401)), 1)
        self.assertEqual(len(style_of('src/a.h', '// a header\nint x();\n')), 1)
        self.assertEqual(style_of('src/a.h', '// a header\n#pragma once\n'), [])

    def test_the_own_header_comes_first(self):
        self.write('src/base/a.h', '#pragma once\n')
        check = lambda text: list(check_style.check_first_include(self.root, 'src/base/a.cc', text))
        self.assertEqual(len(check('#include <vector>\n#include "base/a.h"\n')), 1)
        self.assertEqual(check('// why\n#include "base/a.h"\n#include <vector>\n'), [])

    def test_a_fuzzer_without_seeds_or_with_a_taken_name_is_found(self):
        self.write('src/codec/csv_fuzz.cc', '\n')
        self.assertEqual(len(list(check_style.check_fuzzers(self.root))), 1)
        self.write('tests/fuzz/corpus/csv/one', 'a,b\n')
        self.assertEqual(list(check_style.check_fuzzers(self.root)), [])
        self.write('src/engine/csv_fuzz.cc', '\n')
        self.assertEqual(len(list(check_style.check_fuzzers(self.root))), 1)

    def test_the_ratchet_holds_and_shrinks(self):
        over = lambda lines: [check_style.Finding('src/a.cc', 1, 'long', 'file src/a.cc', lines)]
        self.assertEqual(check_style.apply_ratchet(over(450), {'file src/a.cc': 450})[0], [])
        self.assertEqual(len(check_style.apply_ratchet(over(451), {'file src/a.cc': 450})[0]), 1)
        left, kept = check_style.apply_ratchet(over(440), {'file src/a.cc': 450})
        self.assertEqual((len(left), kept), (1, {'file src/a.cc': 440}))
        self.assertEqual(check_style.apply_ratchet([], {'file src/a.cc': 450})[1], {})

    def test_fix_mends_white_space(self):
        path = self.write('src/base/a.cc', 'int x;  \n\n\n')
        check_style.fix_tree(self.root)
        self.assertEqual(path.read_text(), 'int x;\n')
        self.assertEqual(check_style.check_tree(self.root), [])


class WrapTest(unittest.TestCase):
    def test_moves_words_into_the_paragraph(self):
        code = '\nint x;  // a comment behind code stays\n'
        self.assertEqual(wrap_comments.wrap('// one two three\n// four\n' + code, 12),
                         '// one two\n// three\n// four\n' + code)

    def test_leaves_tables_and_lists_alone(self):
        text = '// - one two three\n// - four\n'
        self.assertEqual(wrap_comments.wrap(text, 12), '// - one two\n//   three\n// - four\n')
        for text in ('// aaaaaaaaaaaaaaaa\n', '//   - aaaaaaaaaaaaa\n', '//       aaaaaaaaaa\n'):
            self.assertEqual(wrap_comments.wrap(text, 12), text)    # nothing to break at, and it ends


class FunctionsTest(unittest.TestCase):
    def names(self, source):
        return [check_style.function_name(head) for _, _, head in cpp_text.functions(source)]

    def test_knows_a_function_when_it_sees_one(self):
        self.assertEqual(self.names('A::A(int x) : x_{x}, y_(x) {\n}\n'), ['A::A'])
        self.assertEqual(self.names('template <typename T>\nauto F(T t) -> Result<T> {\n}\n'), ['F'])
        self.assertEqual(self.names('class A {\n public:\n  int f() const { return 1; }\n};\n'), ['f'])
        self.assertEqual(self.names('extern "C" int G(char* s) {\n  if (s) {}\n  return 0;\n}\n'), ['G'])
        self.assertEqual(self.names('TEST(Suite, Name) {\n}\n'), ['Suite.Name'])

    def test_and_does_not_see_one_elsewhere(self):
        self.assertEqual(self.names('namespace a {\nstruct B {\n  int c = 1;\n};\nenum E { kX };\n}'), [])
        self.assertEqual(self.names('int kTable[] = {1, 2};\n// void f() {\nconst char* s = "g() {";\n'), [])


class HeadersTest(Tree):
    def test_a_header_that_needs_another_is_found(self):
        self.write('src/base/good.h', '#pragma once\n#include <string>\nstd::string F();\n')
        self.write('src/base/bad.h', '#pragma once\nstd::string F();\n')
        found = check_headers.check_tree(self.root)
        self.assertEqual(len(found), 1, found)
        self.assertIn('src/base/bad.h', found[0])
        self.assertEqual(len(check_headers.check_tree(self.root)), 1, 'a failure is not remembered as proved')


class TcbTest(Tree):
    NINJA = (
        'build src/base/libcloister_base.a: CXX_STATIC_LIBRARY_LINKER__cloister_base_Debug '
        'src/base/CMakeFiles/cloister_base.dir/clock.cc.o\n  LANGUAGE_COMPILE_FLAGS = -O1\n\n'
        'build src/apps/cloister-enclave: CXX_EXECUTABLE_LINKER__cloister-enclave_Debug '
        'src/apps/CMakeFiles/cloister-enclave.dir/enclave_main.cc.o | src/base/libcloister_base.a\n'
        '  FLAGS = -O1\n'
        '  LINK_LIBRARIES = src/base/libcloister_base.a  /usr/lib/libssl.so  -lcurl -Wl,-rpath,/x\n\n')

    def test_follows_the_link_line(self):
        sources, foreign = tcb.closure(tcb.read_edges(self.NINJA), 'cloister-enclave')
        self.assertEqual(sources, {'src/base/clock.cc', 'src/apps/enclave_main.cc'})
        self.assertEqual(foreign, {'libssl', 'libcurl'})

    def test_counts_code_of_sources_and_headers_they_reach(self):
        self.write('src/base/clock.h', '#pragma once\n\n// time\nint Now();\n')
        self.write('src/base/clock.cc', '#include "base/clock.h"\nint Now() { return 1; }\n')
        self.assertEqual(tcb.count_rooms(self.root, LAYERS, ['src/base/clock.cc']), {'base': (2, 4)})

    def test_what_must_stay_outside_is_found(self):
        never = LAYERS.programs['cloister-enclave']
        for name in ('control/store', 'net/server', 'libcurl', 'libspdlog'):
            self.assertTrue(tcb.is_kept_out(name, never), name)
        self.assertFalse(tcb.is_kept_out('net/frame', never))

    def test_a_program_that_is_not_there_is_said(self):
        with self.assertRaises(tcb.NotBuilt):
            tcb.closure(tcb.read_edges(self.NINJA), 'cloister')


class CountTest(Tree):
    CTEST = ('<testsuite><testcase name="a" status="fail"/><testcase name="b" status="run"/>'
             '<testcase name="c" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/></testcase>'
             '<testcase name="d" status="notrun"><skipped message="Unable to find executable"/></testcase>'
             '<testcase name="e" status="fail"/></testsuite>')
    TESTS = ('{"tests":[{"name":"a","command":["/x/a_test"]},{"name":"b","command":["/x/b_test"]},'
             '{"name":"c","command":["sh"]},{"name":"d"},{"name":"e","command":["/x/e_test"]}]}')
    GTEST = ('<testsuites><testsuite><testcase name="x" classname="A" status="run"/>'
             '<testcase name="y" classname="A" status="run">{}</testcase>'
             '<testcase name="z" classname="A" status="run" result="skipped"><skipped/></testcase>'
             '</testsuite></testsuites>')

    def test_adds_up_cases_entries_steps_and_crashes(self):
        self.write('r/debug/ctest.xml', self.CTEST)
        self.write('r/debug/tests.json', self.TESTS)
        self.write('r/debug/gtest/a_test.xml', self.GTEST.format('<failure/>'))
        self.write('r/debug/gtest/b_test.xml', self.GTEST.format(''))
        self.write('r/layers.step', 'passed\n')
        self.write('r/build.step', 'failed\n')
        self.write('r/tools.count', '5 0 1\n')
        rows = {name: count for name, count, _ in count_tests.count_results(self.root / 'r')}
        # a: 1 1 1 and b: 2 0 1 by their cases; c is skipped, d and e failed
        self.assertEqual(rows['debug'], count_tests.Count(3, 3, 3))
        self.assertEqual(rows['layers'], count_tests.Count(1, 0, 0))
        self.assertEqual(rows['build'], count_tests.Count(0, 1, 0))
        self.assertEqual(rows['tools (cases)'], count_tests.Count(5, 0, 1))

    def test_a_program_that_fails_outside_its_cases_fails(self):
        self.write('r/debug/ctest.xml', '<testsuite><testcase name="a" status="fail"/></testsuite>')
        self.write('r/debug/tests.json', '{"tests":[{"name":"a","command":["/x/a_test"]}]}')
        self.write('r/debug/gtest/a_test.xml', self.GTEST.format(''))
        count, failed = count_tests.count_ctest(self.root / 'r/debug')
        self.assertEqual((count, failed), (count_tests.Count(2, 1, 1), ['a']))

    def test_a_test_that_no_run_has_is_found(self):
        def row():
            rows = {name: (count, failed) for name, count, failed in count_tests.count_results(self.root / 'r')}
            return rows['every test ran']

        for run, name in (('debug', 'a'), ('asan', 'b')):
            self.write(f'r/{run}/ctest.xml', f'<testsuite><testcase name="{name}" status="run"/></testsuite>')
        self.write('r/every_test.json', self.TESTS)
        found = ['c: no run has it', 'd: no run has it', 'e: no run has it']
        self.assertEqual(row(), (count_tests.Count(0, 3, 0), found))
        self.write('r/every_test.json', '{"tests":[{"name":"a"},{"name":"b"}]}')
        self.assertEqual(row(), (count_tests.Count(1, 0, 0), []))
        for nothing in ('{"tests":[]}', ''):
            self.write('r/every_test.json', nothing)
            self.assertEqual(row()[0], count_tests.Count(0, 1, 0))

    def test_no_report_is_a_failure(self):
        self.write('r/debug/tests.json', '{"tests":[]}')
        self.assertEqual(count_tests.count_ctest(self.root / 'r/debug')[0], count_tests.Count(0, 1, 0))


class ArgumentsTest(Tree):
    def test_every_tool_explains_itself_and_refuses_what_it_does_not_know(self):
        needs = {'count_tests.py': [self.root], 'tcb.py': [self.root], 'openapi.py': ['check']}
        tools = [t for t in sorted((ROOT / 'tools').glob('*.py')) if "__name__ == '__main__'" in t.read_text()]
        self.assertGreater(len(tools), 5)
        for tool in tools:
            with self.subTest(tool.name):
                command = ['python3', tool, *needs.get(tool.name, [])]
                for option, code, words in (('--help', 0, 'usage:'), ('--halp', 2, 'unrecognized arguments: --halp')):
                    done = subprocess.run([*command, option], cwd=self.root, capture_output=True, text=True)
                    self.assertEqual(done.returncode, code, done.stderr)
                    self.assertIn(words, done.stdout + done.stderr)
        self.assertEqual([p.name for p in self.root.iterdir()], ['tools'], 'nothing was written')

    def test_a_root_that_is_no_folder_is_refused(self):
        for tool in ('check_headers.py', 'check_layers.py', 'check_style.py'):
            done = subprocess.run(['python3', ROOT / 'tools' / tool, 'nowhere'], cwd=self.root, capture_output=True)
            self.assertEqual(done.returncode, 2, tool)


class ExamplesTest(unittest.TestCase):
    EXAMPLES = ROOT / 'examples'

    def plain(self, *arguments):
        return subprocess.run([sys.executable, self.EXAMPLES / 'plain.py', *arguments],
                              capture_output=True, text=True, timeout=60)

    def test_the_tables_are_what_the_script_writes(self):
        done = subprocess.run([sys.executable, self.EXAMPLES / 'split.py', '--check'], timeout=60)
        self.assertEqual(done.returncode, 0)

    def test_schemas_name_the_columns_of_the_files(self):
        header = (self.EXAMPLES / 'hospital/visits.csv').read_text().splitlines()[0].split(',')
        member = json.loads((self.EXAMPLES / 'insurer/coverage.jsonl').read_text().splitlines()[0])
        for name, columns in (('hospital/visits', header), ('insurer/coverage', list(member))):
            schema = json.loads((self.EXAMPLES / f'{name}.schema.json').read_text())
            policy = json.loads((self.EXAMPLES / f'{name}.policy.json').read_text())
            self.assertEqual([column['name'] for column in schema], columns)
            self.assertEqual(list(policy['columns']), columns)

    def test_every_question_has_a_plain_twin_that_answers(self):
        questions = sorted(path.stem for path in (self.EXAMPLES / 'queries').glob('*.sql'))
        self.assertEqual(questions, sorted(path.stem for path in (self.EXAMPLES / 'plain').glob('*.sql')))
        for question in questions:
            self.assertGreater(len(self.plain(question).stdout.splitlines()), 2, question)

    def test_the_study_found_that_a_price_keeps_people_away(self):
        rows = [json.loads(line) for line in self.plain('01_coinsurance').stdout.splitlines()]
        visits = [row[2] for row in rows]
        self.assertEqual([row[0] for row in rows], [0, 25, 50, 95])
        self.assertEqual(visits, sorted(visits, reverse=True))

    def test_a_wrong_answer_is_noticed(self):
        rows = [json.loads(line) for line in self.plain('01_coinsurance').stdout.splitlines()]
        with tempfile.NamedTemporaryFile('w', suffix='.json') as file:
            for change, code in ((0, 0), (1e-6, 1)):
                rows[2][2] += change
                file.seek(0)
                json.dump({'columns': [], 'rows': rows}, file)
                file.flush()
                self.assertEqual(self.plain('01_coinsurance', file.name).returncode, code)



class DocumentsTest(unittest.TestCase):
    LINK = re.compile(r'\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]*))?\)')

    @staticmethod
    def anchors_of(text):
        headings = re.findall(r'^#+ (.*)$', text, re.MULTILINE)
        return {re.sub(r'[^\w\- ]', '', heading.strip().lower()).replace(' ', '-') for heading in headings}

    def broken_links(self, path, text):
        for name, anchor in self.LINK.findall(text):
            target = path.parent / name if name else path
            if not target.exists():
                yield f'{path}: {name}'
            elif anchor and anchor not in self.anchors_of(target.read_text()):
                yield f'{path}: {name}#{anchor}'

    def test_every_link_leads_somewhere(self):
        pages = [p for folder in ('', 'docs/**/', 'examples/**/', 'tests/**/') for p in ROOT.glob(folder + '*.md')]
        self.assertGreater(len(pages), 20)
        self.assertEqual([found for page in pages for found in self.broken_links(page, page.read_text())], [])

    def test_a_link_that_leads_nowhere_is_found(self):
        page = ROOT / 'README.md'
        text = '[a](nowhere.md) [b](LICENSE) [c](ARCHITECTURE.md#the-map) [d](ARCHITECTURE.md#no-map) [e](https://x)'
        self.assertEqual(len(list(self.broken_links(page, text))), 2)


class OpenApiTest(unittest.TestCase):
    """The reader of api/openapi.yaml, and the alarms about it."""

    def read(self, text):
        return openapi.Block(text).read()

    def test_it_reads_what_the_contract_uses(self):
        text = ('a: 1\nb:\n  "c d": {x: [1, "two, three", null], y: plain text}\n  e:\n    - {f: true}\n'
                '# note\ng: "#h"\n')
        self.assertEqual(self.read(text), {'a': 1, 'b': {'c d': {'x': [1, 'two, three', None], 'y': 'plain text'},
                                                         'e': [{'f': True}]}, 'g': '#h'})

    def test_what_it_does_not_know_is_an_error_with_its_line(self):
        for text in ('a: 1\na: 2\n', 'a: {b: 1\n', 'a:\n', 'a: 1\n   b: 2\n', 'a: [1, 2}\n', 'just text\n',
                     'a: {b: 1, b: 2}\n'):
            with self.assertRaisesRegex(openapi.Unreadable, 'line'):
                self.read(text)

    def test_an_operation_without_an_expectation_is_found(self):
        contract = openapi.read()
        self.assertEqual(list(openapi.problems(contract)), [])
        for member in ('x-access', 'x-scope'):
            broken = openapi.read()
            del broken['paths']['/api/me']['get'][member]
            self.assertTrue(any(member in each for each in openapi.problems(broken)), member)
        broken = openapi.read()
        broken['paths']['/api/keys/{id}']['delete']['parameters'] = []
        self.assertTrue(list(openapi.problems(broken)))

    def test_every_reference_leads_somewhere(self):
        contract = openapi.read()

        def look(node):
            if isinstance(node, dict):
                if '$ref' in node:
                    openapi.resolve(contract, node)
                for each in node.values():
                    look(each)
            elif isinstance(node, list):
                for each in node:
                    look(each)
        look(contract)

    def test_policies_are_what_their_own_schema_says(self):
        """api/policy.schema.json is for editors; requests are described by the same words."""
        names = {'policy': 'Policy', 'people': 'PolicyPeople', 'column': 'PolicyColumn', 'step': 'PolicyStep',
                 'steps': 'PolicySteps', 'differential_privacy': 'PolicyPrivacy', 'k_anonymized': 'PolicyAnonymity',
                 'limits': 'PolicyLimits', 'time': 'PolicyTime', 'template': 'PolicyTemplate', 'range': 'PolicyRange',
                 'date': 'PolicyDate', 'level': 'PrivacyLevel'}
        text = (ROOT / 'api/policy.schema.json').read_text()
        text = re.sub(r'"#/\$defs/(\w+)"', lambda found: f'"#/components/schemas/{names[found.group(1)]}"'
                      if found.group(1) in names else found.group(), text)
        schemas = openapi.read()['components']['schemas']
        for name, wanted in json.loads(text)['$defs'].items():
            if name in names and name != 'level':
                self.assertEqual(schemas[names[name]], wanted, name)

    def test_bounds_are_told(self):
        told = openapi.told({}, {'type': 'integer', 'minimum': 1, 'maximum': 365, 'default': 90, 'description': 'Days'})
        self.assertEqual(told, 'integer, 1 to 365, else 90. Days')
        self.assertEqual(openapi.told({}, {'type': 'string', 'pattern': '^a|b$'}), 'string, like `^a\\|b$`')
        self.assertEqual(list(openapi.bounds({'minItems': 1, 'uniqueItems': True})), ['at least 1 items', 'none twice'])

    def test_the_page_has_nothing_that_runs(self):
        page = openapi.page(openapi.read())
        self.assertNotIn('<script', page)
        # Examples may name other sites; nothing is loaded from one or leads there.
        self.assertNotRegex(page, '(src|href|action)="http|url\\(http|@import')


class DevTest(Tree):
    def setUp(self):
        super().setUp()
        for name in ('dev', 'tools/fetch_duckdb.sh'):    # a copy that any user can run
            self.write(name, (ROOT / name).read_text()).chmod(0o755)
        self.root.chmod(0o755)
        (self.root / 'build').mkdir(mode=0o777)
        (self.root / 'build').chmod(0o777)

    def run_dev(self, *arguments, before=(), **environment):
        return subprocess.run([*before, self.root / 'dev', *arguments], capture_output=True, text=True,
                              cwd='/', timeout=60, env=dict(os.environ, **environment))

    def run_without_packages(self, before=()):
        """./dev check where dpkg-query knows of nothing and apt-get only writes down its words."""
        log = self.root / 'apt.log'
        for name, body in (('dpkg-query', 'exit 1'), ('apt-get', f'echo "$@" >> {log}; exit 1')):
            self.write(f'bin/{name}', f'#!/bin/sh\n{body}\n').chmod(0o755)
        return self.run_dev('check', before=before, PATH=f'{self.root}/bin:{os.environ["PATH"]}',
                            CLOISTER_BUILD=str(self.root / 'build'))

    def test_without_the_right_to_install_it_prints_one_line_and_exits_4(self):
        nobody = ['setpriv', '--reuid=65534', '--clear-groups'] if os.geteuid() == 0 else []
        done = self.run_without_packages(nobody)
        self.assertEqual((done.returncode, done.stderr), (4, ''))
        self.assertRegex(done.stdout, r'^sudo apt-get install [^\n]* libseccomp-dev [^\n]*\n$')

    @unittest.skipUnless(os.geteuid() == 0, 'only root may install')
    def test_root_installs_and_says_what(self):
        done = self.run_without_packages()
        self.assertEqual(done.returncode, 1)
        self.assertIn('installing Debian packages: libboost1.81-dev', done.stderr)
        self.assertRegex((self.root / 'apt.log').read_text(), 'install .*--no-install-rec.* libssl-dev')

    def run_fetch(self, npm):
        """tools/fetch_duckdb.sh with an npm that runs these words and counts its runs in npm.log."""
        self.write('bin/npm', f'#!/bin/sh\necho "$@" >> {self.root}/npm.log\n{npm}\n').chmod(0o755)
        done = subprocess.run([self.root / 'tools/fetch_duckdb.sh'], capture_output=True, text=True, timeout=60,
                              env=dict(os.environ, PATH=f'{self.root}/bin:{os.environ["PATH"]}',
                                       XDG_CACHE_HOME=str(self.root / 'cache'), CLOISTER_RETRY_SECONDS='0'))
        return done, len((self.root / 'npm.log').read_text().splitlines())

    def test_a_failing_download_is_tried_three_times_and_npm_says_why(self):
        done, tries = self.run_fetch('echo npm ERR! network ETIMEDOUT >&2; exit 1')
        self.assertEqual((done.returncode, tries), (1, 3))
        self.assertEqual(done.stderr.count('npm ERR! network ETIMEDOUT'), 3)
        self.assertIn('try 2 of 3 failed', done.stderr)

    def test_a_download_that_is_another_file_is_not_tried_again(self):
        done, tries = self.run_fetch('echo other > duckdb-node-bindings-linux-x64-1.5.6-r.1.tgz')
        self.assertEqual((done.returncode, tries), (1, 1))
        self.assertIn('SHA-512 differs', done.stderr)

    def test_every_package_it_installs_stands_in_the_documents(self):
        text = (ROOT / 'dev').read_text()
        arrays = re.findall(r'^(?:BUILD|TEST|CLANG)_\w+=\(([^)]*)\)', text, re.MULTILINE)
        packages = {item.rpartition(':')[2] for array in arrays for item in array.split()}
        packages.update(('npm', 'ca-certificates', 'python3-venv'))
        self.assertGreater(len(packages), 25)
        documented = (ROOT / 'docs/dependencies.md').read_text()
        self.assertEqual([p for p in sorted(packages) if f'`{p}`' not in documented], [])

    def test_prints_its_verbs_from_any_folder(self):
        done = self.run_dev()
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        self.assertIn('demo', done.stdout)

    def test_an_unknown_verb_is_a_usage_error(self):
        self.assertEqual(self.run_dev('demon').returncode, 2)


def main():
    parser = arguments_of_tools.parser_of(__doc__)
    parser.add_argument('--count', type=Path, metavar='FILE')
    arguments = parser.parse_args()
    result = unittest.TextTestRunner(verbosity=1).run(unittest.defaultTestLoader.loadTestsFromModule(
        sys.modules['__main__']))
    if arguments.count:
        failed = len(result.failures) + len(result.errors)
        passed = result.testsRun - failed - len(result.skipped)
        arguments.count.write_text(f'{passed} {failed} {len(result.skipped)}\n')
    return 0 if result.wasSuccessful() else 1


if __name__ == '__main__':
    sys.exit(main())
