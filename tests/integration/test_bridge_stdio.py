"""The bridge over stdio: every rule of Cockpit's protocol, every frame that breaks it."""

import hashlib
import json
import os
import select
import shutil
import signal
import subprocess

import pytest

from support.bridge import (FAKE, FRAME, INIT, LARGE_STREAMS, PING_EACH, SMALL_FRAME, WINDOW,
                            Bridge, Gone, Outcome, frame, pattern, stream_bytes)
from support.helper import BINARY

pytestmark = pytest.mark.protocol

MIB = 1024 * 1024
# What a bridge may take with any number of slow peers: its queue, the windows, and room to spare for
# threads. A build with sanitizers has their shadow on top, so there it is only held to ending.
MEMORY_MAX = 48 * MIB


def is_sanitized():
    return b"__asan_init" in FAKE.read_bytes()


@pytest.fixture
def env(scratch):
    config = scratch / "config.json"
    config.write_text(json.dumps({"state_dir": str(scratch), "runtime_dir": str(scratch / "run")}))
    return {**os.environ, "COCKPIT_BACKUP_CONFIG": str(config), "LC_ALL": "C.UTF-8"}


@pytest.fixture
def start(env):
    bridges = []

    def make(*options, command=None, **more):
        bridge = Bridge(command or [FAKE, "bridge", *options], env=env, **more)
        bridges.append(bridge)
        return bridge

    yield make
    for bridge in bridges:
        bridge.kill()


@pytest.fixture
def bridge(start):
    return start()


# --- init

def test_helper_speaks_first(start):
    bridge = start(init=False)
    assert bridge.control() == {"command": "init", "version": 1}


def test_end_before_init_is_orderly(start):
    bridge = start(init=False)
    assert bridge.control()["command"] == "init"
    assert bridge.finish()[:2] == ([], 0)


@pytest.mark.parametrize("init", [
    {"command": "init"},
    {"command": "init", "version": 2},
    {"command": "init", "version": "1"},
    {"command": "init", "version": None},
    {"command": "open", "channel": "a", "payload": "backup1", "op": "test.echo"},
    {"command": "ping"},
])
def test_wrong_init_ends_it(start, init):
    bridge = start(init=False)
    bridge.control()
    bridge.send("", init)
    frames, status, stderr = bridge.finish()
    assert (frames, status) == ([], 1)
    assert stderr


def test_data_before_init_end_it(start):
    bridge = start(init=False)
    bridge.control()
    bridge.send("a", b"data")
    assert bridge.finish()[:2] == ([], 1)


# --- one channel

def test_order_of_a_channel(bridge):
    bridge.open("1:2!3", "test.echo", {"texts": ["a", "ü"]})
    assert bridge.control() == {"command": "ready", "channel": "1:2!3"}
    assert bridge.receive() == ("1:2!3", b'{"item":"a"}')
    assert bridge.receive() == ("1:2!3", '{"item":"ü"}'.encode())
    assert bridge.receive() == ("1:2!3", b'{"result":{"count":2}}')
    assert bridge.control() == {"command": "done", "channel": "1:2!3"}
    assert bridge.control() == {"command": "close", "channel": "1:2!3"}
    assert bridge.finish()[:2] == ([], 0)


def test_each_frame_has_exactly_one_kind(bridge):
    outcome = bridge.call("test.kinds")
    assert [list(each) for each in outcome.frames] == [["item"], ["progress"], ["log"], ["result"]]


def test_ids_can_be_used_again(bridge):
    for number in range(20):
        outcome = bridge.call("test.echo", {"texts": [str(number)]}, channel="same")
        assert outcome.items() == [str(number)]


def test_operation_without_output_is_ready_and_done(bridge):
    outcome = bridge.call("test.stubborn", {"msecs": 0})
    assert outcome.ready and outcome.done and outcome.problem is None


