#!/usr/bin/env python3
"""A hospital and an insurer ask one question of both their data, over HTTP and with nothing but API keys.

    cloisterd --dev-login &
    examples/workflow.py                                  # takes two accounts by the development login
    examples/workflow.py --url URL --keys KEY_A KEY_B     # with API keys that you have

Everything here can be done with curl just as well: docs/api/quick-reference.md. Python's standard library only.
Whoever has an API key and no key of his own lets the server keep one for him (custody `server`), and so trusts it.
"""

import argparse
import json
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parent
PARTIES = ('ana@hospital.example', 'ben@insurer.example')
WAIT_SECONDS_MAX = 120
CALL_SECONDS_MAX = 300


class Api:
    """The server, as the owner of one API key sees it."""

    def __init__(self, url, key=None):
        self.url, self.key = url.rstrip('/'), key

    def call(self, method, path, body=None, content_type='application/json'):
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=body, method=method)
        if body is not None:
            request.add_header('Content-Type', content_type)
        if self.key:
            request.add_header('X-API-Key', self.key)
        try:
            with urllib.request.urlopen(request, timeout=CALL_SECONDS_MAX) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            raise SystemExit(f'{method} {path}: {refused.code} {refused.read().decode(errors="replace")}') from None

    def get(self, path):
        return self.call('GET', path)

    def post(self, path, body=None):
        return self.call('POST', path, body if body is not None else {})

    def put_file(self, path, file):
        return self.call('PUT', path, file.read_bytes(), 'application/octet-stream')


def log_in(url):
    """Two accounts on a server that was started with --dev-login."""
    anybody = Api(url)
    return [anybody.post('/api/dev/login', {'email': email})['api_key'] for email in PARTIES]


def create_environment(hospital, partner_email):
    created = hospital.post('/api/tee/environments', {
        'name': 'Coinsurance and doctor visits',
        'description': 'Do people who pay more of the bill themselves see a doctor less often?',
        'gcp_project_id': 'my-project',
        'gcp_zone': 'europe-west4-a',
        'participant_emails': [partner_email],
        'allow_cross_party_joins': True,
        'require_unanimous_approval': True,
    })
    return created['tee']


def verify(api, tee):
    verdict = api.post(f'/api/tee/environments/{tee["id"]}/attestation')
    if not verdict['verified']:
        raise SystemExit(f'the enclave is not what the charter asks for: {verdict["findings"]}')
    return verdict


def share(api, tee, name, file):
    """Registers a dataset with schema and policy, uploads its file, and makes it available."""
    folder = EXAMPLES / file
    stem = folder.with_suffix('')
    dataset = api.post(f'/api/tee/environments/{tee["id"]}/datasets', {
        'name': name,
        'description': f'{name}, from {folder.name}',
        'format': folder.suffix[1:],
        'schema': json.loads(Path(f'{stem}.schema.json').read_text()),
        'policy': json.loads(Path(f'{stem}.policy.json').read_text()),
    })['dataset']
    api.put_file(f'/api/tee/datasets/{dataset["id"]}/content', folder)
    return api.post(f'/api/tee/datasets/{dataset["id"]}/mark-available')['dataset']


def ask(api, tee, visits, coverage):
    sql = f"""SELECT c.coinsurance, COUNT(DISTINCT v.person_id) AS people, SUM(v.mdvis) AS visits
FROM dataset_{visits['id']} v JOIN dataset_{coverage['id']} c ON v.person_id = c.person_id
GROUP BY c.coinsurance ORDER BY c.coinsurance"""
    return api.post(f'/api/tee/environments/{tee["id"]}/queries', {
        'name': 'Visits by coinsurance',
        'description': 'One line for each rate of coinsurance.',
        'query_text': sql,
        'accesses_datasets': [visits['id'], coverage['id']],
        'privacy_level': 'aggregate_only',
    })['query']


def wait_for(api, query):
    end = time.monotonic() + WAIT_SECONDS_MAX
    while time.monotonic() < end:
        query = api.get(f'/api/tee/queries/{query["id"]}')['query']
        if query['status'] in ('completed', 'rejected', 'error', 'cancelled', 'expired'):
            return query
        time.sleep(0.5)
    raise SystemExit('the query did not end in time')


def show(result):
    data = result['result_data']
    names = [column['name'] if isinstance(column, dict) else column for column in data['columns']]
    print('  ' + '  '.join(f'{name:>12}' for name in names))
    for row in data['rows']:
        print('  ' + '  '.join(f'{value!s:>12}' for value in row))


def run(url, keys):
    hospital, insurer = (Api(url, key) for key in keys)
    partner = insurer.get('/api/me')['user']['email']

    tee = create_environment(hospital, partner)
    print(f'environment {tee["id"]}: {tee["status"]}')
    for api in (hospital, insurer):
        verdict = verify(api, tee)
    print(f'evidence of kind {verdict["kind"]} verified for both')

    visits = share(hospital, tee, 'visits', 'hospital/visits.csv')
    coverage = share(insurer, tee, 'coverage', 'insurer/coverage.jsonl')
    print(f'datasets {visits["id"]}: {visits["status"]}, {coverage["id"]}: {coverage["status"]}')

    # The insurer asks: nobody sums his own measures over a match with another's people (rule R28).
    query = ask(insurer, tee, visits, coverage)
    print(f'query {query["id"]}: {query["status"]}')
    for api, notes in ((hospital, 'as agreed'), (insurer, 'aggregates only, fine')):
        query = api.post(f'/api/tee/queries/{query["id"]}/approve', {'notes': notes})['query']
    query = wait_for(insurer, query)
    print(f'query {query["id"]}: {query["status"]}')
    if query['status'] != 'completed':
        raise SystemExit(query.get('error_message', 'the query gave no result'))

    results = insurer.get(f'/api/tee/queries/{query["id"]}/results')['results']
    show(results[0])
    return results[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--url', default='http://127.0.0.1:8080')
    parser.add_argument('--keys', nargs=2, metavar=('HOSPITAL', 'INSURER'), help='API keys of the two parties')
    arguments = parser.parse_args()
    run(arguments.url, arguments.keys or log_in(arguments.url))
    return 0


if __name__ == '__main__':
    sys.exit(main())
