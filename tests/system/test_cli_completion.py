"""Completion scripts are written out of the command line's own tree, and the shells that are here accept them."""

import json
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import support
from support import USAGE, stage


def cloister(*arguments):
    return subprocess.run([stage.programs() / 'cloister', *arguments], capture_output=True, text=True,
                          env={**stage.CLIENT_ENVIRONMENT, 'CLOISTER_HOME': '/nonexistent'})


def script(shell):
    done = cloister('completion', shell)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return done.stdout


class Bash(unittest.TestCase):
    def offered(self, *words):
        """What bash offers for the last of the words."""
        line = ' '.join("'" + word + "'" for word in ('cloister', *words))
        code = f'''{script('bash')}
            complete -p cloister > /dev/null || exit 9
            COMP_WORDS=({line}); COMP_CWORD={len(words)}; _cloister; printf '%s\\n' "${{COMPREPLY[@]}}"'''
        done = subprocess.run(['bash', '--norc', '-c', code], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        return done.stdout.split()

    def test_families_verbs_and_options(self):
        self.assertEqual(self.offered('pol'), ['policy'])
        self.assertEqual(self.offered('policy', 'se'), ['set'])
        self.assertIn('--no-joins', self.offered('env', 'create', 'room', '--no'))
        self.assertEqual(self.offered('query', 'submit', 'q.sql', '--env', 'room', '--wa'), ['--wait'])
        self.assertIn('--json', self.offered('query', 'list', '--j'), 'global options stand behind verbs too')
        self.assertEqual(self.offered('--home', 'env', 'quer'), ['query'], 'a value is no verb')

    def test_an_option_of_words_offers_them_and_nothing_else(self):
        self.assertEqual(self.offered('init', '--custody', ''), ['self', 'server'])
        self.assertEqual(self.offered('result', 'get', 'q', '--format', 's'), ['sealed'])
        self.assertEqual(self.offered('dataset', 'upload', 'f', '--format', ''), ['csv', 'parquet', 'jsonl'])
        self.assertEqual(self.offered('query', 'check', 'q.sql', '--level', 'f'), ['full_access'])
        self.assertEqual(self.offered('completion', 'f'), ['fish'])

    def test_nothing_is_offered_twice_and_a_file_is_one(self):
        for words in (('',), ('env', 'list', '-')):
            offered = self.offered(*words)
            self.assertEqual(len(offered), len(set(offered)), offered)
            self.assertIn('--help', offered)
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, 'my file.csv').touch()
            for words in (('dataset', 'upload'), ('policy', 'test', 'p.json', '--schema'), ('--home',)):
                self.assertEqual(' '.join(self.offered(*words, folder + '/my')), folder + '/my file.csv', words)
            for words in (('query', 'approve'), ('env', 'show'), ('query', 'list', '--env'), ('query', 'wait')):
                self.assertEqual(self.offered(*words, folder + '/my'), [], 'an id or a name is no file')

    def test_a_value_behind_an_equals_sign(self):
        self.assertEqual(self.offered('init', '--custody', '='), ['self', 'server'])
        self.assertEqual(self.offered('result', 'get', 'q', '--format', '=', 's'), ['sealed'])
        self.assertEqual(self.offered('--home', '=', 'env', 'quer'), ['query'], 'a value is no verb')

    def test_every_verb_of_the_help_is_offered(self):
        for family in ('env', 'dataset', 'policy', 'query', 'result', 'ledger', 'key'):
            listed = cloister(family, '--help').stdout.split('Subcommands:' if 'Subcommands:' in cloister(
                family, '--help').stdout else 'SUBCOMMANDS:')[1]
            verbs = set(re.findall(r'^  ([a-z-]+) ', listed, re.M))
            self.assertTrue(verbs)
            self.assertLessEqual(verbs, set(self.offered(family, '')), family)


class OtherShells(unittest.TestCase):
    def ask(self, shell, *arguments):
        path = f'{stage.programs()}:{stage.CLIENT_ENVIRONMENT["PATH"]}'
        done = subprocess.run([shell, *arguments], capture_output=True, text=True,
                              env={**stage.CLIENT_ENVIRONMENT, 'PATH': path, 'HOME': '/nonexistent'})
        self.assertEqual(done.returncode, 0, done.stderr)
        return [line.split('\t')[0] for line in done.stdout.splitlines()]

    @unittest.skipUnless(shutil.which('fish'), 'the program fish is not installed')
    def test_fish_offers_the_same(self):
        for line, expected in (('cloister pol', ['policy']), ('cloister policy se', ['set']),
                               ('cloister query submit x --wa', ['--wait']), ('cloister --home env quer', ['query']),
                               ('cloister init --custody=se', ['--custody=self', '--custody=server']),
                               ('cloister dataset upload /et', ['/etc/']), ('cloister env show /et', []),
                               ('cloister query list --env /et', [])):
            code = script('fish') + f'\ncomplete -C{json.dumps(line)}'
            self.assertEqual(self.ask('fish', '--no-config', '-c', code), expected, line)

    @unittest.skipUnless(shutil.which('zsh'), 'the program zsh is not installed')
    def test_zsh_offers_the_same(self):
        for line, expected in (('cloister policy', 'catalogue'), ('cloister policy se', 'preset'),
                               ('cloister --home env quer', 'dataset')):
            words = line.split()
            code = f"""compdef() {{ }}; {script('zsh')}
                compadd() {{ shift; print -l -- "$@" }}; words=({line}); CURRENT={len(words)}; _cloister"""
            self.assertIn(expected, self.ask('zsh', '-f', '-c', code), line)

    def test_zsh_and_fish_read_their_scripts(self):
        for shell in ('zsh', 'fish'):
            text = script(shell)
            self.assertIn('policy', text)
            if shutil.which(shell):
                done = subprocess.run([shell, '-n'], input=text, capture_output=True, text=True)
                self.assertEqual((done.returncode, done.stderr), (0, ''), shell)

    def test_scripts_hold_no_unbalanced_quote(self):
        for shell in ('zsh', 'bash'):
            done = subprocess.run(['bash', '-n'], input=script(shell).replace('${=found}', '$found'),
                                  capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stderr), (0, ''), shell)

    def test_another_shell_is_refused(self):
        self.assertEqual(cloister('completion', 'tcsh').returncode, USAGE)


if __name__ == '__main__':
    support.main()