@pytest.mark.parametrize("op, args, problem, message", [
    ("test.none", {}, "not-supported", "There is no operation “test.none”"),
    (None, {}, "not-supported", "There is no operation “”"),
    ("test.echo", {}, "protocol-error", "test.echo: parameter “texts” is missing"),
    ("test.echo", {"texts": "a"}, "protocol-error",
     "test.echo: parameter “texts” must be a list of texts"),
    ("test.echo", {"texts": ["a"], "x": 1}, "protocol-error",
     "test.echo: parameter “x” is not known"),
    ("test.items", {"count": -1}, "protocol-error",
     "test.items: parameter “count” must be from 0 to 1000000"),
    ("test.stream", {"bytes": 1}, "not-supported",
     "test.stream sends bytes: it needs a channel with “binary”: “raw”"),
])
def test_unusable_open(bridge, op, args, problem, message):
    fields = {} if op is None else {"op": op}
    bridge.command("open", "a", payload="backup1", args=args, **fields)
    assert bridge.control() == {
        "command": "close", "channel": "a", "problem": problem, "message": message}
    assert bridge.call("test.echo", {"texts": ["x"]}).done


@pytest.mark.parametrize("fields, problem", [
    ({"payload": "stream"}, "not-supported"),
    ({"payload": "backup2"}, "not-supported"),
    ({"payload": None}, "protocol-error"),
    ({"payload": 1}, "protocol-error"),
    ({"op": 1}, "protocol-error"),
    ({"args": []}, "protocol-error"),
    ({"args": "texts"}, "protocol-error"),
    ({"ticket": {}}, "protocol-error"),
    ({"group": 1}, "protocol-error"),
    ({"binary": True}, "protocol-error"),
    ({"binary": "base64"}, "protocol-error"),
    ({"external": "text/plain"}, "protocol-error"),
    ({"flow-control": "yes"}, "protocol-error"),
    ({"flow-control": 1}, "protocol-error"),
    ({"send-acks": True}, "protocol-error"),
    ({"send-acks": "frames"}, "protocol-error"),
])
def test_open_with_a_wrong_member(bridge, fields, problem):
    message = {"command": "open", "channel": "a", "payload": "backup1", "op": "test.echo",
               "args": {"texts": ["a"]}, **fields}
    bridge.send("", message)
    got = bridge.control()
    assert (got["command"], got["channel"], got["problem"]) == ("close", "a", problem)
    assert got["message"]
    assert bridge.call("test.echo", {"texts": ["x"]}).done


def test_open_without_payload(bridge):
    bridge.command("open", "a", op="test.echo")
    assert bridge.control()["problem"] == "not-supported"


def test_unknown_members_of_open_are_no_error(bridge):
    outcome = bridge.call("test.echo", {"texts": ["a"]}, host="localhost", superuser="require",
                          capabilities=[], user="root", **{"some-later-thing": {"a": [1]}})
    assert outcome.done


@pytest.mark.parametrize("problem", [
    "internal-error", "protocol-error", "integrity", "busy", "not-found", "access-denied", "no-space",
    "not-supported", "unavailable"])
def test_error_closes_with_its_problem(bridge, problem):
    outcome = bridge.call("test.fail", {"problem": problem})
    assert outcome.close == {"command": "close", "channel": "call", "problem": problem,
                             "message": f"It failed: {problem}"}
    assert not outcome.done


def test_error_after_items(bridge):
    outcome = bridge.call("test.fail", {"problem": "integrity", "after": 3})
    assert outcome.items() == [{"number": 0}, {"number": 1}, {"number": 2}]
    assert (outcome.problem, outcome.done) == ("integrity", False)


def test_channel_opened_twice(bridge):
    bridge.open("a", "test.block")
    outcomes = bridge.until_ready("a")
    bridge.open("a", "test.block")
    assert bridge.outcomes("a", outcomes=outcomes)["a"].problem == "protocol-error"


# --- commands on a channel

@pytest.fixture
def blocked(bridge):
    """A bridge with an open text channel “silent”."""
    bridge.open("silent", "test.block", {"silent": True})
    assert bridge.control() == {"command": "ready", "channel": "silent"}
    return bridge


