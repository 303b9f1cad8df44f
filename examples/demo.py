#!/usr/bin/env python3
"""The first answer: a hospital and an insurer, one sealed join, one approved result.

`./dev demo` builds the programs and runs this. The hospital lets the server keep its key, the insurer trusts nobody,
an institute asks. Everything happens on this machine, in a folder that is removed at the end (--keep FOLDER keeps it).
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import plain
from stage import CommandFailed, Party, Server, programs

HERE = Path(__file__).resolve().parent
QUESTIONS = {
    '01_coinsurance': 'Do people who pay more of the bill see a doctor less often?',
    '02_chronically_ill': 'Does it keep the ill away too?',
    '03_years_without_a_doctor': 'Who goes a year without a doctor?',
    '04_alike_at_the_start': 'Were the plans given out fairly?',
}
REFUSED = ['01_rows', '02_the_most_ill', '03_not_insured']


class Story:
    """Prints the chapters; colour only on a terminal."""

    def __init__(self):
        self.colour = sys.stdout.isatty()
        self.started = time.monotonic()
        self.chapters = 0

    def _paint(self, code, text):
        return f'\033[{code}m{text}\033[0m' if self.colour else text

    def chapter(self, title):
        self.chapters += 1
        seconds = time.monotonic() - self.started
        took = self._paint('2', f'   ({seconds:.1f} s)')
        print('\n' + self._paint('1', f'{self.chapters}. {title}') + took, flush=True)

    def say(self, text):
        print('   ' + text, flush=True)

    def who(self, name, text):
        print('   ' + self._paint('36', f'{name:10} ') + text, flush=True)

    def good(self, text):
        print('   ' + self._paint('32', 'ok ') + text, flush=True)

    def block(self, text):
        for line in text.rstrip('\n').split('\n'):
            print('      ' + line)
        sys.stdout.flush()


class Demo:
    def __init__(self, folder):
        self.story = Story()
        self.server = Server(folder)
        self.folder = folder
        self.queries = {}

    def run(self):
        print('Cloister: two organisations, one sealed join, one approved answer.')
        print('This machine has no hardware that could prove anything: the enclave is a caged process, and says so.')
        with self.server:
            self.meet()
            self.seal()
            self.refuse()
            self.ask()
            self.answer()
            self.look_behind()
        self.story.chapter('Done')
        self.story.say('Every answer was compared with hand-written SQL over the plain files,')
        self.story.say('and every proof verified.')

    def meet(self):
        story = self.story
        story.chapter('A hospital, an insurer and an institute meet')
        self.hospital = Party(self.server, 'hospital', custody='server', organisation='Hospital')
        self.insurer = Party(self.server, 'insurer', custody='self', organisation='Insurer')
        self.institute = Party(self.server, 'institute', custody='self', organisation='Institute')
        story.who('hospital', 'lets the server keep its key (custody server)')
        story.who('insurer', 'keeps its key in its own folder and trusts nobody (custody self)')
        story.who('institute', 'asks the questions; keeps its own key too')
        created = self.hospital.json('env', 'create', 'rand', '--with', self.insurer.email,
                                     '--with', self.institute.email, '--approval', 'owners')
        self.environment = find(created, 'id')
        story.who('hospital', f'created environment {self.environment}; its enclave started')
        for party in (self.insurer, self.institute):
            party.run('env', 'verify', self.environment)
            party.run('env', 'accept', self.environment, '--yes')
            story.who(party.name, 'verified the evidence with a nonce of its own and signed the charter')
        story.block(self.insurer.run('env', 'verify', self.environment))

    def seal(self):
        story = self.story
        story.chapter('The owners seal their data to the enclave')
        for party, file, name in ((self.hospital, 'hospital/visits.csv', 'visits'),
                                  (self.insurer, 'insurer/coverage.jsonl', 'coverage')):
            stem = (HERE / file).with_suffix('')
            party.run('dataset', 'upload', HERE / file, '--env', self.environment, '--name', name,
                      '--policy', f'{stem}.policy.json', '--schema', f'{stem}.schema.json', '--yes')
            size = (HERE / file).stat().st_size
            story.who(party.name, f'sealed {Path(file).name} ({size:,} bytes) and signed its manifest')
        story.block(self.institute.run('dataset', 'list', '--env', self.environment))

    def refuse(self):
        story = self.story
        story.chapter('Three questions that the policies refuse')
        for name in REFUSED:
            sql = HERE / 'refused' / f'{name}.sql'
            code, out, err = self.institute.invoke('query', 'check', sql, '--env', self.environment)
            if code != 5:
                raise SystemExit(f'{name} was not refused (exit {code})\n{out}{err}')
            story.block(sql.read_text())
            story.block(out + err)

    def ask(self):
        story = self.story
        story.chapter('Four questions that they allow')
        for name, question in QUESTIONS.items():
            sql = HERE / 'queries' / f'{name}.sql'
            asked = self.institute.json('query', 'submit', sql, '--env', self.environment, '--name', question,
                                        '--to', self.institute.email, '--to', self.hospital.email)
            self.queries[name] = find(asked, 'id')
            story.who('institute', question)
        story.say('')
        story.say('What an approver reads before he signs (the insurer, first question):')
        story.block(self.insurer.run('query', 'report', self.queries['01_coinsurance']))
        for name, query in self.queries.items():
            owners = [self.hospital] if name == '03_years_without_a_doctor' else [self.hospital, self.insurer]
            for party in owners:
                party.run('query', 'approve', query, '--yes')
            story.who(owners[-1].name if len(owners) == 1 else 'both', f'approved {name}')

    def answer(self):
        story = self.story
        story.chapter('The answers')
        for name, question in QUESTIONS.items():
            query = self.queries[name]
            self.institute.run('query', 'wait', query)
            story.say('')
            story.say(question)
            story.block(self.institute.run('result', 'get', query, '--format', 'table'))
            answer = json.loads(self.institute.run('result', 'get', query, '--format', 'json'))
            wrong = list(plain.differences(plain.answer(plain.open_plain(), name), answer['rows']))
            if wrong:
                raise SystemExit(f'{name} differs from the plain files: {wrong[:3]}')
            story.good('equal to hand-written SQL over the plain files, small groups left out')
            self.institute.run('result', 'verify', query)
            story.good('receipt and inclusion proof verified by the institute')
        self.open_with_age(self.queries['01_coinsurance'])

    def open_with_age(self, query):
        if not shutil.which('age'):
            return
        sealed, key = self.folder / 'result.age', self.folder / 'institute.key'
        self.institute.run('result', 'get', query, '--format', 'sealed', '-o', sealed)
        key.touch(mode=0o600)
        key.write_text(self.institute.run('key', 'export-age'))
        opened = subprocess.run(['age', '-d', '-i', key, sealed], capture_output=True, text=True, check=True)
        columns = ', '.join(column['name'] for column in json.loads(opened.stdout)['columns'])
        self.story.good(f"Debian's age opens the sealed result with the institute's key: {columns}")

    def look_behind(self):
        story = self.story
        story.chapter('Who saw what')
        story.block(self.institute.run('ledger', 'verify', self.environment))
        marker = b'13.73189'  # an index of chronic disease that stands in the hospital's file
        inside = (HERE / 'hospital/visits.csv').read_bytes().count(marker)
        files = [path for path in self.server.folder.rglob('*') if path.is_file() and 'home-' not in str(path)]
        leaks = [str(path) for path in files if marker in path.read_bytes()]
        if leaks:
            raise SystemExit(f'the value {marker.decode()} of a patient stands in {leaks}')
        stored = sum(path.stat().st_size for path in files)
        story.who('server', f'{len(files)} files, {stored:,} bytes: sealed objects, signed documents, the ledger')
        story.who('', f"the value {marker.decode()} stands {inside} times in the hospital's file, "
                      'and nowhere on the server')
        story.who('enclave', 'a process without files or network held the rows, and gave out only what was approved')
        story.who('hospital', 'its key lies with the server: whoever runs it could sign and read as the hospital')
        story.who('insurer', 'its key never left its folder; nobody saw a row of its data')
        story.who('institute', 'four tables of groups of at least 25 people; not a row')
        story.say('')
        story.say('What this machine cannot show: hardware evidence. The evidence is simulated, and with recovery')
        story.say('`operator` whoever runs the server could read the data. LIMITATIONS.md says what holds.')


def find(document, member):
    """The first `member` at any depth: the answers nest an object under its kind."""
    if isinstance(document, dict):
        if member in document:
            return document[member]
        document = list(document.values())
    if isinstance(document, list):
        for each in document:
            found = find(each, member)
            if found is not None:
                return found
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--keep', metavar='FOLDER', help='keep everything in this new folder')
    options = parser.parse_args()
    programs()
    folder = Path(options.keep) if options.keep else Path(tempfile.mkdtemp(prefix='cloister-demo-'))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        Demo(folder).run()
    except CommandFailed as failed:
        log = folder / 'server.log'
        print(failed, log.read_text()[-2000:] if log.exists() else '', sep='\n', file=sys.stderr)
        return 1
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
