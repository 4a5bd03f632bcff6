"""Records training runs on a Rundir server. One file, standard library only, Python 3.8 on.

    import rundir

    with rundir.run(flags={"lr": 0.1}) as run:
        for step in range(100):
            run.log(step=step, loss=train())
        run.evaluation(acc=0.97)

Tracking never stops a job: nothing here raises, and a call takes microseconds. One thread sends in the background.
Requests that the server cannot take now (it is down, its disk is full, it rejects the token) wait in a folder, the spool, and
are sent in order later, by this process or another one (`python rundir.py send`). Requests that the server refuses are kept in
the spool's `refused/`. Every request is safe to send twice.

| variable | meaning |
|---|---|
| RUNDIR_URL | the server, default http://127.0.0.1:7117; `off`: record nothing |
| RUNDIR_TOKEN, RUNDIR_TOKEN_FILE | the token, or a file with it; default ~/.config/rundir/token, if it exists |
| RUNDIR_RUN | the run's id |
| RUNDIR_JOIN | 1: another process starts and ends the run |
| RUNDIR_SPOOL | the spool, default ~/.local/state/rundir |
| RUNDIR_WAIT | seconds that the end of a run may wait for the server, default 10 |
| RUNDIR_TIMEOUT | seconds that a reply may take, default 10 |

Of the ranks of a SLURM or torchrun job, rank 0 starts and ends the run, and the others join it. A further run of the same
processes is called as the first one with -2, -3, … behind it; all ranks have to start as many. In a batch script of SLURM
what is not started by srun is no rank. Several programs of one step of SLURM are one run, unless RUNDIR_RUN tells them apart.
"""

import atexit
import collections
import datetime
import hashlib
import http.client
import io
import json
import logging
import math
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import traceback
import urllib.parse
import urllib.request

__all__ = [
    "Error", "Run", "compare", "hugging_face_callback", "keras_callback", "lightgbm_callback", "lightning_logger", "log",
    "log_dir", "log_file", "run", "runs", "send", "xgboost_callback",
]

_log = logging.getLogger("rundir")

_said = set()


def _say(text):
    """Logs a warning, once in this process."""
    if text not in _said:
        _said.add(text)
        _log.warning("%s", text)


def _seconds(name, default):
    """A setting in seconds."""
    text = os.environ.get(name)
    try:
        seconds = float(text or default)
    except ValueError:
        seconds = -1
    if 0 <= seconds < 1e8:
        return seconds
    _say(f"{name} is {text!r}, no number of seconds; it is taken as {default}")
    return default


# Seconds between two looks at the queue; longer while the server is away, so that fewer and larger files are spooled.
_TICK, _TICK_AWAY = 0.2, 2.0
# Rows and bytes of one request.
_BATCH_ROWS, _BATCH_BYTES = 5_000, 1 << 20
# Entries of the queue; a caller that finds it full writes it to the spool.
_QUEUE = 200_000
# Seconds for a connection, for a reply, for the reply to a file.
_CONNECT, _REPLY, _REPLY_FILE = 3, _seconds("RUNDIR_TIMEOUT", 10) or 10, 120
# Seconds after which a lock that nobody refreshes is broken.
_LOCK_STALE = 600


class Error(Exception):
    """A query that the server did not answer. (Recording raises nothing.)"""


# MARK: Values

_PLAIN = frozenset((int, float, str, bool, type(None)))


def _plain(value, depth=0):
    """Converts a value to JSON: scalars and tensors of NumPy, PyTorch, JAX and TensorFlow, dataclasses, namespaces, enums."""
    if type(value) in _PLAIN:
        return value
    if depth > 30:
        return str(value)
    if isinstance(value, dict) or (hasattr(value, "keys") and hasattr(value, "__getitem__")):
        return {_name(key): _plain(value[key], depth + 1) for key in value.keys()}
    if isinstance(value, (list, tuple, set, frozenset, collections.deque)):
        return [_plain(one, depth + 1) for one in value]
    if hasattr(value, "__dataclass_fields__") and not isinstance(value, type):
        return {name: _plain(getattr(value, name), depth + 1) for name in value.__dataclass_fields__}
    if type(value).__name__ == "Namespace" and hasattr(value, "__dict__"):
        return {_name(key): _plain(one, depth + 1) for key, one in vars(value).items()}
    if hasattr(value, "name") and hasattr(value, "value") and hasattr(type(value), "__members__"):
        return _plain(value.value, depth + 1)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    for convert in ("tolist", "item", "numpy"):
        # A tensor that needs a gradient, or is on another device, has no numpy(), but item() and tolist().
        method = getattr(value, convert, None)
        if callable(method):
            try:
                found = method()
            except Exception:
                continue
            if found is not value:
                while isinstance(found, list) and len(found) == 1:
                    found = found[0]
                return _plain(found, depth + 1)
    for number in (int, float, bool, str):
        if isinstance(value, number):
            return number(value)
    if hasattr(value, "__float__"):
        try:
            return float(value)
        except Exception:
            pass
    return str(value)


def _name(key):
    key = _plain(key)
    return key if isinstance(key, str) else json.dumps(key) if isinstance(key, (bool, type(None))) else str(key)


def _finite(value):
    """The value with NaN and infinities as texts, as R writes them."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if value != value else "Inf" if value > 0 else "-Inf"
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_finite(one) for one in value]
    return value


def _json(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _document(value):
    return _json(_finite(_plain(value)))


def _guarded(method):
    """Logs any error in a call once, and never raises it in the job."""
    def call(self, *arguments, **named):
        try:
            return method(self, *arguments, **named)
        except Exception as error:
            _say(f"{method.__name__}: {type(error).__name__}: {error}")
            return None
    call.__name__, call.__doc__ = method.__name__, method.__doc__
    return call


# MARK: Settings

def _address(url=None):
    """The server's address. `host:port` is taken as `http://host:port`."""
    address = (url or os.environ.get("RUNDIR_URL") or "http://127.0.0.1:7117").rstrip("/")
    return "http://" + address if re.match(r"(\[[0-9A-Fa-f:]+\]|[\w.-]+):\d+(/|$)", address) else address


