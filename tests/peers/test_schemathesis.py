#!/usr/bin/env python3
"""Schemathesis against a server of ours on the loopback interface. CLOISTER_PEER_SECONDS=N goes on that long.

It reads the contract that the server serves, and makes requests that fit it and requests that do not. Objects that
exist are told to it, or each request would be about nothing.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tests/system'))

from support import stage  # noqa: E402  (needs the path above)
from test_contract import Story  # noqa: E402

SECONDS = os.environ.get('CLOISTER_PEER_SECONDS', '60')
SEED = os.environ.get('CLOISTER_SEED', '20261122')
# What ends the world of all others, and a stream that does not end.
LEFT_OUT = ('terminateEnvironment', 'suspendEnvironment', 'removeParticipant', 'removeDataset', 'removeKey', 'rollKey',
            'streamEvents', 'openSocket', 'createEnvironment', 'abortUpload')
# What fits its schema is answered so, and not 400. Fitting is not all: a name may be taken, a query may be refused.
CONFIGURATION = '''
[checks]
enabled = true

[checks.positive_data_acceptance]
expected-statuses = ["2xx", "303", "401", "403", "404", "409", "412", "422", "428", "429"]
'''
# What JSON Schema cannot say, so that what fits may be malformed all the same:
BEYOND_SCHEMAS = {
    'postLink': 'what is in a signed document',
    'addParticipantKey': 'what is in a signed proof',
    'registerDataset': 'a policy speaks of the columns of the schema',
    'changePolicy': 'a policy speaks of the columns of the schema',
    'addVersion': 'a policy speaks of the columns of the schema',
    'testPolicy': 'a policy speaks of the columns of the schema',
    'putPart': 'how many parts an upload has, how long they are, and which digest',
    'uploadContent': 'a file is not empty, and has the digest that is announced',
    'createWebhook': 'which hosts are of the public Internet',
    'replaceWebhook': 'which hosts are of the public Internet'}
EXEMPT = '''
[[operations]]
include-operation-id = "{name}"  # {why}
checks.positive_data_acceptance.enabled = false
'''
HOOKS = '''
import json, re, zlib, schemathesis
IDS = json.loads({ids!r})

def mostly(value):
    return zlib.crc32(str(value).encode(errors='replace')) % 5 != 0

@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """Most requests are about objects that exist; an id that is made up to be none stays as it is."""
    parent = next((part for part in context.operation.path.split('/') if part in IDS), None)
    for name, key in (('id', parent), ('upload', 'upload'), ('result', 'result')):
        made = str((path_parameters or {{}}).get(name))
        if key in IDS and re.fullmatch(r"[a-z]+_[0-9a-hjkmnp-tv-z]{{26}}", made) and mostly(made):
            path_parameters[name] = IDS[key]
    return path_parameters

def inexact(value):
    """Whether a number is among it that not every reader of JSON holds exactly: a free object cannot bound it."""
    if isinstance(value, (dict, list)):
        return any(map(inexact, value.values() if isinstance(value, dict) else value))
    return isinstance(value, (int, float)) and value == value // 1 and abs(value) > 2**53 - 1

def without_what_only_servers_write(query, body):
    """A cursor is one that was answered, and a stretch has its beginning before its end; nobody signs by chance, nor
    writes evidence."""
    if re.fullmatch(r"[A-Za-z0-9_-]+[.][0-9a-f]{{12}}", str(query.get('cursor', ''))):
        del query['cursor']
    if isinstance(query.get('from'), int) and isinstance(query.get('to'), int):
        query['from'], query['to'] = sorted((query['from'], query['to']))
    if inexact(body.get('parameters')):
        del body['parameters']
    if re.fullmatch(r"[A-Za-z0-9_-]+[.][A-Za-z0-9_-]+[.][A-Za-z0-9_-]{{86}}", str(body.get('document'))):
        del body['document']
    if isinstance(body.get('attestation_token'), str) and isinstance(body.get('nonce'), str):
        del body['attestation_token']

@schemathesis.hook
def before_call(context, case, kwargs):
    """The one key is sent beside what is made up; and a digest of another body is no digest of this one."""
    without_what_only_servers_write(case.query or {{}}, case.body if isinstance(case.body, dict) else {{}})
    for name in list(case.headers or ()):
        right = re.fullmatch(r"sha-256=:[A-Za-z0-9+/]{{43}}=:", str(case.headers[name]))
        if name.lower() in ('authorization', 'x-api-key') or (name.lower() == 'content-digest' and right):
            del case.headers[name]
'''


# As the server's log has them: "POST /api/keys 201 3 ms". There were 65 in a minute, what the story did apart.
ANSWERED_2XX = re.compile(r' ([A-Z]+ /\S+) 2\d\d \d+ ms')
OPERATIONS_MIN = 50


class Schemathesis(unittest.TestCase):
    def test_it_finds_nothing(self):
        with tempfile.TemporaryDirectory(prefix='cloister-peers-') as folder, stage.Server(folder) as server:
            story = Story(server.url)
            ids = {'environments': story.tee, 'datasets': story.dataset, 'queries': story.query, 'keys': story.key,
                   'admin': story.asked, 'upload': story.upload, 'result': story.result['id']}
            hooks = Path(folder, 'cloister_hooks.py')
            hooks.write_text(HOOKS.format(ids=json.dumps(ids)))
            Path(folder, 'schemathesis.toml').write_text(CONFIGURATION + ''.join(
                EXEMPT.format(name=name, why=why) for name, why in BEYOND_SCHEMAS.items()))
            out = [word for name in LEFT_OUT for word in ('--exclude-operation-id', name)]
            command = [Path(sys.executable).parent / 'schemathesis', 'run', f'{server.url}/openapi.json',
                       '--header', f'X-API-Key: {story.ana.key}', '--max-time', SECONDS, '--seed', SEED,
                       '--phases', 'examples,coverage,fuzzing', '--continue-on-failure', '--no-shrink',
                       '--request-timeout', '60',
                       '--suppress-health-check', 'all', '--warnings', 'off', *out]
            before = len(server.log.read_text(errors='replace'))  # what the story itself was answered says nothing
            done = subprocess.run(list(map(str, command)), cwd=folder, capture_output=True, text=True,
                                  env={**os.environ, 'SCHEMATHESIS_HOOKS': str(hooks), 'PYTHONPATH': folder,
                                       'NO_COLOR': '1'})
            print(done.stdout[-1500:])
            self.assertEqual(done.returncode, 0, done.stdout[-60_000:] + done.stderr[-4000:])
            answered = set(ANSWERED_2XX.findall(server.log.read_text(errors='replace')[before:]))
            print(f'{len(answered)} operations answered 2xx: {", ".join(sorted(answered))}')
            self.assertGreater(len(answered), OPERATIONS_MIN, 'too few requests came through to say anything')


if __name__ == '__main__':
    del sys.argv[1:]  # what other peers are told
    unittest.main()