def test_ping_is_answered_with_its_fields(blocked):
    blocked.command("ping", "silent", sequence=5, cookie={"a": [1, None]})
    assert blocked.control() == {
        "command": "pong", "channel": "silent", "sequence": 5, "cookie": {"a": [1, None]}}


def test_ping_without_channel_is_not_answered(blocked):
    blocked.command("ping", sequence=5)
    assert blocked.is_silent()


@pytest.mark.parametrize("message", [
    {"command": "some-later-thing"},
    {"command": "some-later-thing", "channel": "silent"},
    {"command": "some-later-thing", "channel": "other"},
    {"command": "logout", "disconnect": False},
    {"command": "hint", "hint": "ignore_transport_health_check"},
    {"command": "close", "channel": "other"},
    {"command": "ping", "channel": "other"},
    {"command": "pong", "channel": "other", "sequence": 1},
    {"command": "options", "channel": "other"},
    {"command": "done", "channel": "other"},
    {"command": "ack", "channel": "silent", "bytes": 5},
    {"command": "ready", "channel": "silent"},
    {"command": "pong", "channel": "silent"},
    {"command": "init", "version": 1},
    {"command": "kill", "host": "other.example"},
    {"command": "kill", "host": "other.example", "group": "g"},
    {"command": "kill", "group": "another"},
])
def test_ignored(blocked, message):
    blocked.send("", message)
    assert blocked.is_silent()


def test_data_of_a_channel_that_is_not_there_is_ignored(blocked):
    blocked.send("other", b"\xff\x00")
    assert blocked.is_silent()


def test_text_data_is_taken(blocked):
    blocked.send("silent", b'{"item": 1}')
    blocked.send("silent", b"")
    assert blocked.is_silent()


@pytest.mark.parametrize("send, problem", [
    (lambda it: it.command("options", "silent", batch=5), "not-supported"),
    (lambda it: it.send("silent", b"\xff\xfe"), "protocol-error"),
    (lambda it: it.send("silent", b"a\x00b"), "protocol-error"),
    (lambda it: (it.command("done", "silent"), it.command("done", "silent")), "protocol-error"),
    (lambda it: (it.command("done", "silent"), it.send("silent", b"x")), "protocol-error"),
    (lambda it: it.command("pong", "silent", sequence=1), "protocol-error"),
    (lambda it: it.command("pong", "silent", sequence=-1), "protocol-error"),
    (lambda it: it.command("pong", "silent", sequence="0"), "protocol-error"),
    (lambda it: it.command("pong", "silent", sequence=1.5), "protocol-error"),
    (lambda it: it.command("kill"), "terminated"),
    (lambda it: it.open("silent", "test.echo", {"texts": ["a"]}), "protocol-error"),
])
def test_closed_with(blocked, send, problem):
    send(blocked)
    got = blocked.control()
    assert (got["command"], got["channel"], got["problem"]) == ("close", "silent", problem)
    assert blocked.call("test.echo", {"texts": ["x"]}).done


def test_done_of_the_peer_leaves_the_channel_open(blocked):
    blocked.command("done", "silent")
    assert blocked.is_silent()


def test_close_is_answered_and_cancels(blocked):
    blocked.command("close", "silent")
    assert blocked.control() == {"command": "close", "channel": "silent"}
    assert blocked.finish() == ([], 0, "block: cancelled\n")


def test_binary_data_on_a_raw_channel(bridge):
    bridge.open("raw", "test.block", binary="raw")
    outcomes = bridge.until_ready("raw")
    bridge.send("raw", b"\xff\x00")
    bridge.command("close", "raw")
    assert bridge.outcomes("raw", outcomes=outcomes)["raw"].problem is None


def test_acks(bridge):
    bridge.open("silent", "test.block", {"silent": True}, **{"send-acks": "bytes"})
    assert bridge.control()["command"] == "ready"
    for size in (1, 70000, 131000):
        bridge.send("silent", b"x" * size)
        assert bridge.control() == {"command": "ack", "channel": "silent", "bytes": size}


