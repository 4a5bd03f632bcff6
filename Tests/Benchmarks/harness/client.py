"""A keep-alive HTTP/1.1 client that costs little: one send, and as few receives as the reply needs.

Single requests are timed with it, so what it spends itself has to be small against what the server spends.
"""

import socket
import ssl
from dataclasses import dataclass

from .failure import Failure


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes


def request_bytes(method: str, path: str, body: bytes = b"", content_type: str = "application/json") -> bytes:
    """A whole request, made before the clock starts."""
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    if body or method != "GET":
        head += f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


class Client:
    """One connection to a server on this machine."""

    def __init__(self, port: int, timeout: float = 120, *, encrypted: bool = False) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if encrypted:
            context = ssl.create_default_context()
            # The server's certificate is its own.
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            self._socket = context.wrap_socket(self._socket)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, request: bytes) -> Reply:
        """Sends a request made by `request_bytes` and waits for the whole reply."""
        self._socket.sendall(request)
        received = b""
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self._receive()
        head = received[:end].decode("latin-1").lower().split("\r\n")
        fields = dict(line.split(":", 1) for line in head[1:])
        if "content-length" not in fields and not head[0].split()[1] == "204":
            raise Failure(f"a reply without Content-Length: {head}")
        length = int(fields.get("content-length", "0"))
        body = received[end + 4 :]
        while len(body) < length:
            body += self._receive()
        return Reply(int(head[0].split()[1]), body)

    def expect(self, status: int, request: bytes) -> Reply:
        """Sends a request whose reply must have this status."""
        reply = self.send(request)
        if reply.status != status:
            line = request.split(b"\r\n", 1)[0].decode()
            raise Failure(f"{line}: {reply.status} instead of {status}: {reply.body[:500].decode(errors='replace')}")
        return reply

    def _receive(self) -> bytes:
        data = self._socket.recv(65536)
        if not data:
            raise Failure("the server closed the connection in the middle of a reply")
        return data