def _token():
    """Read for every request: a new token is used at once."""
    token = os.environ.get("RUNDIR_TOKEN")
    if token:
        return token.strip()
    path = os.environ.get("RUNDIR_TOKEN_FILE") or os.path.join(
        os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config"), "rundir", "token")
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return None


def _spool():
    return os.environ.get("RUNDIR_SPOOL") or os.path.join(
        os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state"), "rundir")


def _patience():
    return _seconds("RUNDIR_WAIT", 10)


# MARK: HTTP

class _Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def problem(self):
        """The server's own description of an error, or {} if the reply is not the server's."""
        if "problem+json" not in (self.headers.get("Content-Type") or ""):
            return {}
        try:
            return json.loads(self.body)
        except ValueError:
            return {}

    @property
    def said(self):
        return self.problem.get("detail") or self.body[:300].decode("utf-8", "replace") or "no detail"


class _Client:
    """One connection to a server, opened when needed. For one thread."""

    def __init__(self, address):
        parts = urllib.parse.urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Error(f"RUNDIR_URL is {address!r}; it has to be such as http://127.0.0.1:7117")
        self.parts, self.prefix = parts, parts.path.rstrip("/")
        self.connection = None

    def _open(self):
        host, port, secure = self.parts.hostname, self.parts.port, self.parts.scheme == "https"
        proxy = urllib.request.getproxies().get(self.parts.scheme)
        make = http.client.HTTPConnection
        named = {"timeout": _CONNECT}
        if secure:
            make, named["context"] = http.client.HTTPSConnection, ssl.create_default_context()
        self.absolute = ""
        if proxy and not urllib.request.proxy_bypass(host):
            proxy = urllib.parse.urlsplit(proxy if "//" in proxy else "//" + proxy)
            if secure:
                connection = make(proxy.hostname, proxy.port or 8080, **named)
                connection.set_tunnel(host, port or 443)
            else:
                connection = make(proxy.hostname, proxy.port or 8080, **named)
                self.absolute = f"http://{self.parts.netloc}"
        else:
            connection = make(host, port, **named)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def request(self, method, path, body=None, type=None, reply=_REPLY, once=False):
        """Sends a request and returns the reply.

        - body: bytes, or a file, which is read from its beginning
        - once: whether it must not arrive twice
        - Raises OSError or http.client.HTTPException if there is no reply; it may still have arrived.
        """
        for attempt in (0, 1):
            fresh = self.connection is None
            try:
                if fresh:
                    self.connection = self._open()
                self.connection.sock.settimeout(reply)
                headers = {"User-Agent": "rundir.py"}
                token = _token()
                if token:
                    headers["Authorization"] = "Bearer " + token
                if type:
                    headers["Content-Type"] = type
                if body is None and method not in ("GET", "DELETE"):
                    headers["Content-Length"] = "0"
                elif hasattr(body, "seek"):
                    headers["Content-Length"] = str(body.seek(0, os.SEEK_END))
                    body.seek(0)
                self.connection.request(method, self.absolute + self.prefix + path, body, headers)
                answer = self.connection.getresponse()
                found = _Reply(answer.status, answer.headers, answer.read())
                if answer.will_close:
                    self.close()
                return found
            except (OSError, http.client.HTTPException, ValueError) as error:
                self.close()
                # The server may have closed an idle connection: tried again once, on a new one.
                if fresh or attempt or once or isinstance(error, socket.timeout):
                    raise error if isinstance(error, (OSError, http.client.HTTPException)) else OSError(str(error))

    def close(self):
        if self.connection is not None:
            try:
                self.connection.close()
            finally:
                self.connection = None


# MARK: Spool

class _Item:
    """A request that is to be sent: in memory, or in the spool as `<name>.req` and `<name>.body`."""

    def __init__(self, method, path, type=None, body=b"", name=None, lane=None, base=None):
        self.method, self.path, self.type, self.body = method, path, type, body
        self.name, self.lane, self.base = name, lane, base

    @property
    def head(self):
        return f"{self.method}\n{self.path}\n{self.type or ''}\n".encode()

    @property
    def is_output(self):
        return self.method == "POST" and self.path.endswith("/metadata/output")


class _Lane:
    """A folder of the spool: what waits for one run, in order. rundir.sh and rundir.R use the same.

    A request exists once its `.req` does. Names sort in order: a number greater than all existing ones, and the maker.
    """

    def __init__(self, folder):
        self.folder = folder
        self.counter = 0
        self.next = 0
        # The file that makes this process the lock's owner.
        self.own = None

    def names(self):
        try:
            return sorted(name[:-4] for name in os.listdir(self.folder) if name.endswith(".req"))
        except OSError:
            return []

    def is_empty(self):
        try:
            with os.scandir(self.folder) as entries:
                return not any(entry.name.endswith(".req") for entry in entries)
        except OSError:
            return True

    def add(self, item, source=None):
        """Writes a request into the folder. `source` is the path of a file that is copied as its body."""
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        names = self.names()
        self.counter += 1
        last = max([self.next] + [int(name.split("-")[0]) for name in names[-1:]])
        self.next = last + 1
        name = f"{self.next:012d}-{_who()}.{self.counter}"
        base = os.path.join(self.folder, name)
        if source is None:
            _write(base + ".body", item.body)
        else:
            shutil.copyfile(source, base + ".body")
        if item.base is not None:
            _write(base + ".base", str(item.base).encode())
        _write(base + ".tmp", item.head)
        os.rename(base + ".tmp", base + ".req")
        item.name, item.lane = name, self

    def read(self, name):
        base = os.path.join(self.folder, name)
        with open(base + ".req", encoding="utf-8") as file:
            method, path, type = (file.read().split("\n") + ["", "", ""])[:3]
        try:
            with open(base + ".base", encoding="utf-8") as file:
                known = int(file.read() or 0)
        except (OSError, ValueError):
            known = None
        return _Item(method, path, type or None, None, name, self, known)

    def open(self, name):
        return open(os.path.join(self.folder, name + ".body"), "rb")

    def remove(self, name):
        for ending in (".req", ".body", ".base"):
            try:
                os.unlink(os.path.join(self.folder, name + ending))
            except FileNotFoundError:
                pass

    def tidy(self):
        """Removes the folder, if it is empty."""
        try:
            os.rmdir(self.folder)
        except OSError:
            pass

    # One process at a time sends the requests in the folder. The lock is a folder with one file, named after its owner:
    # PID-NONCE-HOST. Renaming that file takes the lock over from an owner that no longer runs; only one process can do that.

    def lock(self):
        folder = os.path.join(self.folder, "lock")
        own = os.path.join(folder, f"{os.getpid()}-{os.urandom(6).hex()}-{_host()}")
        try:
            os.mkdir(folder, 0o700)
            _write(own, b"")
        except FileExistsError:
            if not self._take_over(folder, own):
                return False
        except OSError:
            return False
        self.own = own
        # Two processes may have found the folder empty.
        if os.listdir(folder) != [os.path.basename(own)]:
            self.unlock()
            return False
        return True

    def _take_over(self, folder, own):
        try:
            found = sorted(os.listdir(folder))
            if not found:
                # Its owner was killed just before or after it made its file.
                if time.time() - os.stat(folder).st_mtime > 60:
                    os.rmdir(folder)
                return False
            if not all(self._is_gone(folder, name) for name in found):
                return False
            for name in found[1:]:
                os.unlink(os.path.join(folder, name))
            held = os.path.join(folder, found[0])
            # Touch it first, so that it no longer counts as old.
            os.utime(held)
            os.rename(held, own)
            return True
        except OSError:
            return False

    @staticmethod
    def _is_gone(folder, name):
        """Whether an owner no longer runs, or has not refreshed its lock for ten minutes."""
        if time.time() - os.stat(os.path.join(folder, name)).st_mtime > _LOCK_STALE:
            return True
        pid, _, rest = name.partition("-")
        if not pid.isdigit() or not rest.endswith("-" + _host()):
            return False
        try:
            os.kill(int(pid), 0)
        except (ProcessLookupError, OverflowError):
            return True
        except PermissionError:
            pass
        return False

    def refresh(self):
        """Refreshes the lock. False if another process has taken it over, after a long pause."""
        try:
            os.utime(self.own)
            return True
        except OSError:
            return False

    def unlock(self):
        try:
            os.unlink(self.own)
            os.rmdir(os.path.dirname(self.own))
        except OSError:
            pass


def _host():
    return re.sub("[^A-Za-z0-9.]", "_", socket.gethostname())


def _who():
    return f"{_host()}.{os.getpid()}"


def _write(path, bytes):
    with open(path, "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        file.write(bytes)


class _Spool:
    """The folder for one server: `runs/<run>/` and `files/<run>/` wait, `refused/<run>/` was refused. `steps/<run>` is the last
    step of a run, `failed/<run>` exists if its error is recorded."""

    def __init__(self, address):
        self.folder = os.path.join(_spool(), re.sub("[^A-Za-z0-9.-]", "_", address))

    def lane(self, run, kind="runs"):
        return _Lane(os.path.join(self.folder, kind, run))

    def lanes(self):
        for kind in ("runs", "files"):
            try:
                names = sorted(os.listdir(os.path.join(self.folder, kind)))
            except OSError:
                continue
            for name in names:
                yield self.lane(name, kind)

    def note(self, kind, run, text):
        os.makedirs(os.path.join(self.folder, kind), mode=0o700, exist_ok=True)
        _write(os.path.join(self.folder, kind, run), text.encode())

    def noted(self, kind, run):
        try:
            with open(os.path.join(self.folder, kind, run), encoding="utf-8") as file:
                return file.read()
        except OSError:
            return ""

    def refuse(self, item, body, reply):
        """Keeps a request that the server refuses, and the reply; once, however often it was sent."""
        run = item.path.split("/")[2] if item.path.startswith("/runs/") else "other"
        folder = os.path.join(self.folder, "refused", run)
        os.makedirs(folder, mode=0o700, exist_ok=True)
        digest = hashlib.sha256(item.head)
        if hasattr(body, "seek"):
            body.seek(0)
            for part in iter(lambda: body.read(1 << 20), b""):
                digest.update(part)
            body.seek(0)
        else:
            digest.update(body)
        base = os.path.join(folder, digest.hexdigest()[:20])
        if hasattr(body, "seek"):
            with open(base + ".body", "wb") as copy:
                shutil.copyfileobj(body, copy)
        else:
            _write(base + ".body", body)
        _write(base + ".reply", f"{reply.status}\n{reply.said}\n".encode("utf-8", "replace"))
        _write(base + ".req", item.head)
        return folder


# MARK: Sending

class _Sender:
    """Sends requests to a server, and reports the results."""

    SENT, AWAY = "sent", "away"

    def __init__(self, address):
        self.address = address
        self.client = _Client(address)
        self.spool = _Spool(address)
        self.refused = 0
        # Seconds to wait before the next attempt, and when that is (time.monotonic()).
        self.delay, self.attempt_at = 0.0, 0.0
        self.reason = None

    @property
    def is_away(self):
        return self.delay > 0

    def may_try(self):
        return time.monotonic() >= self.attempt_at

    def _away(self, reason, wait=None):
        self.delay = min(max(self.delay * 2, 0.5), 30)
        self.attempt_at = time.monotonic() + min(max(self.delay, wait or 0), 60)
        self.reason = reason
        _say(f"{self.address}: {reason}; what is recorded waits in {self.spool.folder}")
        return self.AWAY

    def send(self, item, body=None, bisections=16):
        """Sends a request. A refused one (4xx) is kept in `refused/`, and counts as sent."""
        body = item.body if body is None else body
        try:
            if item.is_output and self._has_arrived(item, body):
                return self.SENT
            reply = self.client.request(
                item.method, item.path, body if body is not None else b"", item.type,
                _REPLY_FILE if hasattr(body, "seek") else _REPLY, once=item.is_output)
        except (OSError, http.client.HTTPException) as error:
            return self._away(f"no reply ({type(error).__name__}: {error})")
        if reply.status < 300:
            self.delay, self.attempt_at = 0.0, 0.0
            return self.SENT
        if self._is_temporary(reply):
            try:
                wait = float(reply.headers.get("Retry-After") or 0)
            except ValueError:
                wait = 0
            return self._away(f"{reply.status} {reply.said}", wait)
        self.delay, self.attempt_at = 0.0, 0.0
        if item.type == "application/x-ndjson" and reply.status in (400, 422) and bisections > 0:
            # One faulty row must not prevent the others from being stored.
            content = body.read() if hasattr(body, "seek") and not body.seek(0) else body
            lines = content.splitlines(keepends=True)
            if len(lines) > 1:
                half = len(lines) // 2
                for part in (lines[:half], lines[half:]):
                    if self.send(_Item(item.method, item.path, item.type, b"".join(part)), None, bisections - 1) == self.AWAY:
                        return self.AWAY
                return self.SENT
        try:
            kept = "It is kept in " + self.spool.refuse(item, body, reply)
        except OSError as error:
            kept = f"It cannot be kept ({error})"
        self.refused += 1
        _say(f"{item.method} {item.path} was refused: {reply.status} {reply.said}. {kept}")
        return self.SENT

    @staticmethod
    def _is_temporary(reply):
        """Whether the same request may succeed later: also after a change of the token or of the server's settings."""
        if reply.status in (401, 408, 421, 425, 429, 503, 507):
            return True
        if reply.status == 403:
            return not (reply.problem.get("type") or "").endswith(("path-forbidden", "directory-forbidden"))
        # 500, 502 and 504 from a proxy; from the server itself, they concern the request.
        return reply.status >= 500 and not reply.problem

    def _has_arrived(self, item, body):
        """Whether output that was sent before, without a reply, has arrived.

        Before the first attempt, the length of the run's output is recorded with the item.
        """
        path = item.path[:-len("/metadata/output")] + "/output?after="
        if item.base is None:
            reply = self.client.request("GET", path + str(2**62))
            if reply.status in (401, 403):
                return False
            if reply.status not in (200, 404):
                raise OSError(f"{reply.status} {reply.said}")
            item.base = int(reply.headers.get("Output-Length") or 0)
            if item.lane is not None:
                _write(os.path.join(item.lane.folder, item.name + ".base"), str(item.base).encode())
            return False
        content = body.read() if hasattr(body, "seek") and not body.seek(0) else body
        for pause in (0, 0.5):
            # A server that was stuck may only now handle the first attempt.
            time.sleep(pause)
            reply = self.client.request("GET", path + str(item.base))
            if reply.status in (401, 403, 404):
                return False
            if reply.status != 200:
                raise OSError(f"{reply.status} {reply.said}")
            if content in reply.body:
                return True
        return False

    def replay(self, lane):
        """Sends the requests that wait in a folder, in order. Returns whether none is left that could be sent."""
        if lane.is_empty():
            return True
        if not lane.lock():
            return False
        try:
            while True:
                names = lane.names()
                if not names:
                    return True
                for name in names:
                    if not lane.refresh():
                        return False
                    try:
                        item = lane.read(name)
                        with lane.open(name) as body:
                            # Small bodies in one piece.
                            small = os.fstat(body.fileno()).st_size <= _BATCH_BYTES
                            sent = self.send(item, body.read() if small else body)
                    except FileNotFoundError:
                        lane.remove(name)
                        continue
                    if sent == self.AWAY:
                        return False
                    lane.remove(name)
        finally:
            lane.unlock()

    def replay_all(self):
        done = True
        for lane in list(self.spool.lanes()):
            if self.replay(lane):
                lane.tidy()
            else:
                done = False
            if self.is_away:
                return False
        return done


# MARK: The job's place among others

# The runs that this process has started or joined.
_begun = set()


class _Place:
    """The run that this process writes to, and whether it starts and ends it."""

    def __init__(self, id, resume, address):
        get = os.environ.get
        id = None if id is None else str(id)
        # Only the tasks of a step are ranks: a batch script without srun may start several programs.
        is_task = (get("SLURM_STEP_ID") or "").isdigit()
        rank = get("RANK") or (is_task and get("SLURM_PROCID")) or "0"
        size = get("WORLD_SIZE") or (is_task and (get("SLURM_STEP_NUM_TASKS") or get("SLURM_NTASKS"))) or "1"
        self.rank = int(rank) if rank.isdigit() else 0
        many = size.isdigit() and int(size) > 1
        self.joins = get("RUNDIR_JOIN") == "1" or (many and self.rank > 0)
        self.run = None
        if id and id != get("RUNDIR_RUN"):
            self.run = self._clean(id)
            if not resume:
                # The ranks have to agree on the run, whatever the server has when they ask.
                self.run = self._unused(self.run, None if many or self.joins else address)
        elif get("RUNDIR_RUN"):
            self.run = self._clean(get("RUNDIR_RUN"))
        elif many:
            self.run = self._of_job(size)
            if self.run and not resume:
                self.run = self._unused(self.run)
        self.is_fresh = self.run is None and not self.joins
        if self.is_fresh:
            self.run = _new_id()
        _begun.add(self.run)

    @classmethod
    def _unused(cls, run, address=None):
        """The id, or if this process has had that run, or the server has it, the id with a number."""
        number, name = 1, run
        while name in _begun or (address and cls._is_there(name, address)):
            number += 1
            name = f"{run[:120]}-{number}"
        if address and name != run:
            _say(f"there is a run {run} already, and resume is not True; this one is called {name}")
        return name

    @staticmethod
    def _is_there(run, address):
        """Whether the server has a run that was started. While the server is away nobody knows."""
        try:
            reply = _Client(address).request("GET", "/runs/" + urllib.parse.quote(run), reply=_CONNECT)
            return reply.status == 200 and json.loads(reply.body).get("status") != "pending"
        except (OSError, http.client.HTTPException, ValueError, Error):
            return False

    @staticmethod
    def _clean(id):
        """An id that is valid for the server and as a name in the spool."""
        clean = re.sub("^[^A-Za-z0-9]*", "", re.sub("[^A-Za-z0-9._=+@-]", "-", id))[:128] or "run"
        clean = "run-" + clean if clean in ("active", "archive") else clean
        if clean != id:
            _say(f"the run is called {clean}, since {id} is no run id")
        return clean

    @staticmethod
    def _of_job(size):
        """An id that all ranks agree on, or None."""
        get = os.environ.get
        if get("SLURM_JOB_ID") and (get("SLURM_STEP_ID") or "").isdigit():
            return f"slurm-{get('SLURM_JOB_ID')}.{get('SLURM_STEP_ID')}"
        id = get("TORCHELASTIC_RUN_ID")
        if id and id != "none":
            return "torchrun-" + re.sub("[^A-Za-z0-9._-]", "-", id)[:100]
        if get("LOCAL_WORLD_SIZE") == size:
            # All ranks are children of one process. Its start time distinguishes it from a later one with the same number.
            try:
                with open(f"/proc/{os.getppid()}/stat", encoding="utf-8") as file:
                    start = file.read().rsplit(")", 1)[1].split()[19]
                return f"torchrun-{re.sub('[^A-Za-z0-9.-]', '-', socket.gethostname())}-{os.getppid()}-{start}"
            except (OSError, IndexError):
                return None
        return None


def _new_id():
    """A time stamp as tfruns makes it, and four digits, since several machines may begin in the same second."""
    return time.strftime("%Y-%m-%dT%H-%M-%SZ", time.gmtime()) + "-" + os.urandom(2).hex()


# MARK: A run

class Run:
    """A run that is being recorded; made by `rundir.run()`."""

    def __init__(self, flags, id, properties, script, source, capture, resume, url):
        self.address = _address(url)
        place = _Place(id, resume, self.address)
        self.is_off = self.address == "off" or place.run is None
        if place.run is None:
            _say("the ranks of this job do not agree on a run; set RUNDIR_RUN. Only rank 0 records")
        self.id, self.rank, self.joins = place.run or "", place.rank, place.joins
        self.has_ended = self.is_off
        self._path = "/runs/" + urllib.parse.quote(self.id, safe="@+=")
        self._queue = collections.deque()
        # Of the step; of taking from the queue. What was taken, and is not sent or spooled yet.
        self._lock, self._taking = threading.Lock(), threading.Lock()
        self._in_hand = collections.deque()
        self._wake, self._idle = threading.Event(), threading.Event()
        self._closing, self._deadline = False, None
        self._captured = []
        # The step of the last row; None: it has to be asked for, since there may be earlier rows. The greatest that was given.
        self._step = 0 if place.is_fresh else None
        self._given = 0
        if self.is_off:
            return
        self._sender = _Sender(self.address)
        self._lane = self._sender.spool.lane(self.id)
        self._files = self._sender.spool.lane(self.id, "files")
        self._pid = os.getpid()
        if not self.joins:
            given = dict(_plain(properties or {}))
            given.setdefault("host", socket.gethostname())
            if place.is_fresh:
                # The request may arrive much later.
                given["start"] = time.time()
            if script is None and getattr(sys, "argv", [""])[0] not in ("", "-c", "-m"):
                script = os.path.basename(sys.argv[0])
            start = {"flags": _plain(flags or {}), "properties": given}
            if script:
                start["script"] = script
            self._put(_Item("PUT", self._path, "application/json", _json(_finite(start))))
            if resume or not place.is_fresh:
                self._put(_Item("POST", self._path + "/resume"))
        elif flags or properties:
            if flags:
                self.flags(flags)
            if properties:
                self.properties(properties)
        self._start_thread()
        # Only now: whatever is in this list can be ended.
        _open.append(self)
        _handle_sigterm()
        if source:
            self.source(source if isinstance(source, str) else ".")
        if capture:
            self._capture()

    # What is recorded.

    def log(self, row=None, **values):
        """Records a row of metrics: `log(step=7, loss=0.4)`, `log({"train/loss": 0.4}, step=7)`.

        A row without `step` and `epoch`, or with None for them, gets the next step. Rows of one step are one row. A row with
        an `epoch` but no step keeps none: rows of one epoch are one row.
        """
        try:
            if row is not None:
                values = {**_plain(row), **values}
            for value in values.values():
                if type(value) is not float and type(value) is not int:
                    values = {_name(name): _number(_plain(value)) for name, value in values.items()}
                    for name in ("step", "epoch"):
                        if values.get(name, 0) is None:
                            del values[name]
                    break
            if self.has_ended:
                if not self.is_off:
                    _say(f"the run {self.id} has ended; a row was not recorded")
                return
            if "step" in values:
                step = values["step"]
                if type(step) is float and step.is_integer():
                    step = int(step)
                if type(step) is int and step > self._given:
                    self._given = step
                    if self._step is not None and step > self._step:
                        self._step = step
            elif "epoch" not in values:
                with self._lock:
                    if self._step is None:
                        self._step = max(self._last_step(), self._given)
                    self._step += 1
                    values["step"] = self._step
            if "_time" not in values:
                values["_time"] = time.time()
            self._queue.append(values)
            if len(self._queue) > _QUEUE or self._pid != os.getpid():
                self._spill()
        except Exception as error:
            _say(f"log: {type(error).__name__}: {error}")

    @_guarded
    def flags(self, flags=None, **more):
        """Adds flags to the run's."""
        self._put(_Item("PATCH", self._path + "/metadata/flags", "application/json",
                        _document({**_plain(flags or {}), **more})))

    @_guarded
    def properties(self, properties=None, **more):
        """Sets properties."""
        self._put(_Item("POST", self._path + "/metadata/properties", "application/json",
                        _document({**_plain(properties or {}), **more})))

    @_guarded
    def evaluation(self, values=None, **more):
        """Adds to the evaluation: `evaluation(loss=0.08, acc=0.97)`."""
        self._put(_Item("PATCH", self._path + "/metadata/evaluation", "application/json",
                        _document(_number(_plain({**_plain(values or {}), **more})))))

    @_guarded
    def error(self, error, trace=None, **more):
        """Records an error, a text or an exception, and ends the run as failed."""
        if self.is_off:
            return
        if isinstance(error, BaseException):
            trace = trace or traceback.format_exception(type(error), error, error.__traceback__)
            message = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        else:
            message = str(error)
        document = {"message": message or "error"}
        if trace:
            lines = [trace] if isinstance(trace, str) else list(trace)
            document["traceback"] = [line for part in lines for line in part.rstrip("\n").split("\n")]
        if self.joins:
            document["rank"] = self.rank
            if os.environ.get("RUNDIR_JOIN") == "1":
                self._mark_failed()
        self._put(_Item("POST", self._path + "/metadata/error", "application/json", _document({**document, **more})))

    @_guarded
    def output(self, text):
        """Appends text to the run's console output."""
        if text:
            self._put(text if isinstance(text, str) else bytes(text).decode("utf-8", "replace"))

    @_guarded
    def write(self, type, data, content_type=None):
        """Writes metadata of any type: a value as JSON, bytes or a text as they are.

        A function is called with the path of a temporary folder; what it writes there becomes the type's files. (The server
        needs a type of that name, or `--custom-folders`.)
        """
        path = f"{self._path}/metadata/{type}"
        if callable(data):
            with tempfile.TemporaryDirectory(prefix="rundir-") as folder:
                data(folder)
                self._put(_Item("POST", path, "application/gzip", _archive(folder, _files_below(folder))))
        elif isinstance(data, (bytes, bytearray)):
            self._put(_Item("POST", path, content_type or "application/octet-stream", bytes(data)))
        elif isinstance(data, str):
            self._put(_Item("POST", path, content_type or "text/plain", data.encode("utf-8", "replace")))
        else:
            self._put(_Item("POST", path, content_type or "application/json", _document(data)))

    @_guarded
    def source(self, folder="."):
        """Records the source: what Git tracks in a folder, or else its Python files."""
        files = _source_files(folder)
        if files:
            self._put(_Item("POST", self._path + "/metadata/source", "application/gzip", _archive(folder, files)))
        else:
            _say(f"source: {os.path.abspath(folder)} has no files that Git tracks, and no Python files")

    @_guarded
    def log_file(self, path, name=None):
        """Stores a file beside the run's metadata, as it is now. `name` is its path there, by default its name."""
        if self.is_off:
            return
        name = name or os.path.basename(os.fspath(path))
        item = _Item("PUT", self._path + "/files/" + urllib.parse.quote(name), "application/octet-stream")
        with open(path, "rb") as file:
            try:
                self._files.add(item, source=os.fspath(path))
            except OSError as error:
                # In the caller's time: the file may change later, and may be too large for the queue.
                if _Sender(self.address).send(item, file) != _Sender.SENT:
                    _say(f"the spool cannot be written ({error}); {path} is not recorded")
        self._start_thread()

    @_guarded
    def log_dir(self, path, name=None):
        """Stores all files below a folder beside the run's metadata; `name` is the folder there, by default its name."""
        path = os.fspath(path)
        name = os.path.basename(os.path.abspath(path)) if name is None else name
        for file in _files_below(path):
            self.log_file(os.path.join(path, file), f"{name}/{file}" if name else file)

    # The end.

    def finish(self, completed=True, wait=None):
        """Ends the run. Waits `wait` seconds (RUNDIR_WAIT) until everything is sent; the rest stays in the spool."""
        try:
            self._finish(completed, None, wait)
        except Exception as error:
            _say(f"finish: {type(error).__name__}: {error}")

    def fail(self, error, wait=None):
        """Ends the run as failed, with a message or an exception."""
        try:
            self._finish(False, error, wait)
        except Exception as failure:
            _say(f"fail: {type(failure).__name__}: {failure}")

    def _finish(self, completed, error, wait, is_killed=False):
        if self.has_ended:
            return
        self._release()
        if error is not None:
            self.error(error)
        elif not self.joins:
            end = {"completed": bool(completed), "end": time.time()}
            self._put(_Item("POST", self._path + "/complete", "application/json", _json(end)))
        self.has_ended = True
        global _current
        if _current is self:
            others = [run for run in _open if run is not self]
            _current = others[-1] if others else None
        self._deadline = time.monotonic() + (_patience() if wait is None else wait)
        if is_killed:
            # First of all everything is in the spool: the process may be killed before its time is over.
            self._rescue()
        self._closing = True
        self._wake.set()
        if is_killed:
            self._thread.join(max(0.0, self._deadline - time.monotonic()))
        elif self._pid == os.getpid():
            self._thread.join(max(0.0, self._deadline - time.monotonic()) + 2 * _REPLY)
            if self._thread.is_alive() or self._queue:
                self._spill()
        if self._queue:
            _log.warning("the end of the run %s is lost: it could not be sent (%s), and the spool %s cannot be written",
                         self.id, self._sender.reason or "no time left", self._sender.spool.folder)
        if not self._lane.is_empty() or not self._files.is_empty():
            _log.warning("the run %s is not wholly sent (%s); it waits in %s and is sent by the next run, or by "
                         "`python rundir.py send`", self.id, self._sender.reason or "no time left",
                         self._sender.spool.folder)
        if self._sender.refused:
            _log.warning("%d requests of the run %s were refused; they are in %s", self._sender.refused, self.id,
                         os.path.join(self._sender.spool.folder, "refused"))
        # Only now: until here SIGTERM rescues what is not sent.
        _open.remove(self)
        if not _open:
            _leave_sigterm()

    def flush(self, wait=10):
        """Waits until all data recorded so far is sent, at most `wait` seconds. Returns whether it was."""
        if self.is_off:
            return True
        end = time.monotonic() + wait
        while time.monotonic() < end:
            self._idle.clear()
            self._wake.set()
            self._idle.wait(0.1)
            if self._idle.is_set() and not self._queue and self._lane.is_empty() and self._files.is_empty():
                return True
        return False

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is None:
            self.finish()
        elif issubclass(kind, KeyboardInterrupt):
            self.finish(completed=False)
        elif issubclass(kind, SystemExit):
            status = error.code
            self.finish() if status in (None, 0) else self.fail(f"exit status {status}")
        else:
            self.fail(error)
        return False

    # Captured output.

    def _capture(self):
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            if stream is not None:
                setattr(sys, name, _Tee(stream, self))
                self._captured.append((name, stream))

    def _release(self):
        for name, stream in self._captured:
            if isinstance(getattr(sys, name), _Tee):
                setattr(sys, name, stream)
        self._captured = []

    # The queue and the thread that empties it.

    def _put(self, entry):
        """Takes an item, or a text of the output."""
        if self.is_off:
            return
        if self.has_ended:
            _say(f"the run {self.id} has ended; what came after it was not recorded")
            return
        self._queue.append(entry)
        if len(self._queue) > _QUEUE or self._pid != os.getpid():
            self._spill()

    def _start_thread(self):
        self._thread = getattr(self, "_thread", None)
        if self._pid == os.getpid() and (self._thread is None or not self._thread.is_alive()):
            self._thread = threading.Thread(target=self._work, name="rundir", daemon=True)
            self._thread.start()
            self._file_thread = threading.Thread(target=self._work_on_files, name="rundir-files", daemon=True)
            self._file_thread.start()

    def _take(self):
        """The queue's content as requests: rows one behind another become one, and so does output."""
        items, rows, texts = [], [], []
        size = 0

        def close():
            nonlocal rows, texts, size
            if rows:
                items.append(_Item("POST", self._path + "/metadata/metrics", "application/x-ndjson",
                                   "".join(rows).encode("utf-8", "replace")))
            if texts:
                items.append(_Item("POST", self._path + "/metadata/output", "text/plain",
                                   "".join(texts).encode("utf-8", "replace")))
            rows, texts, size = [], [], 0

        queue, encode = self._queue, _row_encoder.encode
        while queue:
            try:
                entry = queue.popleft()
            except IndexError:
                break
            kind = type(entry)
            if kind is dict:
                if texts or len(rows) >= _BATCH_ROWS or size > _BATCH_BYTES:
                    close()
                try:
                    line = encode(entry) + "\n"
                except (ValueError, TypeError, RecursionError) as error:
                    _say(f"a row cannot be written as JSON: {error}")
                    continue
                rows.append(line)
                size += len(line)
            elif kind is str:
                if rows or size > _BATCH_BYTES // 4:
                    close()
                texts.append(entry)
                size += len(entry)
            else:
                close()
                items.append(entry)
            if len(items) >= 64:
                break
        close()
        return items

    def _work(self):
        sender = self._sender
        looked = False
        while True:
            self._wake.wait(_TICK_AWAY if sender.is_away and not self._closing else _TICK)
            self._wake.clear()
            try:
                while self._queue and self._deliver_waiting():
                    pass
                if self._closing:
                    sender.attempt_at = min(sender.attempt_at, time.monotonic() + 1)
                if sender.may_try() and sender.replay(self._lane) and not looked and not sender.is_away:
                    # Left by earlier runs; once.
                    looked = True
                    if not self._closing:
                        self._replay_others()
            except Exception as error:
                _say(f"{type(error).__name__}: {error}")
            if not self._queue:
                self._idle.set()
            if self._closing:
                empty = not self._queue and self._lane.is_empty() and self._files.is_empty()
                if empty or time.monotonic() > self._deadline:
                    if empty:
                        self._lane.tidy()
                        self._files.tidy()
                    return
                if self._lane.is_empty():
                    time.sleep(0.05)

    def _work_on_files(self):
        """Sends files beside the rest, since they take longer."""
        sender = _Sender(self.address)
        while True:
            try:
                if sender.may_try() and not self._files.is_empty():
                    sender.replay(self._files)
                    self._sender.refused += sender.refused
                    sender.refused = 0
            except Exception as error:
                _say(f"{type(error).__name__}: {error}")
            if self._closing and (self._files.is_empty() or time.monotonic() > self._deadline):
                return
            time.sleep(_TICK)

    def _deliver_waiting(self):
        """Sends or spools what is in the queue. Returns false if neither is possible: then it stays in memory."""
        with self._taking:
            return self._empty_queue(self._deliver)

    def _empty_queue(self, deliver):
        self._in_hand.extend(self._take())
        while self._in_hand:
            item = self._in_hand[0]
            try:
                deliver(item)
            except OSError as error:
                _say(f"the spool cannot be written ({error}); what is recorded stays in memory")
                self._queue.extendleft(reversed(self._in_hand))
                self._in_hand.clear()
                return False
            # Unless it was rescued meanwhile.
            if self._in_hand and self._in_hand[0] is item:
                self._in_hand.popleft()
        return True

    def _deliver(self, item):
        if self._sender.may_try() and self._lane.is_empty() and self._sender.send(item) == _Sender.SENT:
            return
        if item.lane is None:
            self._lane.add(item)
        if self._step is not None:
            self._sender.spool.note("steps", self.id, str(self._step))

    def _spill(self):
        """Writes the queue to the spool, in the caller's time: it is full, or this is a child of the process that has the
        thread, or the thread is stuck at the end."""
        may_go_on = self._pid == os.getpid() and not self._closing and len(self._queue) < 2 * _QUEUE
        if not self._taking.acquire(blocking=not may_go_on):
            # The thread is sending.
            return
        try:
            while self._queue and self._empty_queue(self._lane.add):
                pass
        finally:
            self._taking.release()

    def _rescue(self):
        """Writes the queue to the spool before the process is killed; also what the thread is sending, if that takes long: it is
        safe to send twice."""
        is_free = self._taking.acquire(timeout=1)
        waiting = list(self._in_hand)
        self._in_hand.clear()
        try:
            while self._queue:
                waiting += self._take()
            while waiting:
                self._lane.add(waiting[0])
                waiting.pop(0)
        except OSError as error:
            _say(f"the spool cannot be written ({error}); what is recorded stays in memory")
            self._queue.extendleft(reversed(waiting))
        finally:
            if is_free:
                self._taking.release()

    def _replay_others(self):
        sender = self._sender
        for lane in list(sender.spool.lanes()):
            if lane.folder not in (self._lane.folder, self._files.folder):
                if self._queue or self._closing:
                    self._deliver_waiting()
                if sender.replay(lane):
                    lane.tidy()
                if sender.is_away:
                    return

    def _last_step(self):
        """The greatest step that was recorded for the run before."""
        noted = self._sender.spool.noted("steps", self.id).strip()
        last = int(noted) if noted.isdigit() else 0
        try:
            reply = _Client(self.address).request("GET", self._path + "/metrics?columns=step&points=2", reply=_CONNECT)
            steps = json.loads(reply.body).get("step") if reply.status == 200 else None
            return max([last] + [int(step) for step in steps or [] if isinstance(step, (int, float)) and step == int(step)])
        except (OSError, http.client.HTTPException, ValueError, Error):
            if not noted:
                _say(f"the last step of {self.id} is not known while the server is away; rows without one go on from 0")
            return last

    def _mark_failed(self):
        """Notes for `rundir.sh exec`, which started this process, that the error is recorded."""
        try:
            self._sender.spool.note("failed", self.id, "")
        except OSError:
            pass


_row_encoder = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, check_circular=False)


def _number(value):
    """A metric: a boolean counts as a number."""
    if value is True or value is False:
        return int(value)
    if type(value) is dict:
        return {name: _number(one) for name, one in value.items()}
    if type(value) is list:
        return [_number(one) for one in value]
    return value


class _Tee(io.TextIOBase):
    """A stream whose text also goes to the run."""

    def __init__(self, stream, run):
        self._stream, self._run = stream, run

    def write(self, text):
        count = self._stream.write(text)
        self._run.output(text)
        return count

    def flush(self):
        self._stream.flush()

    def __getattr__(self, name):
        return getattr(self._stream, name)

    encoding = property(lambda self: self._stream.encoding)
    errors = property(lambda self: self._stream.errors)
    buffer = property(lambda self: self._stream.buffer)

    def fileno(self):
        return self._stream.fileno()

    def isatty(self):
        return self._stream.isatty()

    def writable(self):
        return True


# MARK: Files

_SKIPPED = {"__pycache__", "node_modules", "site-packages", "venv", "env", "build", "dist"}


def _files_below(folder):
    found = []
    for base, folders, names in os.walk(folder):
        folders.sort()
        found += [os.path.relpath(os.path.join(base, name), folder) for name in sorted(names)]
    return [name.replace(os.sep, "/") for name in found if os.path.isfile(os.path.join(folder, name))]


def _source_files(folder):
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                timeout=30, check=True).stdout.decode("utf-8", "surrogateescape").split("\0")
        listed = [name for name in listed if name and os.path.isfile(os.path.join(folder, name))]
        if listed:
            return listed
    except (OSError, subprocess.SubprocessError):
        pass
    found = []
    for base, folders, names in os.walk(folder):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and name not in _SKIPPED
            and not os.path.exists(os.path.join(base, name, "pyvenv.cfg")))
        found += [os.path.relpath(os.path.join(base, name), folder) for name in sorted(names) if name.endswith(".py")]
    return found


