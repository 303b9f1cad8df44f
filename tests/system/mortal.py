"""A server that dies at a chosen step, and a client that sends until it is answered.

Moments are counted, not waited for: kill/kill_at.cc ends the server, or its enclaves, right before the N-th write,
rename, flush or frame, or when it heard a piece of one. The client does what clients do: it sends the same request
again under its Idempotency-Key.
"""

import http.client
import json
import os
import threading
import time
from pathlib import Path

from support import Rest, stage

LIBRARY = Path(os.environ.get('CLOISTER_KILL_LIBRARY', ''))
RETRY_SECONDS_MAX = 60
AGAIN = (409, 429, 500, 503, 504)


class Mortal(stage.Server):
    """`arm(server=40, enclave=[3, 9])`: it starts, and dies at its 40th step; its enclaves at the frames 3 and 9. What
    counts begins when the file `armed` is there."""

    def __init__(self, folder, *options):
        super().__init__(folder, *options)
        self.armed, self.noted, self.killed = (self.folder / name for name in ('armed', 'steps', 'killed'))
        self.lock = threading.Lock()

    def arm(self, server=0, enclave=(), at_once=False):
        for each in (self.armed, self.noted):
            each.unlink(missing_ok=True)
        if at_once:
            self.armed.touch()
        told = {'LD_PRELOAD': str(LIBRARY), 'CLOISTER_KILL_ARMED': str(self.armed),
                'CLOISTER_KILL_SERVER_AT': str(server), 'CLOISTER_KILL_ENCLAVE_AT': ','.join(map(str, enclave)),
                'CLOISTER_KILL_STEPS': str(self.noted), 'CLOISTER_KILL_LOG': str(self.killed)}
        os.environ.update(told)
        try:
            return self.start()
        finally:
            for name in told:
                del os.environ[name]

    def steps(self):
        """A letter for each step of this start (kill_at.cc): 'ppsfh' are two writes, a flush and two frames."""
        return self.noted.read_text() if self.noted.exists() else ''

    def kills(self):
        """What died so far: 'server 40', 'enclave 3'."""
        return self.killed.read_text().splitlines() if self.killed.exists() else []

    def dead(self):
        return self.process is None or self.process.poll() is not None

    def revive(self):
        """Starts it again if it is dead; whoever notices first does it."""
        with self.lock:
            if self.dead():
                self.stop()
                self.start_again()

    def start_again(self):
        self.start()


class Client:
    """Sends until it is answered."""

    def __init__(self, server, key):
        self.server, self.key = server, key
        self.fields = {}  # of the last answer

    def answer(self, method, path, body=None, name=None, headers=(), also=()):
        """(status, JSON) of the first answer that is 2xx or one of `also`."""
        end = time.monotonic() + RETRY_SECONDS_MAX
        while True:
            rest = Rest(url=self.server.url)
            rest.key = self.key
            try:
                fields = {**dict(headers), **({'Idempotency-Key': name} if name else {})}
                status, answered, text = rest.call(method, path, body, fields)
                if status < 300 or status in also:
                    self.fields = answered
                    return status, json.loads(text)
                if status not in AGAIN:
                    raise AssertionError(f'{method} {path}: {status} {text[:600]!r}')
                said = text
            except (http.client.HTTPException, OSError) as broken:
                said = broken
            if time.monotonic() > end:
                raise AssertionError(f'{method} {path}: no answer: {said!r}')
            if self.server.dead():
                self.server.revive()
            else:
                time.sleep(0.05)

    def send(self, *arguments, **more):
        return self.answer(*arguments, **more)[1]

    def get(self, path):
        return self.send('GET', path)