def test_kill_by_group(bridge):
    names = {"a": "one", "b": "two", "c": "one", "d": None}
    for name, group in names.items():
        bridge.open(name, "test.block", **({"group": group} if group else {}))
    outcomes = bridge.until_ready(*names)
    bridge.command("kill", group="one")
    bridge.outcomes("a", "c", outcomes=outcomes)
    assert {outcomes[name].problem for name in "ac"} == {"terminated"}
    bridge.command("kill")
    bridge.outcomes("b", "d", outcomes=outcomes)
    assert {outcomes[name].problem for name in "bd"} == {"terminated"}


# --- frames and control messages that break the protocol

BROKEN_FRAMES = {
    "length is a word": b"abc\nx\ny",
    "length is negative": b"-1\n\n",
    "length has a sign": b"+5\na\nbcd",
    "length has a space": b" 5\na\nbcd",
    "length is hexadecimal": b"0x5\na\nbcd",
    "length begins with zero": b"05\na\nbcd",
    "length is zero": b"0\n",
    "length is empty": b"\na\nb",
    "length is NUL": b"\x00\n",
    "length is too long": b"131073\n",
    "length is far too long": b"99999999999999999999999\n",
    "length never ends": b"1" * 100,
    "no newline after the channel": b"5\nabcde",
    "channel is too long": b"1000\n" + b"c" * 999 + b"\n",
    "channel is not UTF-8": b"4\n\xff\nab",
    "channel has NUL": b"5\na\x00b\nx",
    "control is empty": frame("", b""),
    "control is not JSON": frame("", b"hello"),
    "control is cut off": frame("", b'{"command":"ping"'),
    "control is a list": frame("", []),
    "control is null": frame("", None),
    "control has no command": frame("", {}),
    "control's command is empty": frame("", {"command": ""}),
    "control's command is a number": frame("", {"command": 1}),
    "control's channel is a number": frame("", {"command": "ping", "channel": 1}),
    "control's channel is empty": frame("", {"command": "ping", "channel": ""}),
    "control's channel has a newline": frame("", {"command": "close", "channel": "a\nb"}),
    "control's channel is too long": frame("", {"command": "close", "channel": "a" * 257}),
    "control has NUL": frame("", b'{"command":"ping\x00"}'),
    "control has an escaped NUL": frame("", rb'{"command":"ping\u0000"}'),
    "control is not UTF-8": frame("", b'{"command":"\xff"}'),
    "control has a comment": frame("", b'{"command":"ping"} // why'),
    "control is an assignment": frame("", b'var a = {"command":"ping"}'),
    "control is two objects": frame("", b'{"command":"ping"}{"command":"ping"}'),
    "control is nested too deeply": frame("", b"[" * 100000),
    "control is nested too deeply inside": frame(
        "", b'{"command":"ping","a":' + b"[" * 50000 + b"]" * 50000 + b"}"),
    "open without channel": frame("", {"command": "open", "payload": "backup1"}),
    "close without channel": frame("", {"command": "close"}),
    "done without channel": frame("", {"command": "done"}),
    "options without channel": frame("", {"command": "options"}),
    "ack without channel": frame("", {"command": "ack", "bytes": 1}),
    "kill's group is a number": frame("", {"command": "kill", "group": 1}),
    "second init is wrong": frame("", {"command": "init", "version": 3}),
}


@pytest.mark.parametrize("broken", list(BROKEN_FRAMES.values()), ids=list(BROKEN_FRAMES))
def test_broken_frame(blocked, broken):
    """Nobody knows where the next frame begins, or what the peer means: every channel is closed."""
    blocked.send_raw(broken)
    got = blocked.control()
    assert (got["command"], got["channel"], got["problem"]) == ("close", "silent", "protocol-error")
    assert got["message"]
    frames, status, stderr = blocked.finish()
    assert (frames, status) == ([], 1)
    assert got["message"] in stderr


