"""Speaking Cockpit's channel protocol with a bridge, over its stdin and stdout."""

import json
import os
import pathlib
import select
import subprocess
import time

from .helper import BINARY
from .wait import TIMEOUT
from .websocket import BINARY as BINARY_MESSAGE
from .websocket import TEXT, WebSocket

# The faces with a table of operations made for tests; see tests/fakes/operations.c.
FAKE = BINARY.parents[1] / "tests/fakes/fake-operations"

INIT = {"command": "init", "version": 1, "host": "localhost"}
WINDOW = 2 * 1024 * 1024
PING_EACH = 16 * 1024
# What the bridge puts into one frame of a stream, and where more than LARGE_STREAMS run at once.
FRAME = 256 * 1024
SMALL_FRAME = 64 * 1024
LARGE_STREAMS = 4


def frame(channel, payload):
    if not isinstance(payload, bytes):
        payload = json.dumps(payload).encode()
    body = channel.encode() + b"\n" + payload
    return str(len(body)).encode() + b"\n" + body


class Gone(Exception):
    """The bridge closed its stdout."""


class Outcome:
    """What came on one channel until it was closed."""

    def __init__(self):
        self.ready = None
        self.messages = []
        self.data = b""
        self.done = False
        self.close = None

    @property
    def problem(self):
        return self.close.get("problem")

    @property
    def message(self):
        return self.close.get("message")

    @property
    def frames(self):
        """The JSON objects of a text channel."""
        return [json.loads(text) for text in self.messages]

    def items(self):
        return [each["item"] for each in self.frames if "item" in each]

    def result(self):
        return [each["result"] for each in self.frames if "result" in each][-1]


class Peer:
    """What Cockpit's side of the protocol does, whatever carries the frames: a subclass has send()
    and receive()."""

    answers_pings = True

    def command(self, command, channel=None, **fields):
        message = {"command": command, **fields}
        if channel is not None:
            message["channel"] = channel
        self.send("", message)

    def open(self, channel, op, args=None, **fields):
        self.command("open", channel, payload="backup1", op=op, args=args or {}, **fields)

    def control(self):
        """The next frame, which must be a control message."""
        channel, payload = self.receive()
        assert channel == "", (channel, payload[:200])
        return json.loads(payload)

    def is_silent(self, channel="silent"):
        """Whether nothing comes before the answer to a ping on an open channel."""
        self.command("ping", channel, sync=1)
        got = self.control()
        return got == {"command": "pong", "channel": channel, "sync": 1}

    def outcomes(self, *channels, outcomes=None):
        """Collects frames until all these channels are closed. Pings are answered."""
        found = outcomes if outcomes is not None else {}
        for channel in channels:
            found.setdefault(channel, Outcome())
        while any(found[channel].close is None for channel in channels):
            channel, payload = self.receive()
            self._take(found, channel, payload)
        return found

    def outcome(self, channel):
        return self.outcomes(channel)[channel]

    def until_ready(self, *channels):
        """Collects frames until each of these channels has said that it is ready."""
        found = {channel: Outcome() for channel in channels}
        while any(outcome.ready is None for outcome in found.values()):
            self._take(found, *self.receive())
            closed = [name for name, outcome in found.items() if outcome.close]
            assert not closed, found[closed[0]].close
        return found

    def until_begun(self, *channels):
        """Collects frames until each of these channels has sent something of its operation's: it is
        ready before its operation runs."""
        found = self.until_ready(*channels)
        while not all(found[channel].messages for channel in channels):
            self._take(found, *self.receive())
        return found

    def _take(self, found, channel, payload):
        if channel:
            outcome = found.setdefault(channel, Outcome())
            assert outcome.ready is not None, f"data on {channel} before ready"
            assert not outcome.done and outcome.close is None, f"data on {channel} after its end"
            assert len(payload) > 0
            outcome.messages.append(payload)
            return
        message = json.loads(payload)
        outcome = found.setdefault(message.get("channel"), Outcome())
        assert outcome.close is None, f"{message} after close"
        if message["command"] == "ready":
            assert outcome.ready is None, "ready twice"
            outcome.ready = message
        elif message["command"] == "done":
            assert outcome.ready is not None and not outcome.done, "done out of order"
            outcome.done = True
        elif message["command"] == "close":
            outcome.close = message
        elif message["command"] == "ping" and self.answers_pings:
            self.send("", {**message, "command": "pong"})

    def call(self, op, args=None, channel="call", **fields):
        """Opens a channel and waits for its end."""
        self.open(channel, op, args, **fields)
        return self.outcome(channel)


