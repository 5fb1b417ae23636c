"""A backup that is under way for minutes, on a machine of whatever speed and with whatever other work.

libvirt can limit only a copy that runs already, and QEMU copies hundreds of MiB a second: until the limit is
there, QEMU runs for a twentieth of the time."""

import contextlib
import json
import os
import pathlib
import signal
import threading
import time

from .wait import wait_until

RUNS_SECONDS = 0.005
STANDS_SECONDS = 0.1
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
def slowed(name):
    """QEMU is slow meanwhile."""
    qemu = os.pidfd_open(qemu_of(name))
    is_over = threading.Event()

    def alternate():
        while not is_over.wait(RUNS_SECONDS):
            signal.pidfd_send_signal(qemu, signal.SIGSTOP)
            is_over.wait(STANDS_SECONDS)
            signal.pidfd_send_signal(qemu, signal.SIGCONT)

    thread = threading.Thread(target=alternate)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
        os.close(qemu)


def begin_slowly(name, begin, ask_qemu):
    """What begin() returns, which begins a backup with a limit; the limit is in force then. ask_qemu() puts
    a command to the VM's monitor, and has nothing to say where that fails."""
    def is_limited():
        time.sleep(PAUSE_SECONDS)
        jobs = [job for job in json.loads(ask_qemu('{"execute":"query-block-jobs"}') or "{}").get("return", [])
                if job["type"] == "backup"]
        return jobs and all(job["speed"] > 0 for job in jobs)

    with slowed(name):
        begun = begin()
        wait_until(is_limited, "the copy is limited")
    return begun
