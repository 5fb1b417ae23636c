"""Ending the program by kill -9 just before its Nth call that changes something, and what came of it."""

import os
import pathlib
import signal
import struct
import subprocess

from .helper import BINARY, TOP
from .process import process_state, run
from .wait import wait_until

LIBRARY = BINARY.parents[1] / "tests/fakes/libkill-step.so"
RESULTS = TOP / "tests/results"


class Step:
    """One call: who made it, which, on what."""

    def __init__(self, line, directory):
        number, self.program, self.call, what = line.rstrip("\n").split("\t")
        self.number = int(number)
        self.what = what.replace(f"{directory}/", "")

    def __str__(self):
        program = "" if self.program == "cockpit-backup" else f"{self.program}: "
        return f"{program}{self.call} {self.what}"


class Killer:
    """Runs commands of a helper with their steps numbered (tests/fakes/kill-step.c)."""

    def __init__(self, helper, directory):
        self.helper = helper
        self.directory = directory
        directory.mkdir(exist_ok=True)
        self.state = directory / "kill-state"
        self.trace = directory / "kill-trace"

    def _environment(self, at, number_of_signal, match=None):
        self.state.write_bytes(struct.pack("llll", at, 0, 0, 0))
        self.trace.write_text("")
        skipped = (self.helper.runtime, self.helper.logs, self.helper.directory / "state/event-log",
                   "/proc", "/dev")
        matching = {"KILL_MATCH": match} if match else {}
        return {**self.helper.env, **matching, "LD_PRELOAD": str(LIBRARY), "KILL_STATE": str(self.state),
                "KILL_TRACE": str(self.trace), "KILL_SIGNAL": str(int(number_of_signal)),
                "KILL_SKIP": ":".join(str(path) for path in skipped)}

    def steps(self):
        with open(self.trace, encoding="utf-8", errors="replace") as lines:
            return [Step(line, self.directory) for line in lines if line.endswith("\n")]

    def _caller(self):
        """The process that made the call to end at; 0 while none has."""
        return struct.unpack("llll", self.state.read_bytes())[3]

    def run(self, *arguments, at=0, match=None):
        """(status, standard error, the steps that were begun). Ended before step `at`, or before the first
        on a file with `match` in its path."""
        done = subprocess.run(
            self.helper.command(*arguments), stdin=subprocess.DEVNULL, capture_output=True, text=True,
            env=self._environment(at, signal.SIGKILL, match), timeout=300, check=False)
        # A program that it started ends itself, and its locks with it, a moment after the first one.
        wait_until(lambda: process_state(self._caller()) is None, "all that was to be killed has ended")
        return done.returncode, done.stderr, self.steps()

    def find(self, matches, *arguments):
        """The number of the first step for which matches(step) holds, of a run that is let through."""
        status, text, steps = self.run(*arguments)
        assert status == 0, text
        return next(step.number for step in steps if matches(step))

    def hold(self, *arguments, at=0, match=None):
        """Starts a run and holds it, and what it started, before that step: its process."""
        process = subprocess.Popen(
            self.helper.command(*arguments), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, env=self._environment(at, signal.SIGSTOP, match))

        def is_held():
            assert process.poll() is None, f"it ended before that step: {process.communicate()}"
            # A program that it started stops itself a moment after it: let go before that, it would stop
            # afterwards, for good.
            return {process_state(process.pid), process_state(self._caller())} == {"T"}

        wait_until(is_held, "the step before which it is held")
        return process

    @staticmethod
    def let_go(process):
        """Lets a run that is held go on; its status and what it says."""
        children = run("pgrep", "-P", process.pid, check=False).split()
        for pid in [*map(int, children), process.pid]:
            os.kill(pid, signal.SIGCONT)
        _, said = process.communicate(timeout=300)
        return process.returncode, said


def sample(steps, count):
    """Numbers of up to `count` steps, from the first to the last: the program's own, and of each image that
    another program writes only where that begins."""
    images = set()
    wanted = []
    for step in steps:
        if step.program == "cockpit-backup":
            wanted.append(step.number)
        elif step.what not in images:
            images.add(step.what)
            wanted.append(step.number + 1)
    if count >= len(wanted):
        return wanted
    return sorted({wanted[round(index * (len(wanted) - 1) / (count - 1))] for index in range(count)})


def leftovers(*directories):
    """Files under temporary names, anywhere below."""
    return [path for directory in directories for path in pathlib.Path(directory).rglob("*")
            if path.name.startswith(".tmp-") or ".restoring-" in path.name
            or ".replaced-" in path.name or path.name == "restore.json"]
