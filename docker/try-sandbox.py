"""Run by docker/try-package in the place of the server, as the service: does what the server does for its custom writers,
and what they do, and fails where the service's hardening is in the way or lacking."""

import ctypes
import errno
import os
import resource
import signal
import subprocess
import sys

RUNS = "/var/lib/rundir"
libc = ctypes.CDLL(None, use_errno=True)


def holds(claim, is_so):
    if not is_so:
        sys.exit(f"FAILED: {claim}")
    print(f"ok: {claim}", flush=True)


def can_write(path):
    try:
        with open(path, "w") as file:
            file.write("x")
        os.unlink(path)
        return True
    except OSError:
        return False


def restrict():
    """Landlock (landlock(7)): nothing may be written any more. Numbers are those of every architecture."""
    attributes = ctypes.c_uint64(1 << 1 | 1 << 8)  # write to files, make them
    ruleset = libc.syscall(444, ctypes.byref(attributes), ctypes.c_size_t(8), 0)
    libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
    return ruleset >= 0 and libc.syscall(446, ruleset, 0) == 0


holds("it may write below the runs directory", can_write(f"{RUNS}/probe"))
holds("and in a /tmp of its own", can_write("/tmp/probe"))
holds("nowhere else", not any(map(can_write, ["/etc/probe", "/etc/rundir/writers/probe", "/var/probe", "/usr/probe"])))

folder = f"{RUNS}/.probe"
os.makedirs(f"{folder}/source", exist_ok=True)
with open(f"{folder}/source/train.py", "w") as file:
    file.write("print(1)\n")
script = f"tar czf {folder}/a.tar.gz -C {folder} source && mkdir -p {folder}/b && tar xzf {folder}/a.tar.gz -C {folder}/b"
subprocess.run(["sh", "-c", script], check=True)
holds("sh and tar work", os.path.exists(f"{folder}/b/source/train.py"))
program = f"import json, os; json.dump(os.environ.get('PATH'), open('{folder}/c.json', 'w'))"
subprocess.run([sys.executable, "-c", program], check=True)
holds("python3 works", os.path.exists(f"{folder}/c.json"))
subprocess.run(["rm", "-r", folder], check=True)


def limit():
    os.setpgid(0, 0)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
    resource.setrlimit(resource.RLIMIT_NPROC, (512, 512))
    os.setpriority(os.PRIO_PROCESS, 0, 10)


limited = subprocess.run(["sh", "-c", "head -c 9000 /dev/zero > /tmp/big"], preexec_fn=limit)
holds("limits can be set, and hold", limited.returncode != 0)
group = subprocess.Popen(["sh", "-c", "sleep 600 & sleep 600"], preexec_fn=limit, stdout=subprocess.PIPE)
os.killpg(group.pid, signal.SIGKILL)
# The pipe ends when the last process that has it does.
holds("a process group can be killed", group.wait() == -signal.SIGKILL and group.stdout.read() == b"")

child = os.fork()
if child == 0:
    os._exit(0 if restrict() and not can_write(f"{RUNS}/probe") else 1)
landlocked = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
if libc.syscall(444, None, ctypes.c_size_t(0), 1) < 0 and ctypes.get_errno() in (errno.ENOSYS, errno.EOPNOTSUPP):
    print("ok: this kernel has no Landlock, so it is not tried", flush=True)
else:
    holds("Landlock can be set, and holds", landlocked)
