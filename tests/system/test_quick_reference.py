"""The curl lines of docs/api/quick-reference.md, run as they stand."""

import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import support
from support import ROOT, stage


class QuickReference(unittest.TestCase):
    def test_every_line_does_what_it_says(self):
        text = (ROOT / 'docs/api/quick-reference.md').read_text()
        blocks = re.findall(r'```sh\n(.*?)```', text, re.S)
        self.assertGreater(len(blocks), 5)
        with tempfile.TemporaryDirectory(prefix='cloister-system-') as folder, stage.Server(folder) as server:
            script = Path(folder) / 'quick-reference.sh'
            script.write_text('set -euo pipefail\n' + '\n'.join(blocks))
            done = subprocess.run(['bash', script], cwd=folder, capture_output=True, text=True, timeout=120,
                                  env={**stage.CLIENT_ENVIRONMENT, 'URL': server.url})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("[['north', 100, ", done.stdout)
        self.assertIn('event: query', done.stdout)
        self.assertIn('"status":"completed"', done.stdout)


if __name__ == '__main__':
    support.main(peer='curl')
