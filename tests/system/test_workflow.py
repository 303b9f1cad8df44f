"""The mission's sequence over HTTP with API keys, as the script of the examples and as a script of somebody else."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import support
from support import ROOT, Rest, await_that, stage

sys.path.insert(0, str(ROOT / 'examples'))

import plain  # noqa: E402
import workflow  # noqa: E402

PEOPLE_SQL = """SELECT coinsurance, COUNT(DISTINCT visits.person_id), SUM(mdvis) FROM visits, coverage
WHERE visits.person_id = coverage.person_id GROUP BY 1 HAVING COUNT(DISTINCT visits.person_id) >= 25 ORDER BY 1"""


class Caller(Rest):
    """Somebody with an API key in the field that he likes."""

    def __init__(self, url, key, bearer=False):
        super().__init__(url=url)
        self.fields = {'Authorization': f'Bearer {key}'} if bearer else {'X-API-Key': key}

    def call(self, method, path, body=None, headers=()):
        return super().call(method, path, body, {**self.fields, **dict(headers)})


class Workflow(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix='cloister-system-')
        cls.addClassCleanup(folder.cleanup)
        cls.buckets = Path(folder.name) / 'buckets'
        cls.server = stage.Server(folder.name, '--buckets', cls.buckets).start()
        cls.addClassCleanup(cls.server.stop)

    def log_in(self, email, bearer=False):
        key = Rest(url=self.server.url).json('POST', '/api/dev/login', {'email': email})['api_key']
        return Caller(self.server.url, key, bearer)

    def test_the_example_script(self):
        done = subprocess.run([sys.executable, ROOT / 'examples/workflow.py', '--url', self.server.url],
                              capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn('completed', done.stdout)

    def test_its_answer_is_the_one_of_hand_written_sql(self):
        result = workflow.run(self.server.url, workflow.log_in(self.server.url))
        database = plain.open_plain()
        self.addCleanup(database.close)
        expected = [list(row) for row in database.execute(PEOPLE_SQL)]
        self.assertEqual(result['result_data']['rows'], expected)

    def test_a_script_of_somebody_else(self):
        """Defaults, presets, names of people, types of data frames, files in a bucket, nothing said of keys."""
        ana, ben = self.log_in('ana@a.example'), self.log_in('ben@b.example', bearer=True)
        created = ana.json('POST', '/api/tee/environments', {
            'name': 'Study', 'description': 'x', 'gcp_project_id': 'p', 'gcp_zone': 'us-central1-a',
            'participant_emails': ['ben@b.example'], 'allow_cross_party_joins': True,
            'require_unanimous_approval': True}, expect=201)
        tee = created['tee']
        self.assertTrue(created['message'])
        self.assertEqual((tee['status'], tee['gcp_project_id'], tee['provider']), ('active', 'p', 'local'))
        base = f'/api/tee/environments/{tee["id"]}'
        self.assertIn(tee['id'], [each['id'] for each in ben.get('/api/tee/environments')['tees']])
        self.assertTrue(ben.json('POST', f'{base}/attestation', {'nonce': 'chosen-by-the-caller'})['verified'])

        (self.buckets / 'hospital-data').mkdir(parents=True)
        (self.buckets / 'hospital-data' / 'patients.csv').write_text(
            'Patient_ID,region,cost\n' + ''.join(f'{i},{"north" if i % 2 else "south"},{i % 90}\n' for i in range(200)))
        one = ana.json('POST', f'{base}/datasets', {
            'name': 'Patient Records', 'description': 'x', 'gcs_bucket': 'hospital-data', 'gcs_path': 'patients.csv',
            'schema': {'Patient_ID': 'integer', 'region': 'string', 'cost': 'float'},
            'policy': 'aggregate_only', 'privacy_unit': 'Patient_ID'}, expect=201)['dataset']
        self.assertEqual((one['name'], one['table_name'], one['status']),
                         ('Patient Records', 'patient_records', 'uploading'))
        two = ben.json('POST', f'{base}/datasets', {
            'name': 'claims', 'schema': {'columns': [{'name': 'person', 'type': 'bigint'},
                                                     {'name': 'paid', 'type': 'Double'}]},
            'policy': {'preset': 'aggregates-only', 'privacy_unit': 'person'}}, expect=201)['dataset']
        rows = 'person,paid\n' + ''.join(f'{i},{i % 7}.5\n' for i in range(300))
        self.assertEqual(ben.call('POST', f'/api/tee/datasets/{two["id"]}/mark-available')[0], 409)
        ben.json('PUT', f'/api/tee/datasets/{two["id"]}/content', rows.encode())
        for caller, dataset in ((ana, one), (ben, two)):
            marked = caller.json('POST', f'/api/tee/datasets/{dataset["id"]}/mark-available', expect=200)
            self.assertEqual(marked['dataset']['status'], 'available')

        query = ana.json('POST', f'{base}/queries', {
            'name': 'By region', 'query_text': f'SELECT a.region, COUNT(DISTINCT a.patient_id) AS n, SUM(b.paid) AS s '
            f'FROM dataset_{one["id"]} a JOIN claims b ON a.patient_id = b.person GROUP BY a.region ORDER BY 1',
            'accesses_datasets': [one['id'], 'claims']}, expect=201)['query']
        self.assertEqual(query['privacy_level'], 'aggregate_only')
        self.assertIn(query['status'], ('submitted', 'verifying'))
        ana.json('POST', f'/api/tee/queries/{query["id"]}/approve', {'notes': 'ok'})
        ben.json('POST', f'/api/tee/queries/{query["id"]}/approve')
        path = f'/api/tee/queries/{query["id"]}'
        done = await_that(lambda: (lambda q: q if q['status'] in ('completed', 'error') else None)(
            ben.get(path)['query']), 'the query ended')
        self.assertEqual(done['status'], 'completed', done)
        answer = ben.get(f'{path}/results')
        self.assertEqual([row[:2] for row in answer['results'][0]['result_data']['rows']],
                         [['north', 100], ['south', 100]])
        self.assertEqual(answer['result_data'], answer['results'][0]['result_data'])
        link = ben.get(f'{path}/results/{answer["results"][0]["id"]}/download')
        self.assertGreater(link['expires_in_seconds'], 0)
        self.assertEqual(link['format'], 'json')
        self.assertGreater(link['file_size_bytes'], 0)
        status, _, text = Rest(url=self.server.url).call('GET', link['download_url'])
        self.assertEqual((status, json.loads(text)['rows']), (200, answer['result_data']['rows']))

    def test_a_dataset_without_policy_is_kept_and_not_read(self):
        ana = self.log_in('carl@a.example')
        base = f'/api/tee/environments/{ana.json("POST", "/api/tee/environments", {"name": "alone"})["tee"]["id"]}'
        dataset = ana.json('POST', f'{base}/datasets',
                           {'name': 'shut', 'schema': {'id': 'int', 'x': 'text'}})['dataset']
        ana.json('PUT', f'/api/tee/datasets/{dataset["id"]}/content', b'id,x\n1,a\n')
        ana.json('POST', f'/api/tee/datasets/{dataset["id"]}/mark-available', expect=200)
        refused = ana.json('POST', f'{base}/queries', {'name': 'q', 'query_text': 'SELECT COUNT(*) FROM shut'},
                           expect=422)
        self.assertTrue(refused['violations'])
        self.assertTrue(refused['message'])

    def test_a_file_that_does_not_fit_its_schema(self):
        ana = self.log_in('dora@a.example')
        base = f'/api/tee/environments/{ana.json("POST", "/api/tee/environments", {"name": "alone"})["tee"]["id"]}'
        dataset = ana.json('POST', f'{base}/datasets', {
            'name': 'wrong', 'schema': {'id': 'int'}, 'policy': 'aggregate_only', 'privacy_unit': 'id'})['dataset']
        path = f'/api/tee/datasets/{dataset["id"]}'
        ana.json('PUT', f'{path}/content', b'id\nSmith\n')
        answer = ana.json('POST', f'{path}/mark-available', expect=422)
        self.assertIn('cannot be loaded', answer['message'])  # which line, its owner's own check says
        self.assertNotIn('Smith', json.dumps(answer))
        self.assertEqual(ana.get(path)['dataset']['status'], 'failed')
        ana.json('PUT', f'{path}/content', b'id\n7\n')
        self.assertEqual(ana.json('POST', f'{path}/mark-available', expect=200)['dataset']['version'], 2)


if __name__ == '__main__':
    support.main()
