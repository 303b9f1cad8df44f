"""An HTTP server on a free port of the loopback interface: what the parties that a test plays itself are made of."""

import http.server
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    """Keeps quiet about what it is asked."""

    def log_message(self, *_):
        pass


class LoopbackServer:
    """Serves each connection with a HANDLER of its own, in a thread of its own, until close()."""

    def __init__(self, handler):
        self._server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.url = f'http://127.0.0.1:{self._server.server_port}'
        self._thread.start()

    def close(self):
        """Nobody is let in any more. A second time does no harm."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