def test_broken_frame_ends_it_without_the_peer(blocked):
    blocked.send_raw(b"abc\n")
    assert blocked.control()["problem"] == "protocol-error"
    with pytest.raises(Gone):
        blocked.receive()
    assert blocked.process.wait(timeout=30) == 1


@pytest.mark.parametrize("cut", [b"1", b"20", b"20\n", b"20\n\n", b'20\n\n{"command":"pi'])
def test_cut_off_frame(blocked, cut):
    blocked.send_raw(cut)
    blocked.end_input()
    frames, status, stderr = blocked.finish()
    assert [json.loads(payload)["problem"] for _, payload in frames] == ["protocol-error"]
    assert status == 1
    assert "cut off" in stderr


def test_bytewise(start):
    """Frames may come in any pieces."""
    bridge = start(init=False)
    bridge.control()
    for byte in frame("", INIT) + frame("", {
            "command": "open", "channel": "call", "payload": "backup1", "op": "test.echo",
            "args": {"texts": ["a"]}}):
        bridge.send_raw(bytes([byte]))
    assert bridge.outcome("call").items() == ["a"]


def test_largest_frame(bridge):
    texts = ["x" * 4096] * 31
    assert bridge.call("test.echo", {"texts": texts}).items() == texts


def test_answer_that_is_too_long(bridge):
    outcome = bridge.call("test.items", {"size": 8 * MIB})
    assert outcome.problem == "internal-error" and "too long" in outcome.message
    assert bridge.call("test.items", {"size": 8 * MIB - 100}).done


# --- streams and flow control

