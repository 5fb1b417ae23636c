"""A backup that is under way for minutes, on a machine of whatever speed and with whatever other work.

libvirt can limit only a copy that runs already, and QEMU copies hundreds of MiB a second: until the limit is
there, QEMU lets every other process go first."""

import contextlib
import json
import pathlib
import time

from .process import run
from .wait import wait_until

# libvirt asks QEMU one thing at a time: who always asks keeps the limit from being set.
PAUSE_SECONDS = 0.5


def qemu_of(name):
    """The process of a VM, of whichever libvirt."""
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if any(word.startswith(f"guest={name},".encode()) for word in words):
            return int(path.parent.name)
    raise AssertionError(f"no QEMU runs “{name}”")


@contextlib.contextmanager
def lets_others_go_first(name):
    """QEMU runs only where nobody else wants to, meanwhile. Stopped and continued instead, one that has to
    emulate its guest does not get to answering."""
    qemu = str(qemu_of(name))
    run("chrt", "--all-tasks", "--idle", "--pid", "0", qemu)
    try:
        yield
    finally:
        run("chrt", "--all-tasks", "--other", "--pid", "0", qemu)


def begin_slowly(name, begin, ask_qemu):
    """What begin() returns, which begins a backup with a limit; the limit is in force then. ask_qemu() puts
    a command to the VM's monitor, and has nothing to say where that fails."""
    def is_limited():
        time.sleep(PAUSE_SECONDS)
        jobs = [job for job in json.loads(ask_qemu('{"execute":"query-block-jobs"}') or "{}").get("return", [])
                if job["type"] == "backup"]
        return jobs and all(job["speed"] > 0 for job in jobs)

    with lets_others_go_first(name):
        begun = begin()
        wait_until(is_limited, "the copy is limited")
    return begun
