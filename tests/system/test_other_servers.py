"""What the client says where no server is, where another program listens, and where nothing can be written: never that
there is nothing, and never success."""

import json
import subprocess
import tempfile
import unittest
from contextlib import closing

import support
from loopback import Handler, LoopbackServer
from support import stage

QUERY = 'qry_01ja0zy3v8k6q4m2x9w7t5r3p1'
VERBS = (['env', 'list'], ['inbox'], ['dataset', 'list'], ['query', 'list'], ['query', 'wait', QUERY],
         ['webhook', 'list'], ['webhook', 'deliveries', 'whk_1'], ['watch'])
ANSWERS = {
    'nothing': ('application/json', b''),
    'a page': ('text/html', b'<html>\x1b[31mWelcome</html>'),
    'an array': ('application/json', b'[]'),
    'an object': ('application/json', b'{}'),
    'lists of others': ('application/json', b'{"tees":[7],"datasets":{},"queries":"none","webhooks":null}'),
    'a list without an end': ('application/json', b'{"tees":[],"webhooks":[],"deliveries":[],"next_cursor":"again"}'),
}


class Listener(LoopbackServer):
    """Answers all requests with the same, or page after page."""

    def __init__(self, kind, body, pages=()):
        class Same(Handler):
            def do_GET(self):
                cursor = self.path.partition('cursor=')[2]
                answer = pages[int(cursor or 0)] if pages else body
                self.send_response_only(200)
                self.send_header('Content-Type', kind)
                self.send_header('Content-Length', str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

        super().__init__(Same)


class OtherServers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix='cloister-system-')
        cls.addClassCleanup(folder.cleanup)
        server = stage.Server(folder.name).start()
        cls.addClassCleanup(server.stop)
        cls.ana = stage.Party(server, 'ana')
        cls.server = server

    def at(self, listener):
        self.addCleanup(self.ana.moved_to, self.server)
        return self.ana.moved_to(listener)

    def refused(self, verb, saying=''):
        code, out, err = self.ana.invoke('--timeout', '5', *verb)
        self.assertNotEqual(code, 0, (verb, out))
        self.assertIn('error: ', err, verb)
        self.assertIn(saying, err, verb)
        self.assertNotIn('\x1b', out + err, verb)

    def test_where_another_program_listens(self):
        for name, (kind, body) in ANSWERS.items():
            with closing(Listener(kind, body)) as listener:
                self.at(listener)
                for verb in VERBS:
                    with self.subTest(name, verb=verb):
                        self.refused(verb)

    def test_where_nobody_listens(self):
        with closing(Listener('text/plain', b'')) as listener:
            self.at(listener)
        for verb in VERBS:
            with self.subTest(verb=verb):
                self.refused(verb, 'is the server running there?')

    def test_lists_are_read_to_their_end(self):
        pages = [json.dumps({'tees': [{'id': f'env_{i}', 'name': f'room {i}', 'status': 'running', 'epoch': 1}],
                             'next_cursor': str(i + 1) if i < 2 else None}).encode() for i in range(3)]
        with closing(Listener('application/json', b'', pages)) as listener:
            listed = self.at(listener).json('env', 'list')
        self.assertEqual([tee['name'] for tee in listed['tees']], ['room 0', 'room 1', 'room 2'])

    def test_what_cannot_be_written_is_no_success(self):
        for verb in (['--help'], ['--version'], ['completion', 'bash'], ['env', 'list', '--json'], ['key', 'show']):
            with self.subTest(verb=verb), open('/dev/full', 'w') as full:
                done = subprocess.run([stage.programs() / 'cloister', '--home', self.ana.home, *verb], stdout=full,
                                      stderr=subprocess.PIPE, text=True, env=stage.CLIENT_ENVIRONMENT)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn('standard output', done.stderr)

    def test_a_timeout_is_a_number(self):
        for text in ('nan', '-1', 'inf', '1e3', 'soon'):
            code, _, err = self.ana.invoke('--timeout', text, 'watch')
            self.assertEqual(code, support.USAGE, (text, err))


if __name__ == '__main__':
    support.main()
