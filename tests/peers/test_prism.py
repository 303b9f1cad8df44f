#!/usr/bin/env python3
"""The mission's sequence through somebody else's reading of api/openapi.yaml (npm: @stoplight/prism-cli), which answers
for us as soon as a request or an answer is not as the contract says. Without node it says so and is skipped.

Only bodies of text: this proxy reads the others as text, too, and changes them.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tests/system'))

from fake_issuer import free_port  # noqa: E402  (needs the path above)
from support import stage  # noqa: E402

import test_workflow  # noqa: E402

PACKAGE = '@stoplight/prism-cli@5.14.2'
INSTALL_SECONDS_MAX = 300
START_SECONDS_MAX = 60


def program():
    """The proxy, below the build folder."""
    folder = Path(os.environ['CLOISTER_BIN']).resolve().parents[2] / 'peers-prism'
    found = folder / 'node_modules/@stoplight/prism-cli/dist/index.js'
    if not found.exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / 'package.json').write_text('{"private": true}')
        subprocess.run(['npm', 'install', '--no-audit', '--no-fund', '--silent', PACKAGE], cwd=folder, check=True,
                       timeout=INSTALL_SECONDS_MAX)
    return found


class BehindPrism(stage.Server):
    """A server whose address is the proxy's."""

    contract = ROOT / 'api/openapi.yaml'
    prism = None

    def start(self):
        super().start()
        port, log = free_port(), open(self.folder / 'prism.log', 'ab')
        with log:
            self.prism = subprocess.Popen(['node', program(), 'proxy', self.contract, self.url, '--errors', '--port',
                                           str(port)], stdout=log, stderr=log)
        self.url = f'http://127.0.0.1:{port}'
        end = time.monotonic() + START_SECONDS_MAX
        while True:
            try:
                socket.create_connection(('127.0.0.1', port)).close()
                return self
            except OSError:
                if time.monotonic() > end or self.prism.poll() is not None:
                    raise
                time.sleep(0.1)

    def _close(self):
        super()._close()
        if self.prism:
            self.prism.kill()
            self.prism.wait()
            self.prism = None


stage.Server = BehindPrism


class Workflow(test_workflow.Workflow):
    """All that the scripts of the mission do, the odd spellings among it."""


class Canary(unittest.TestCase):
    def test_an_answer_that_is_not_as_the_contract_says_is_seen(self):
        text, changed = re.subn(r'status: \{type: string, enum: \[creating, active, ', 'status: {type: string, enum: [',
                                BehindPrism.contract.read_text())
        self.assertGreater(changed, 0)
        with tempfile.TemporaryDirectory(prefix='cloister-peers-') as folder:
            server = BehindPrism(Path(folder) / 'server')
            server.contract = Path(folder) / 'openapi.yaml'
            server.contract.write_text(text)
            self.addCleanup(server.stop)
            server.start()
            done = subprocess.run([sys.executable, ROOT / 'examples/workflow.py', '--url', server.url],
                                  capture_output=True, text=True, timeout=120)
            server.stop()
        self.assertNotEqual(done.returncode, 0)
        self.assertIn('prism/errors#VIOLATIONS', done.stdout + done.stderr)


if __name__ == '__main__':
    del sys.argv[1:]  # what other peers are told
    if not shutil.which('node') or not shutil.which('npm'):
        print('skipped: node is not installed')
        sys.exit(0)
    unittest.main()
