"""A certificate authority of our own, by Debian's openssl: what a hospital's IT department has."""

import subprocess
import tempfile
from pathlib import Path

from support import Rest, stage


class Authority:
    def __init__(self, folder, name='Test Root'):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.root, self.key = self.folder / 'root.pem', self.folder / 'root.key'
        self._openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
                      '-subj', f'/CN={name}', '-addext', 'basicConstraints=critical,CA:TRUE',
                      '-keyout', self.key, '-out', self.root)
        self.key.chmod(0o600)

    @staticmethod
    def _openssl(*arguments):
        done = subprocess.run(['openssl', *map(str, arguments)], capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise RuntimeError(f'openssl {arguments[0]}: {done.stderr}')

    def issue(self, name, names='DNS:localhost,IP:127.0.0.1'):
        """(certificate, key): two files for a server of these names."""
        certificate, key = self.folder / f'{name}.pem', self.folder / f'{name}.key'
        request, terms = self.folder / f'{name}.csr', self.folder / f'{name}.ext'
        terms.write_text(f'subjectAltName={names}\nbasicConstraints=CA:FALSE\n')
        self._openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', f'/CN={name}',
                      '-keyout', key, '-out', request)
        key.chmod(0o600)
        self._openssl('x509', '-req', '-in', request, '-CA', self.root, '-CAkey', self.key, '-CAcreateserial',
                      '-days', '1', '-extfile', terms, '-out', certificate)
        return certificate, key


class PublicServer:
    """cloisterd as it runs for others: every address, TLS, no development login; `root` is its first user."""

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory(prefix='cloister-public-')
        folder = Path(self._folder.name)
        authority = Authority(folder / 'authority')
        certificate, key = authority.issue('server')
        command = [stage.programs() / 'cloisterd', '--data', folder / 'data', '--sealer', folder / 'sealer',
                   '--listen', '0.0.0.0:0', '--tls-cert', certificate, '--tls-key', key,
                   '--first-user', 'root@a.example']
        with open(folder / 'log', 'wb') as log:
            self._process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=log)
        port = self._process.stdout.readline().decode().rsplit(':', 1)[1].strip()
        self.root = Rest(url=f'https://127.0.0.1:{port}', ca_file=authority.root)
        self.root.key = (folder / 'data/first-api-key').read_text().strip()
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(stage.START_SECONDS_MAX)
        self._process.stdout.close()
        self._folder.cleanup()