def _archive(folder, files):
    """A tar.gz of files, which are named relative to the folder; links are followed."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", dereference=True, format=tarfile.PAX_FORMAT) as archive:
        for name in files:
            entry = archive.gettarinfo(os.path.join(folder, name), arcname=name)
            if entry is not None and entry.isreg():
                entry.uname = entry.gname = ""
                entry.uid = entry.gid = 0
                with open(os.path.join(folder, name), "rb") as file:
                    archive.addfile(entry, file)
    return packed.getvalue()


# MARK: The module's functions

# The run that the module's functions record, and all that have not ended.
_current, _open = None, []


def run(flags=None, *, id=None, properties=None, script=None, source=None, capture=False, resume=False, url=None):
    """Starts a run, and returns it; best used by `with`, which ends it. Raises nothing.

    Without `with` and finish() the end of the process ends the run: as failed after an exception, or after sys.exit() with a
    status other than 0, also one that was caught. (The status of exit() and `raise SystemExit` is not known: such a run is
    completed. os._exit() leaves the run as it is.)
    SIGTERM ends it as stopped, unless the program has a handler of its own; within a long call of C code, only behind that.

    - flags: a dict, a dataclass, what argparse returns
    - id: a name, by default RUNDIR_RUN, that of the job, or a new one
    - source: True or a folder: its source is recorded
    - capture: True: what is printed goes to the run's output too
    - resume: True: go on with the run of that id, if there is one; else `id` gets -2, -3, … behind it. (While the server is
      away that is not known, and the run goes on. RUNDIR_RUN always goes on.)
    """
    global _current, _uncaught
    # What went wrong before, as in an interactive session, did not end the process.
    _uncaught = None
    try:
        _current = Run(flags, id, properties, script, source, capture, resume, url)
    except Exception as error:
        _say(f"nothing is recorded: {type(error).__name__}: {error}")
        _current = Run(None, "off", None, None, None, False, False, "off")
    return _current


def log(row=None, **values):
    """`Run.log()` of the run that was started last."""
    if _current is not None:
        _current.log(row, **values)


def log_file(path, name=None):
    """`Run.log_file()` of the run that was started last."""
    if _current is not None:
        _current.log_file(path, name)


def log_dir(path, name=None):
    """`Run.log_dir()` of the run that was started last."""
    if _current is not None:
        _current.log_dir(path, name)


def runs(where=None, *, order=None, limit=None, columns=None, archived=None, frame=False, url=None):
    """The server's runs as a list of dicts, newest first: `runs(where='eval_acc > 0.9', order='-eval_acc')`.

    - frame: True: as a data frame of pandas, if that is installed
    - Raises Error.
    """
    query = {"where": where, "order": order, "archived": archived,
             "columns": ",".join(columns) if isinstance(columns, (list, tuple)) else columns}
    query = {name: value for name, value in query.items() if value is not None}
    found, cursor = [], None
    client = _Client(_address(url))
    while True:
        asked = dict(query, limit=min(1000, limit - len(found)) if limit is not None else 1000)
        if cursor:
            asked["cursor"] = cursor
        page = _get(client, "/runs?" + urllib.parse.urlencode(asked))
        for one in page["runs"]:
            one.pop("links", None)
            found.append({name: _read_number(name, value) for name, value in one.items()})
        cursor = page.get("next")
        if not cursor or (limit is not None and len(found) >= limit):
            break
    if frame:
        try:
            import pandas
        except ImportError:
            return found
        return pandas.DataFrame(found)
    return found


def _read_number(name, value):
    """A value of a listing: metrics and evaluations have NaN and infinities as text."""
    if value in ("NaN", "Inf", "-Inf") and name.startswith(("metric_", "eval_", "min_", "max_")):
        return float(value)
    return value


def compare(*ids, url=None):
    """`GET /compare` of runs. Raises Error."""
    return _get(_Client(_address(url)),
                "/compare?" + urllib.parse.urlencode({"runs": ",".join(ids)}))


def _get(client, path):
    try:
        reply = client.request("GET", path, reply=60)
    except (OSError, http.client.HTTPException) as error:
        raise Error(f"no reply: {error}") from error
    if reply.status != 200:
        raise Error(f"{reply.status} {reply.said}")
    return json.loads(reply.body)


def send(url=None):
    """Sends what waits in the spool. Returns whether nothing is left."""
    return _Sender(_address(url)).replay_all()


def _at_exit():
    for run in [run for run in _open if run._pid == os.getpid()]:
        if _uncaught is not None:
            run.__exit__(type(_uncaught), _uncaught, None)
        else:
            run.finish()


# What ends the process, as far as it is known: an exception, or that of sys.exit().
_uncaught = None


def _hook(kind, error, trace, following=sys.excepthook):
    global _uncaught
    _uncaught = error
    following(kind, error, trace)


def _exit(status=None, /, following=sys.exit):
    """sys.exit(), which tells nobody else of the status. In another thread it ends only that thread."""
    global _uncaught
    if threading.current_thread() is threading.main_thread():
        _uncaught = SystemExit(status)
    following(status)


sys.excepthook = _hook
sys.exit = _exit
atexit.register(_at_exit)


# SIGTERM: a batch system ends a job by it.

def _handle_sigterm():
    """Runs are to end with the process, if the program handles the signal in no way of its own."""
    try:
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, _terminate)
    except ValueError:
        # Only the main thread may do that.
        pass


def _leave_sigterm():
    try:
        if signal.getsignal(signal.SIGTERM) is _terminate:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
    except ValueError:
        pass


def _terminate(number, frame):
    own = [run for run in _open if run._pid == os.getpid()]
    if signal.getsignal(number) is not _terminate:
        # A handler that was set later calls this one, and decides what follows.
        for run in own:
            run._rescue()
        return
    signal.signal(number, signal.SIG_DFL)
    try:
        # The process ends in time, whatever lock the interrupted code holds.
        limit = threading.Timer(_patience() + 5, os.kill, (os.getpid(), number))
        limit.daemon = True
        limit.start()
        end = time.monotonic() + _patience()
        for run in own:
            run._rescue()
        for run in own:
            run._finish(False, None, max(0.0, end - time.monotonic()), is_killed=True)
    except Exception as error:
        _say(f"SIGTERM: {type(error).__name__}: {error}")
    finally:
        os.kill(os.getpid(), number)


def _after_fork():
    _leave_sigterm()
    # The parent's thread sends what the queue holds; the child has none.
    for run in _open:
        run._queue.clear()
        run._in_hand.clear()
        run._lock, run._taking = threading.Lock(), threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


# MARK: Frameworks

def _run_of(given):
    return given if given is not None else _current if _current is not None else run()


def keras_callback(run=None):
    """A callback for Keras' fit(): a row for each epoch, counted from 1."""
    try:
        from keras.callbacks import Callback
    except ImportError:
        from tensorflow.keras.callbacks import Callback
    own = _run_of(run)

    class RundirCallback(Callback):
        def on_train_begin(self, logs=None):
            wanted = {name: (self.params or {}).get(name) for name in ("epochs", "steps", "samples", "batch_size")}
            own.properties({name: value for name, value in wanted.items() if value is not None})

        def on_epoch_end(self, epoch, logs=None):
            own.log({"epoch": epoch + 1, **(logs or {})})

    return RundirCallback()


