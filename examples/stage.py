"""A server and its participants, each with a home folder of his own, driven through the real programs.

    with Server(folder) as server:
        hospital = Party(server, 'hospital', custody='server')
        hospital.run('env', 'list')

Used by demo.py and by tests/system. Standard library only; every wait is bounded.
"""

import json
import os
import re
import select
import signal
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS_MAX = 60
# One machine plays all parties, and faster than people: without the limits that protect a server from them.
LIMITS = ('--requests-per-minute', '--environments-per-day', '--datasets-per-day', '--queries-per-day')
COMMAND_SECONDS_MAX = 600
# The clients' environment: only what they document. No terminal, so no colour and no animation.
CLIENT_ENVIRONMENT = {'PATH': os.environ.get('PATH', ''), 'LC_ALL': 'C.UTF-8', 'TERM': 'dumb'}


def programs():
    """The folder with cloisterd, cloister-enclave and cloister."""
    folder = os.environ.get('CLOISTER_BIN')
    for candidate in [folder] if folder else [ROOT / 'build/release/src/apps', ROOT / 'build/debug/src/apps']:
        if Path(candidate, 'cloisterd').exists():
            return Path(candidate).resolve()
    raise SystemExit('the programs are not built; run ./dev build release')


class CommandFailed(Exception):
    """A client command that ended with another exit code than the caller expected."""

    def __init__(self, party, arguments, code, out, err):
        super().__init__(f'{party}: cloister {" ".join(map(str, arguments))}\n  exit {code}\n{out}{err}')
        self.code, self.out, self.err = code, out, err


class Server:
    """cloisterd on a free port of the loopback interface; its log goes to FOLDER/server.log.

    `ca_file`: with --tls-cert among the options, the root that vouches for it.
    """

    def __init__(self, folder, *options, sealer=None, data=None, ca_file=None):
        self.folder = Path(folder)
        self.data = Path(data) if data else self.folder / 'data'
        self.sealer = Path(sealer) if sealer else self.folder / 'sealer.key'
        self.options = options
        self.ca_file = ca_file
        self.log = self.folder / 'server.log'
        self.process = None
        self.url = None

    def start(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [programs() / 'cloisterd', '--data', self.data, '--sealer', self.sealer,
                   *(() if '--listen' in self.options else ('--listen', '127.0.0.1:0')), '--dev-login',
                   *[word for limit in LIMITS if limit not in self.options for word in (limit, '0')], *self.options]
        with open(self.log, 'ab') as log:
            self.process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=log)
        self.url = self._await_address()
        return self

    def _await_address(self):
        line, end = b'', time.monotonic() + START_SECONDS_MAX
        while not line.endswith(b'\n'):
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))
            piece = os.read(self.process.stdout.fileno(), 4096) if ready else b''
            if not piece:
                self.kill()
                raise RuntimeError('cloisterd did not start:\n' + self.log.read_text(errors='replace')[-2000:])
            line += piece
        found = re.search(rb'https?://[0-9.]+:[0-9]+', line)
        if not found:
            raise RuntimeError(f'cloisterd said {line!r} instead of its address')
        return found.group().decode()

    def stop(self):
        """As an operator would: SIGTERM, and wait."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=START_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                self.kill()
                raise
        self._close()

    def kill(self):
        """As a power cut would."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._close()

    def _close(self):
        if self.process:
            self.process.stdout.close()
        self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


class Party:
    """One participant: his client, his home folder."""

    def __init__(self, server, name, custody='self', organisation=None, home=None):
        self.server, self.name = server, name
        self.email = f'{name}@example.org'
        self.home = Path(home) if home else server.folder / f'home-{name}'
        self.custody = custody
        self.run('init', '--server', server.url, '--email', self.email, '--name', name.capitalize(),
                 '--organisation', organisation or name, '--custody', custody)

    def invoke(self, *arguments, stdin=None):
        """Runs the client; returns (exit code, standard output, standard error)."""
        command = [programs() / 'cloister', '--home', self.home, *arguments]
        root = getattr(self.server, 'ca_file', None)  # what stands in for a server in a test may have none
        own_root = {'CLOISTER_CA_CERT': str(root)} if root else {}
        done = subprocess.run([str(part) for part in command], input=stdin, capture_output=True, text=True,
                              timeout=COMMAND_SECONDS_MAX, env=CLIENT_ENVIRONMENT | own_root)
        return done.returncode, done.stdout, done.stderr

    def run(self, *arguments, stdin=None, expect=0):
        """Runs it and returns its standard output; another exit code than `expect` raises CommandFailed."""
        code, out, err = self.invoke(*arguments, stdin=stdin)
        if code != expect:
            raise CommandFailed(self.name, arguments, code, out, err)
        return out

    def json(self, *arguments, stdin=None, expect=0):
        return json.loads(self.run('--json', *arguments, stdin=stdin, expect=expect))

    def moved_to(self, server):
        """The same participant after the server came back under another address."""
        config = self.home / 'config.json'
        text = config.read_text()
        config.write_text(re.sub(r'https?://127\.0\.0\.1:\d+', server.url, text))
        self.server = server
        return self
