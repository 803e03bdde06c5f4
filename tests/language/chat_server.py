"""An OpenAI-compatible server as a process of its own: it answers every question with an order, after a while."""

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ANSWER = {"choices": [{"message": {"content": json.dumps({"order": ["B", "A"]})}}], "usage": {"total_tokens": 300}}


class Chat(BaseHTTPRequestHandler):
    """POST /v1/chat/completions."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(float(sys.argv[1]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(ANSWER).encode())

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Chat)
    print(server.server_port, flush=True)
    server.serve_forever()
