"""A man in the middle: plain HTTP from a client to the server, and what he changes on the way."""

import http.client
import re
from urllib.parse import urlsplit

from loopback import Handler, LoopbackServer

FORWARD_SECONDS_MAX = 60
HOP_BY_HOP = {'connection', 'keep-alive', 'transfer-encoding', 'content-length', 'host', 'expect'}


class Proxy(LoopbackServer):
    """`proxy.changing(r'/receipt$', lambda body: ...)`: from then on answers to paths that match are changed. An
    error in a change is kept in `failed`, so that a test does not mistake it for the client's vigilance."""

    def __init__(self, upstream):
        self.upstream = urlsplit(upstream)
        self.seen, self.failed, self.answers = [], [], {}
        self.answer_change = self.request_change = None
        proxy = self

        class Forwarder(Handler):
            protocol_version = 'HTTP/1.1'
            disable_nagle_algorithm = True  # else each answer waits 40 ms for an acknowledgement

            def forward(self):
                body = self.rfile.read(int(self.headers.get('Content-Length', 0)))
                status, fields, answer = proxy.forward(self.command, self.path, self.headers, body)
                self.send_response_only(status)
                for name, value in fields:
                    if name.lower() not in HOP_BY_HOP:
                        self.send_header(name, value)
                self.send_header('Content-Length', str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST = do_PUT = do_DELETE = forward

        super().__init__(Forwarder)

    def forward(self, method, path, fields, body):
        self.seen.append((method, path))
        fields = {name: value for name, value in fields.items() if name.lower() not in HOP_BY_HOP}
        if self.request_change and re.search(self.request_change[0], path) and method != 'GET':
            body = self._changed(self.request_change[1], body, fields)
        connection = http.client.HTTPConnection(self.upstream.hostname, self.upstream.port, timeout=FORWARD_SECONDS_MAX)
        try:
            connection.request(method, path, body or None, fields)
            answer = connection.getresponse()
            text = answer.read()
            self.answers[path.split('?')[0]] = text
            if self.answer_change and re.search(self.answer_change[0], path):
                text = self._changed(self.answer_change[1], text)
            return answer.status, answer.getheaders(), text
        finally:
            connection.close()

    def _changed(self, change, body, *more):
        try:
            changed = change(body, *more)
        except Exception as error:  # noqa: BLE001  (whatever it is, the test must see it)
            self.failed.append(repr(error))
            return body
        self.hits += changed != body
        return changed

    def changing(self, pattern, change):
        self.answer_change, self.request_change = (pattern, change), None
        return self._afresh()

    def changing_requests(self, pattern, change):
        """`change(body, fields)`; it may alter the fields in place."""
        self.answer_change, self.request_change = None, (pattern, change)
        return self._afresh()

    def _afresh(self):
        self.seen, self.failed, self.hits = [], [], 0
        return self

    @property
    def written(self):
        """Requests that tell the server something. A compile check stores nothing."""
        return [(method, path) for method, path in self.seen if method != 'GET' and not path.endswith('/check')]
