"""A receiver of webhooks that believes nothing: it checks Standard Webhooks signatures by itself, the HMAC with
Python's own and Ed25519 by openssl, neither of which is our code.
"""

import base64
import hashlib
import hmac
import subprocess
import tempfile
import threading
from pathlib import Path

from loopback import Handler, LoopbackServer

SPKI_OF_ED25519 = bytes.fromhex('302a300506032b6570032100')  # RFC 8410: the key itself follows


def ed25519_fits(public_key, message, signature):
    with tempfile.TemporaryDirectory(prefix='cloister-hook-') as folder:
        key, text, mark = (Path(folder) / name for name in ('key', 'message', 'signature'))
        key.write_bytes(SPKI_OF_ED25519 + public_key)
        text.write_bytes(message)
        mark.write_bytes(signature)
        done = subprocess.run(['openssl', 'pkeyutl', '-verify', '-pubin', '-keyform', 'DER', '-inkey', key, '-rawin',
                               '-in', text, '-sigfile', mark], capture_output=True, timeout=60)
    return done.returncode == 0


def fits(key, message, signature):
    """Whether one "v1a,..." or "v1,..." is that of a "whpk_..." or "whsec_..."."""
    kind, _, text = signature.partition(',')
    prefix, _, secret = key.partition('_')
    made, secret = base64.b64decode(text), base64.b64decode(secret)
    if (kind, prefix) == ('v1', 'whsec'):
        return hmac.compare_digest(made, hmac.new(secret, message, hashlib.sha256).digest())
    return (kind, prefix) == ('v1a', 'whpk') and ed25519_fits(secret, message, made)


class Call:
    def __init__(self, headers, body):
        self.id, self.time = headers['webhook-id'], int(headers['webhook-timestamp'])
        self.signatures = headers['webhook-signature'].split(' ')
        self.headers, self.body = headers, body

    def fits(self, key):
        message = f'{self.id}.{self.time}.'.encode() + self.body
        return any(fits(key, message, each) for each in self.signatures)


class Receiver(LoopbackServer):
    """Takes every POST on a port of the loopback interface. `status` is what it answers; with `hold` when told."""

    def __init__(self, status=204, hold=None, location=None):
        self.status, self.hold, self.location = status, hold, location
        self.calls, self.arrived = [], threading.Event()
        receiver = self

        class Hook(Handler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers['Content-Length']))
                receiver.calls.append(Call(self.headers, body))
                receiver.arrived.set()
                if receiver.hold:
                    receiver.hold.wait(60)
                try:
                    self.send_response(receiver.status)
                    self.send_header('Content-Length', '0')
                    if receiver.location:
                        self.send_header('Location', receiver.location)
                    self.end_headers()
                except OSError:
                    pass  # whoever called has gone

        super().__init__(Hook)
        self.url += '/cloister'

    def close(self):
        if self.hold:
            self.hold.set()
        super().close()
