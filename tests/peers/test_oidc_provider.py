#!/usr/bin/env python3
"""Login at an issuer of somebody else's making (npm: oidc-provider, certified by the OpenID Foundation): its documents,
its login pages, its PKCE, its tokens and its `iss` in the answer. Without node it says so and is skipped.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tests/system'))

from fake_issuer import CLIENT_ID, Browser, free_port  # noqa: E402  (needs the path above)
from support import stage  # noqa: E402

PACKAGE = 'oidc-provider@9.13.3'
INSTALL_SECONDS_MAX = 300


def packages():
    """The folder with the package, below the build folder."""
    folder = Path(os.environ['CLOISTER_BIN']).resolve().parents[2] / 'peers-node'
    if not (folder / 'node_modules/oidc-provider').exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / 'package.json').write_text('{"private": true, "type": "module"}')
        subprocess.run(['npm', 'install', '--no-audit', '--no-fund', '--silent', PACKAGE], cwd=folder, check=True,
                       timeout=INSTALL_SECONDS_MAX)
    shutil.copy(ROOT / 'tests/peers/oidc_provider.mjs', folder)
    return folder


class Person:
    """Fills in the issuer's forms in the browser in which he uses the server."""

    def __init__(self, issuer, url):
        self.at_issuer, self.browser = Browser(issuer), Browser(url)

    def log_in(self, name):
        """The status of the way back, and its words."""
        status, fields, _ = self.browser.call('GET', '/api/login')
        assert status == 302, status
        target = fields['Location']
        for _ in range(12):
            status, fields, text = self.at_issuer.call('GET', target)
            if status == 200:  # a page with a form: who are you, and then do you agree
                action = re.search(r'action="([^"]+)"', text.decode()).group(1)
                form = {'prompt': re.search(r'name="prompt" value="(\w+)"', text.decode()).group(1)}
                if form['prompt'] == 'login':
                    form |= {'login': name, 'password': 'any'}
                status, fields, _ = self.at_issuer.call('POST', action, urlencode(form).encode(), {
                    'Content-Type': 'application/x-www-form-urlencoded'})
            target = fields['Location']
            if target.startswith('/'):
                target = self.at_issuer.url + target
            if target.startswith(self.browser.url):
                status, _, text = self.browser.call('GET', target)
                return status, text.decode()
        raise AssertionError('the issuer sends the browser in circles')


class OidcProvider(unittest.TestCase):
    def serve(self, proof):
        folder = Path(tempfile.mkdtemp(prefix='cloister-peers-'))
        self.addCleanup(shutil.rmtree, folder, True)
        secret = folder / 'secret'
        secret.write_text('a secret+of&the=client:%41'.replace(' ', '-') + '\n')
        port, issuer_port = free_port(), free_port()
        issuer = f'http://127.0.0.1:{issuer_port}'
        process = subprocess.Popen(
            ['node', 'oidc_provider.mjs', str(issuer_port), f'http://127.0.0.1:{port}/api/login/callback', CLIENT_ID,
             str(secret), proof], cwd=packages(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.assertEqual(process.stdout.readline(), b'listening\n')
        server = stage.Server(folder, '--listen', f'127.0.0.1:{port}', '--public-url', f'http://127.0.0.1:{port}',
                              '--oidc-issuer', issuer, '--google-client-id', CLIENT_ID,
                              '--google-client-secret-file', str(secret)).start()
        self.addCleanup(server.stop)
        return issuer, server.url

    def test_people_log_in(self):
        for proof in ('client_secret_basic', 'client_secret_post'):
            with self.subTest(proof=proof):
                issuer, url = self.serve(proof)
                ana = Person(issuer, url)
                self.assertEqual(ana.log_in('ana'), (303, ''))
                self.assertEqual(ana.browser.get('/api/me')[1]['user']['email'], 'ana@hospital.example')
                self.assertTrue(ana.browser.get('/api/me')[1]['user']['administrator'])
                again = Person(issuer, url)
                self.assertEqual(again.log_in('ana'), (303, ''))
                self.assertEqual(again.browser.get('/api/me')[1], ana.browser.get('/api/me')[1])
                status, words = Person(issuer, url).log_in('unverified')
                self.assertEqual((status, 'email_verified' in words), (422, True))


if __name__ == '__main__':
    del sys.argv[1:]  # what other peers are told
    if not shutil.which('node') or not shutil.which('npm'):
        print('skipped: node is not installed')
        sys.exit(0)
    unittest.main()
