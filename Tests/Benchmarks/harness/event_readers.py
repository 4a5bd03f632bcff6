"""Readers of events, many in one process: `python3 event_readers.py PORT PATH COUNT`.

Says `ready` once all are connected, then reads until its standard input ends, and says what came as JSON: bytes, events,
rows, and how many of the readers were still connected. Only the first reader's bytes are looked at: the others get the
same.
"""

import json
import re
import selectors
import socket
import sys


def main(port: int, path: str, count: int) -> None:
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    selector = selectors.DefaultSelector()
    for number in range(count):
        reader = socket.create_connection(("127.0.0.1", port), timeout=30)
        reader.sendall(request)
        if not reader.recv(4096).startswith(b"HTTP/1.1 200"):
            sys.exit("a reader was refused")
        reader.setblocking(False)
        selector.register(reader, selectors.EVENT_READ, number)
    selector.register(sys.stdin, selectors.EVENT_READ, None)
    print("ready", flush=True)
    received, events, rows, left = 0, 0, 0, count
    while True:
        for key, _ in selector.select():
            if key.data is None:
                print(json.dumps({"bytes": received, "events": events, "rows": rows, "readers": left}), flush=True)
                return
            data = key.fileobj.recv(1 << 16)
            received += len(data)
            if not data:
                selector.unregister(key.fileobj)
                left -= 1
            elif key.data == 0:
                events += data.count(b"\nevent: ")
                rows += data.count(b'"loss"') + sum(map(int, re.findall(rb'event: skipped\ndata: .*?"rows":(\d+)', data)))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