def _names_of_sets(names):
    """The prefix and suffix of a metric's name, for each data set: `loss`, `val_loss`, `test_loss`."""
    names = list(dict.fromkeys(names))
    training = next((name for name in names if name.lower().startswith(("train", "dtrain", "learn"))), None)
    others = [name for name in names if name != training]
    prefixes = {name: "val_" if len(others) == 1 else name + "_" for name in others}
    if training is not None:
        prefixes[training] = ""
    return prefixes


def xgboost_callback(run=None):
    """A callback for XGBoost's train() and fit(): a row for each round, counted from 1."""
    from xgboost.callback import TrainingCallback
    own = _run_of(run)

    class RundirCallback(TrainingCallback):
        def after_iteration(self, model, epoch, evals_log):
            prefixes = _names_of_sets(evals_log)
            row = {"step": epoch + 1}
            for data, metrics in evals_log.items():
                for metric, values in metrics.items():
                    last = values[-1]
                    row[prefixes[data] + metric] = last[0] if isinstance(last, tuple) else last
            own.log(row)
            return False

    return RundirCallback()


def lightgbm_callback(run=None):
    """A callback for LightGBM's train() and fit(): a row for each round, counted from 1."""
    own = _run_of(run)

    def callback(env):
        results = env.evaluation_result_list or []
        prefixes = _names_of_sets(result[0] for result in results)
        own.log({"step": env.iteration + 1, **{prefixes[result[0]] + result[1]: result[2] for result in results}})

    callback.order = 20
    return callback