class Bridge(Peer):
    """A bridge as a child process: ours, or Cockpit's own."""

    def __init__(self, command, env=None, init=True, **options):
        self.process = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=env, **options)
        self._buffer = b""
        if init:
            self.greeting = self.control()
            assert (self.greeting["command"], self.greeting["version"]) == ("init", 1)
            self.send("", INIT)

    def send_raw(self, data):
        """Writes while it reads, as Cockpit does: a bridge that waits for room must not be waited for."""
        fd = self.process.stdin.fileno()
        view = memoryview(data)
        deadline = time.monotonic() + TIMEOUT
        while view:
            assert time.monotonic() < deadline, "the bridge takes nothing"
            _, writable, _ = select.select([], [fd], [], TIMEOUT)
            if writable:
                view = view[os.write(fd, view[:4096]):]

    def send(self, channel, payload):
        self.send_raw(frame(channel, payload))

    def _parse(self):
        head, newline, rest = self._buffer.partition(b"\n")
        if not newline:
            assert len(head) < 10, f"not a frame: {head[:80]!r}"
            return None
        assert head.isdigit() and not head.startswith(b"0"), f"not a length: {head[:80]!r}"
        length = int(head)
        if len(rest) < length:
            return None
        channel, newline, payload = rest[:length].partition(b"\n")
        assert newline, "a frame without a channel's newline"
        self._buffer = rest[length:]
        return channel.decode(), payload

    def receive(self, timeout=TIMEOUT):
        """The next frame, as (channel, bytes)."""
        deadline = time.monotonic() + timeout
        fd = self.process.stdout.fileno()
        while True:
            found = self._parse()
            if found:
                return found
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([fd], [], [], left)[0]:
                raise TimeoutError("the bridge says nothing")
            data = os.read(fd, 1 << 20)
            if not data:
                assert not self._buffer, f"cut off in a frame: {self._buffer[:80]!r}"
                raise Gone
            self._buffer += data

    def peak_bytes(self):
        """The most memory it has ever had resident."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) * 1024 for line in status.splitlines()
                    if line.startswith("VmHWM"))

    def threads_count(self):
        return len(os.listdir(f"/proc/{self.process.pid}/task"))

    def end_input(self):
        self.process.stdin.close()

    def finish(self):
        """Ends stdin, reads what is left, and returns (frames, exit status, stderr)."""
        if not self.process.stdin.closed:
            self.end_input()
        frames = []
        try:
            while True:
                frames.append(self.receive())
        except Gone:
            pass
        stderr = self.process.stderr.read().decode()
        return frames, self.process.wait(timeout=TIMEOUT), stderr

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if not stream.closed:
                try:
                    stream.close()
                except BrokenPipeError:
                    pass
        self.process.wait(timeout=TIMEOUT)


class WebSession(Peer):
    """The same through cockpit-ws, as a browser does it."""

    def __init__(self, cockpit, cookie=None):
        self.cockpit = cockpit
        self.cookie = cookie
        self._socket = WebSocket(cockpit.port, "/cockpit/socket", "cockpit1", TIMEOUT, cookie=cookie)
        self._raw = set()
        self.greeting = self.control()
        assert self.greeting["command"] == "init"
        self.token = self.greeting["csrf-token"]
        self.seed = self.greeting["channel-seed"]
        self.command("init", version=1, host="localhost")

    def open(self, channel, op, args=None, **fields):
        if fields.get("binary"):
            self._raw.add(channel)
        super().open(channel, op, args, host="localhost", **fields)

    def send(self, channel, payload):
        if not isinstance(payload, bytes):
            payload = json.dumps(payload).encode()
        opcode = BINARY_MESSAGE if channel in self._raw else TEXT
        self._socket.send(channel.encode() + b"\n" + payload, opcode)

    def receive(self):
        channel, _, payload = self._socket.receive().partition(b"\n")
        return channel.decode(), payload

    def kill(self):
        self._socket.close()


def pattern(length):
    """The bytes of test.stream."""
    block = bytes(number % 256 for number in range(1021))
    return (block * (length // 1021 + 1))[:length]


def stream_bytes(outcome):
    return b"".join(outcome.messages)
