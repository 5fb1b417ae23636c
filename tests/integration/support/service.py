"""Root's service, and peers at its socket."""

import json
import os
import pathlib
import select
import shutil
import socket
import struct
import subprocess
import time

from .bridge import INIT, Gone, Peer, frame
from .helper import BINARY
from .wait import TIMEOUT, wait_until


class Service:
    """The service of a program, its settings, and the programs that others may run too."""

    def __init__(self, directory, program, **settings):
        self.directory = directory
        # A relay reads the settings as its user.
        directory.chmod(0o755)
        self.runtime = directory / "run"
        self.state = directory / "state"
        self.runtime.mkdir()
        self.state.mkdir(mode=0o711)
        self.config = directory / "config.json"
        self.config.write_text(json.dumps({
            "state_dir": str(self.state), "runtime_dir": str(self.runtime), **settings}))
        # Where the program lies, others may not pass.
        self.program = pathlib.Path(shutil.copy(program, directory / program.name))
        if (program.parent / "vm").is_dir():
            shutil.copytree(program.parent / "vm", directory / "vm",
                            ignore=lambda folder, names: [n for n in names if not n.endswith(".so")])
        self.ticket_program = pathlib.Path(shutil.copy(BINARY, directory / "ticket-program"))
        self.process = None

    @property
    def env(self):
        env = {**os.environ, "COCKPIT_BACKUP_CONFIG": str(self.config), "LC_ALL": "C.UTF-8"}
        for name in ("SUDO_UID", "SUDO_USER", "PKEXEC_UID"):
            env.pop(name, None)
        return env

    @property
    def socket(self):
        return self.runtime / "socket"

    def start(self, *options, **more):
        self.process = subprocess.Popen(
            [self.program, "service", *options], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            **{"env": self.env, "start_new_session": True, **more})
        wait_until(self.answers, "the service listens")
        return self

    def answers(self):
        assert self.process.poll() is None, self.process.stderr.read().decode()
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self.socket)) == 0

    def stop(self, signal_number=15):
        """Returns its exit status."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        self.process.wait(timeout=TIMEOUT)
        self.process.stderr.close()
        status = self.process.returncode
        self.process = None
        return status

    def ticket_command(self, *arguments, status=0, **options):
        done = subprocess.run(
            [self.ticket_program, "ticket", *[str(each) for each in arguments]],
            capture_output=True, text=True, check=False, timeout=TIMEOUT,
            **{"env": self.env, "stdin": None if "input" in options else subprocess.DEVNULL, **options})
        assert done.returncode == status, done
        return done

    def ticket(self, user, *options):
        return json.loads(self.ticket_command("issue", "--user", user.uid, *options).stdout)

    def download_ticket(self, user, operation, args):
        done = self.ticket_command("issue", "--user", user.name, "--operation", operation,
                                   input=json.dumps(args))
        return json.loads(done.stdout)["ticket"]

    def events(self, kind=None):
        """The event log, or what is of one kind in it."""
        found = []
        for path in sorted((self.state / "event-log").glob("segment-*.json")):
            found += json.loads(path.read_text())
        return [event for event in found if kind in (None, event["evento"])]

    def peer(self, uid, **options):
        return SocketPeer(self.socket, uid, **options)


class SocketPeer(Peer):
    """A local process of some user's at the socket."""

    def __init__(self, path, uid, init=True, receive_buffer=None):
        self._socket = socket.socket(socket.AF_UNIX)
        if receive_buffer:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        # The kernel tells the service who connects by the effective user.
        os.seteuid(uid)
        try:
            self._socket.connect(str(path))
        finally:
            os.seteuid(0)
        self._socket.setblocking(False)
        self._buffer = b""
        if init:
            self.greet()

    def greet(self):
        self.greeting = self.control()
        if "problem" not in self.greeting:
            self.send("", INIT)

    @property
    def sent_to(self):
        """The process at the other end."""
        return struct.unpack("3i", self._socket.getsockopt(
            socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]

    def send_raw(self, data):
        view = memoryview(data)
        deadline = time.monotonic() + TIMEOUT
        while view:
            assert time.monotonic() < deadline, "the service takes nothing"
            if select.select([], [self._socket], [], TIMEOUT)[1]:
                view = view[self._socket.send(view):]

    def send(self, channel, payload):
        self.send_raw(frame(channel, payload))

    def receive(self, timeout=TIMEOUT):
        deadline = time.monotonic() + timeout
        while True:
            head, newline, rest = self._buffer.partition(b"\n")
            if newline and len(rest) >= int(head):
                channel, _, payload = rest[:int(head)].partition(b"\n")
                self._buffer = rest[int(head):]
                return channel.decode(), payload
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._socket], [], [], left)[0]:
                raise TimeoutError("the service says nothing")
            try:
                data = self._socket.recv(1 << 18)
            except ConnectionResetError:
                raise Gone from None
            if not data:
                raise Gone
            self._buffer += data

    def is_gone(self, timeout=TIMEOUT):
        """Whether the service closes the connection."""
        try:
            while True:
                self.receive(timeout)
        except Gone:
            return True
        except TimeoutError:
            return False

    def end_input(self):
        self._socket.shutdown(socket.SHUT_WR)

    def kill(self):
        self._socket.close()