def lightning_logger(run=None):
    """A logger for Lightning's Trainer."""
    try:
        from lightning.pytorch.loggers import Logger
        from lightning.pytorch.utilities.rank_zero import rank_zero_only
    except ImportError:
        from pytorch_lightning.loggers import Logger
        from pytorch_lightning.utilities.rank_zero import rank_zero_only
    own = _run_of(run)

    class RundirLogger(Logger):
        name = property(lambda self: "rundir")
        version = property(lambda self: own.id)
        experiment = property(lambda self: own)

        @rank_zero_only
        def log_hyperparams(self, params, *arguments, **named):
            own.flags(params)

        @rank_zero_only
        def log_metrics(self, metrics, step=None):
            own.log(dict(metrics) if step is None else {**metrics, "step": step})

        @rank_zero_only
        def finalize(self, status):
            own.flush()

    return RundirLogger()


def hugging_face_callback(run=None):
    """A callback for Hugging Face's Trainer."""
    from transformers import TrainerCallback
    own = _run_of(run)

    class RundirCallback(TrainerCallback):
        def on_train_begin(self, args, state, control, **named):
            if state.is_world_process_zero:
                own.flags(args.to_sanitized_dict())

        def on_log(self, args, state, control, logs=None, **named):
            if state.is_world_process_zero:
                row = {name: value for name, value in _plain(logs or {}).items() if isinstance(value, (int, float))}
                own.log({**row, "step": state.global_step})

    return RundirCallback()


if __name__ == "__main__":
    logging.basicConfig(format="rundir: %(message)s")
    if sys.argv[1:] != ["send"]:
        sys.exit("usage: python rundir.py send   sends what waits in the spool")
    sys.exit(0 if send() else 1)