def test_stream_is_byte_for_byte(bridge):
    length = 3 * MIB + 17
    outcome = bridge.call("test.stream", {"bytes": length}, binary="raw")
    assert outcome.done and outcome.problem is None
    assert stream_bytes(outcome) == pattern(length)
    # Full frames, however the bytes are made: each costs Cockpit and the browser.
    assert [len(each) for each in outcome.messages] == [FRAME] * (length // FRAME) + [17]


def test_stream_without_bytes(bridge):
    outcome = bridge.call("test.stream", {"bytes": 0}, binary="raw", external={})
    assert outcome.ready and outcome.done and outcome.messages == []


def test_size_hint(bridge):
    outcome = bridge.call("test.stream", {"bytes": 5, "hint": True}, binary="raw")
    assert outcome.ready["size-hint"] == 5
    assert "size-hint" not in bridge.call("test.stream", {"bytes": 5}, binary="raw").ready


@pytest.mark.parametrize("problem", ["not-found", "access-denied", "internal-error"])
def test_error_before_the_first_byte_comes_before_ready(bridge, problem):
    """Cockpit makes 404, 403 or 500 of it."""
    outcome = bridge.call("test.stream", {"bytes": 9, "fail_after": 0, "problem": problem},
                          binary="raw", external={"content-type": "application/gzip"})
    assert outcome.ready is None and outcome.problem == problem


def test_error_of_json_over_http_comes_before_ready(bridge):
    outcome = bridge.call("test.fail", {"problem": "not-found"}, external={})
    assert outcome.ready is None and outcome.problem == "not-found"


def test_error_after_the_first_byte_aborts(bridge):
    outcome = bridge.call(
        "test.stream", {"bytes": 9 * MIB, "fail_after": MIB, "problem": "integrity"}, binary="raw")
    assert stream_bytes(outcome) == pattern(MIB)
    assert outcome.ready and not outcome.done and outcome.problem == "integrity"


def test_json_on_a_raw_channel_is_lines(bridge):
    outcome = bridge.call("test.echo", {"texts": ["a", "b"]}, binary="raw")
    lines = stream_bytes(outcome).decode().splitlines()
    assert [json.loads(line) for line in lines] == [
        {"item": "a"}, {"item": "b"}, {"result": {"count": 2}}]


def test_no_pings_unless_asked(bridge):
    bridge.answers_pings = False
    assert len(stream_bytes(bridge.call("test.stream", {"bytes": 8 * MIB}, binary="raw"))) == 8 * MIB


def test_flow_control(bridge):
    """A ping after each frame of 16 KiB or more; nothing past the window; each pong opens it again."""
    length = 9 * MIB + 5
    bridge.open("call", "test.stream", {"bytes": length}, binary="raw", **{"flow-control": True})
    assert bridge.control()["command"] == "ready"
    digest = hashlib.sha256()
    sent = ponged = pinged = 0
    while sent < length:
        # Take all that comes until it stops at the window.
        while sent < min(length, ponged + WINDOW):
            channel, payload = bridge.receive()
            if channel:
                # A frame and its ping stand together in the queue.
                assert sent - pinged < PING_EACH
                digest.update(payload)
                sent += len(payload)
                continue
            message = json.loads(payload)
            assert message["command"] == "ping" and message["sequence"] == sent
            pinged = sent
        assert sent <= ponged + WINDOW
        if sent < length:
            # The ping of the last frame, then silence: ours is answered before anything else.
            assert bridge.control() == {"command": "ping", "channel": "call", "sequence": sent}
            pinged = sent
            assert bridge.is_silent("call")
            ponged = sent
            bridge.command("pong", "call", sequence=ponged)
    assert digest.digest() == hashlib.sha256(pattern(length)).digest()
    rest = [bridge.control() for _ in range(2)]
    assert [message["command"] for message in rest] == ["done", "close"]
    assert "problem" not in rest[1]


def test_flow_control_of_text(bridge):
    """Items stop at the window too."""
    bridge.answers_pings = True
    outcome = bridge.call("test.items", {"count": 400, "size": 20000}, **{"flow-control": True})
    assert len(outcome.items()) == 400 and outcome.result() == {"count": 400}


def test_flow_control_with_an_odd_pong(bridge):
    """What a peer acknowledges need not be what was asked: nothing goes past the window either."""
    bridge.open("call", "test.stream", {"bytes": 5 * MIB}, binary="raw", **{"flow-control": True})
    sent = 0
    for ponged in (0, 1, 1000, WINDOW):
        if ponged:
            bridge.command("pong", "call", sequence=ponged)
        while sent < ponged + WINDOW:
            channel, payload = bridge.receive()
            sent += len(payload) if channel else 0
        assert sent == ponged + WINDOW


def test_many_streams_have_small_frames(bridge):
    """Each holds one while it is filled: many of them stay small, and later ones are large again."""
    bridge.answers_pings = False
    names = [f"s{number}" for number in range(LARGE_STREAMS + 2)]
    frames = {name: [] for name in names}
    for name in names:
        bridge.open(name, "test.stream", {"bytes": 100 * MIB}, binary="raw",
                    **{"flow-control": True})
    while any(sum(sizes) < WINDOW for sizes in frames.values()):
        channel, payload = bridge.receive()
        if channel:
            frames[channel].append(len(payload))
    largest = sorted(max(sizes) for sizes in frames.values())
    assert largest == [SMALL_FRAME] * 2 + [FRAME] * LARGE_STREAMS
    for name in names:
        bridge.command("close", name)
    bridge.outcomes(*names)
    outcome = bridge.call("test.stream", {"bytes": MIB}, binary="raw")
    assert [len(each) for each in outcome.messages] == [FRAME] * 4


def test_old_pongs_change_nothing(bridge):
    bridge.open("call", "test.stream", {"bytes": 5 * MIB}, binary="raw", **{"flow-control": True})
    sequences = []
    while sum(sequences[-1:]) < WINDOW:
        channel, payload = bridge.receive()
        message = {} if channel else json.loads(payload)
        if message.get("command") == "ping":
            sequences.append(message["sequence"])
    bridge.command("pong", "call", sequence=sequences[3])
    bridge.command("pong", "call", sequence=sequences[1])
    bridge.command("pong", "call", sequence=0)
    for sequence in sequences:
        bridge.command("pong", "call", sequence=sequence)
    outcome = Outcome()
    outcome.ready = {}
    bridge.outcomes("call", outcomes={"call": outcome})
    assert outcome.done and len(stream_bytes(outcome)) == 5 * MIB - sequences[-1]


def test_receiver_that_stops_is_given_up(start):
    """Cockpit does not say that a download was cancelled: its pongs stop."""
    bridge = start("--patience-msecs", "200")
    bridge.answers_pings = False
    outcome = bridge.call("test.stream", {"bytes": 100 * MIB}, binary="raw", **{"flow-control": True})
    assert outcome.problem == "timeout" and not outcome.done
    assert len(stream_bytes(outcome)) == WINDOW
    assert bridge.call("test.echo", {"texts": ["x"]}).done


def test_closing_a_stream_that_waits(bridge):
    bridge.answers_pings = False
    bridge.open("call", "test.stream", {"bytes": 100 * MIB}, binary="raw", **{"flow-control": True})
    outcomes = bridge.until_ready("call")
    bridge.command("close", "call")
    assert bridge.outcomes("call", outcomes=outcomes)["call"].problem is None
    assert bridge.finish()[1] == 0


def test_memory_with_a_reader_that_reads_nothing(bridge):
    """The output queue is bounded: 200 streams of 100 MiB wait, and the bridge goes on reading."""
    for number in range(200):
        bridge.open(f"s{number}", "test.stream", {"bytes": 100 * MIB}, binary="raw")
    # Nothing was read so far. Everything opened is closed; the answers tell that all were taken.
    first = bridge.until_ready("s0")
    for number in range(200):
        bridge.command("close", f"s{number}")
    outcomes = bridge.outcomes(*[f"s{number}" for number in range(200)], outcomes=first)
    assert {outcomes[f"s{number}"].problem for number in range(200)} == {None}
    peak = bridge.peak_bytes()
    assert bridge.finish()[1] == 0
    if not is_sanitized():
        assert peak < MEMORY_MAX, peak


def test_memory_with_slow_receivers(bridge):
    """200 windows of 2 MiB each are the receivers' memory, never ours."""
    bridge.answers_pings = False
    names = [f"s{number}" for number in range(200)]
    total = {name: 0 for name in names}
    for name in names:
        bridge.open(name, "test.stream", {"bytes": 100 * MIB}, binary="raw",
                    **{"flow-control": True})
    while any(count < WINDOW for count in total.values()):
        channel, payload = bridge.receive()
        if channel:
            total[channel] += len(payload)
    assert set(total.values()) == {WINDOW}
    peak = bridge.peak_bytes()
    assert bridge.finish()[1] == 0
    if not is_sanitized():
        assert peak < MEMORY_MAX, peak


def test_memory_with_a_peer_that_only_asks(bridge):
    """Answers to pings are bounded too: the bridge stops reading."""
    bridge.open("a", "test.block", {"silent": True})
    assert bridge.control()["command"] == "ready"
    ping = frame("", {"command": "ping", "channel": "a", "cookie": "x" * 100000})
    fd = bridge.process.stdin.fileno()
    os.set_blocking(fd, False)
    sent = 0
    stalls = 0
    while stalls < 20 and sent < 400 * MIB:
        try:
            sent += os.write(fd, (ping * 2)[sent % len(ping):][:65536])
            stalls = 0
        except BlockingIOError:
            # select tells when there is room again; a bridge that reads makes some at once.
            stalls += 0 if select.select([], [fd], [], 0.1)[1] else 1
    assert sent < 100 * MIB, "the bridge reads on and on"
    if not is_sanitized():
        assert bridge.peak_bytes() < MEMORY_MAX


# --- many channels

def test_200_channels_at_once(bridge):
    names = [f"1:{number}" for number in range(200)]
    for name in names:
        bridge.open(name, "test.block", {"silent": True})
    outcomes = bridge.until_ready(*names)
    assert bridge.threads_count() >= 200
    # All of them are open, and one more is served at once.
    assert bridge.call("test.echo", {"texts": ["x"]}).done
    for name in names:
        bridge.command("close", name)
    bridge.outcomes(*names, outcomes=outcomes)
    assert bridge.finish()[1] == 0


def test_200_streams_at_once(bridge):
    names = [f"1:{number}" for number in range(200)]
    for name in names:
        bridge.open(name, "test.stream", {"bytes": 300000}, binary="raw", **{"flow-control": True})
    outcomes = bridge.outcomes(*names)
    for name in names:
        assert outcomes[name].done and stream_bytes(outcomes[name]) == pattern(300000)


def test_too_many_channels(bridge):
    names = [f"1:{number}" for number in range(1024)]
    for name in names:
        bridge.open(name, "test.block", {"silent": True})
    outcomes = bridge.until_ready(*names)
    assert bridge.call("test.block").problem == "busy"
    bridge.command("kill")
    bridge.outcomes(*names, outcomes=outcomes)
    frames, status, _ = bridge.finish()
    assert (frames, status) == ([], 0)


# --- the end

def test_end_of_input_cancels_everything(bridge):
    for number in range(10):
        bridge.open(f"a{number}", "test.block")
    bridge.until_begun(*[f"a{number}" for number in range(10)])
    _, status, stderr = bridge.finish()
    assert status == 0
    assert stderr == "block: cancelled\n" * 10


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_signal_closes_everything(blocked, number):
    blocked.process.send_signal(number)
    got = blocked.control()
    assert (got["command"], got["problem"]) == ("close", "terminated")
    with pytest.raises(Gone):
        blocked.receive()
    assert blocked.process.wait(timeout=30) == 0


def test_last_frames_are_not_lost(bridge):
    """What was said before the end comes, behind all that nobody had read yet."""
    bridge.open("block", "test.block", {"silent": True})
    bridge.open("call", "test.stream", {"bytes": 100 * MIB}, binary="raw")
    outcomes = bridge.until_ready("block", "call")
    bridge.process.send_signal(signal.SIGTERM)
    bridge.outcomes("block", "call", outcomes=outcomes)
    assert {outcome.problem for outcome in outcomes.values()} == {"terminated"}
    assert bridge.process.wait(timeout=30) == 0


def test_operation_that_does_not_end_does_not_hold_it(bridge):
    bridge.open("a", "test.stubborn", {"msecs": 600000})
    bridge.until_ready("a")
    _, status, stderr = bridge.finish()
    assert status == 0
    assert "did not end in time" in stderr


def test_peer_that_vanishes(bridge):
    bridge.open("a", "test.stream", {"bytes": 100 * MIB}, binary="raw")
    bridge.receive()
    bridge.process.stdout.close()
    bridge.end_input()
    assert bridge.process.wait(timeout=30) == 0


# --- the real program

def test_real_operations(start):
    bridge = start(command=[BINARY, "bridge"])
    outcome = bridge.call("config.get")
    assert outcome.done and outcome.result()["log_level"] == "info"


def test_broken_settings_are_told(start, env):
    bridge = start(command=[BINARY, "bridge"])
    with open(env["COCKPIT_BACKUP_CONFIG"], "w", encoding="utf-8") as file:
        file.write('{"port": "x"}')
    outcome = bridge.call("config.get")
    assert outcome.problem == "protocol-error"
    assert outcome.message.endswith("The setting “port” must be a whole number")


def test_not_root_and_no_service(start, scratch):
    program = shutil.copy(BINARY, scratch / "program")
    os.chmod(program, 0o755)
    bridge = start(command=[program, "bridge"], user=65534, group=65534, extra_groups=[])
    outcome = bridge.call("config.get")
    assert outcome.problem == "no-service"
    assert "cockpit-backup.socket" in outcome.message
    assert bridge.finish()[1] == 0


def test_wrong_usage(env):
    done = subprocess.run([BINARY, "bridge", "word"], env=env, stdin=subprocess.DEVNULL,
                          capture_output=True, check=False, timeout=30)
    assert (done.returncode, done.stdout) == (2, b"")
