"""A proxy before an HTTP server that breaks chosen requests, to see what a client makes of it.

`arm(kind, at, times)` (or PUT /__fault/KIND/AT/TIMES over HTTP, for a client in another process) breaks the at-th request
from now (1 is the next) and those after it, `times` in all; with `only`, counting those alone whose first line has that.
GET /__fault tells how many were broken. The kinds:

  before      the connection is cut before the request is forwarded
  after       the request is forwarded and carried out; the connection is cut instead of the answer
  in_request  half of the request's body is forwarded, then both connections are cut
  in_answer   half of the answer arrives, then the connection is cut
  slow_down   503 SlowDown with Retry-After: 1; nothing is forwarded
"""
import contextlib
import socket
import socketserver
import struct
import threading

KINDS = ("before", "after", "in_request", "in_answer", "slow_down")
SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"


class Cut(Exception):
    """The peer ended the connection."""


class Stream:
    """A socket that is read message by message."""

    def __init__(self, sock):
        self.sock = sock
        self.rest = b""

    def _more(self):
        got = self.sock.recv(1 << 16)
        if not got:
            raise Cut
        self.rest += got

    def head(self):
        while b"\r\n\r\n" not in self.rest:
            self._more()
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        return head + b"\r\n\r\n"

    def exactly(self, size):
        while len(self.rest) < size:
            self._more()
        out, self.rest = self.rest[:size], self.rest[size:]
        return out

    def chunks(self):
        out = b""
        while True:
            while b"\r\n" not in self.rest:
                self._more()
            line = self.rest.split(b"\r\n", 1)[0]
            size = int(line.split(b";")[0], 16)
            out += self.exactly(len(line) + 2 + size + 2)
            if size == 0:
                return out

    def to_end(self):
        with contextlib.suppress(Cut):
            while True:
                self._more()
        out, self.rest = self.rest, b""
        return out

    def body(self, head, unbounded):
        fields = {}
        for line in head.decode("latin-1").split("\r\n")[1:]:
            name, _, value = line.partition(":")
            fields[name.lower()] = value.strip()
        if "chunked" in fields.get("transfer-encoding", ""):
            return self.chunks()
        if "content-length" in fields:
            return self.exactly(int(fields["content-length"]))
        return self.to_end() if unbounded else b""


def answer_of(server, method):
    """One whole answer, those with "100 Continue" before it skipped."""
    while True:
        head = server.head()
        status = int(head.split(b" ", 2)[1])
        if status >= 200:
            break
    return head, b"" if method == "HEAD" or status in (204, 304) else server.body(head, unbounded=True)


def reset(sock):
    """Closes so that the peer sees a broken connection, not a polite end."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


class FaultProxy:
    """Listens on a free port of 127.0.0.1; a context manager."""

    def __init__(self, host, port):
        self.server = (host, port)
        self.lock = threading.Lock()
        self.kind, self.at, self.times, self.only = None, 0, 0, ""
        self.injected = self.requests = 0
        proxy = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                with contextlib.suppress(Cut, OSError):
                    proxy.serve(self.request)

        class Listener(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        self.listener = Listener(("127.0.0.1", 0), Handler)
        self.port = self.listener.server_address[1]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        threading.Thread(target=self.listener.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown()
        self.listener.server_close()

    def arm(self, kind, at=1, times=1, only=""):
        assert kind in KINDS, kind
        with self.lock:
            self.kind, self.at, self.times, self.only = kind, at, times, only

    def disarm(self):
        with self.lock:
            self.kind = None

    def next_fault(self, line):
        """The kind that this request suffers, or None."""
        with self.lock:
            self.requests += 1
            if self.only not in line:
                return None
            self.at -= 1
            if self.kind is None or self.at > 0 or self.times == 0:
                return None
            self.times -= 1
            self.injected += 1
            return self.kind

    def control(self, client, target):
        if target != "/__fault":
            _, _, kind, at, times = target.split("/")
            self.arm(kind, int(at), int(times))
        text = str(self.injected).encode()
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(text), text))

    def serve(self, client):
        stream = Stream(client)
        while True:
            head = stream.head()
            line = head.decode("latin-1").split("\r\n")[0]
            method, target = line.split(" ")[:2]
            if target.startswith("/__fault"):
                stream.body(head, unbounded=False)
                self.control(client, target)
                continue
            if not self.one_request(client, stream, head, line):
                return

    def one_request(self, client, stream, head, line):
        """Gives whether the connection lives on."""
        method = line.split(" ")[0]
        fault = self.next_fault(line)
        if fault == "before":
            return reset(client)
        body = stream.body(head, unbounded=False)
        if fault == "slow_down":
            client.sendall(b"HTTP/1.1 503 Slow Down\r\nRetry-After: 1\r\nContent-Length: %d\r\n\r\n%s" %
                           (len(SLOW_DOWN), SLOW_DOWN))
            return True
        with socket.create_connection(self.server, 30) as upstream:
            if fault == "in_request":
                upstream.sendall(head + body[:len(body) // 2])
                reset(upstream)
                return reset(client)
            upstream.sendall(head + body)
            answer_head, answer_body = answer_of(Stream(upstream), method)
        if fault == "after":
            return reset(client)
        if fault == "in_answer":
            whole = answer_head + answer_body
            client.sendall(whole[:len(whole) // 2])
            return reset(client)
        client.sendall(answer_head + answer_body)
        return b"connection: close" not in answer_head.lower()
