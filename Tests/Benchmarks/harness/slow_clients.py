"""Clients that are slow, many in one process: `python3 slow_clients.py PORT COUNT`.

By turns: one sends its head a byte at a time, one a body, one asks for a long reply and does not read it. One that the server has
ended comes again. Says `ready` once all are connected, then goes on until its standard input ends, and says as JSON how many were
connected then, and how often one was ended.
"""

import json
import selectors
import socket
import sys
import time

# Of each client, seconds between two bytes.
PAUSE = 1.0
HEAD = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: " + b"x" * 1000
BODY = b"POST /runs/slow/metadata/metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n"
REPLY = b"GET /openapi.yaml HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 20


class SlowClient:
    def __init__(self, number: int, port: int) -> None:
        self.kind = number % 3
        self.port = port
        self.ended = -1
        self.connect()

    def connect(self) -> None:
        self.ended += 1
        self.sent = 0
        self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        if self.kind == 1:
            self.socket.sendall(BODY)
        elif self.kind == 2:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            self.socket.sendall(REPLY)
        self.socket.setblocking(False)

    def step(self) -> None:
        """Sends a byte, of which nothing is ever complete."""
        if self.kind == 2:
            return
        try:
            self.socket.send(HEAD[self.sent : self.sent + 1] if self.kind == 0 else b" ")
            self.sent += 1
        except OSError:
            self.again()

    def again(self) -> None:
        self.socket.close()
        self.connect()


def main(port: int, count: int) -> None:
    clients = [SlowClient(number, port) for number in range(count)]
    with selectors.DefaultSelector() as selector:
        selector.register(sys.stdin, selectors.EVENT_READ)
        print("ready", flush=True)
        start, turn = time.monotonic(), 0
        while not selector.select(max(0.0, start + turn * PAUSE / count - time.monotonic())):
            while start + turn * PAUSE / count <= time.monotonic():
                clients[turn % count].step()
                turn += 1
    print(json.dumps({"connected": count, "ended": sum(client.ended for client in clients)}), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
