"""Our bridge over stdin and stdout: bytes, and no more of them than the other end takes."""

import hashlib
import itertools
import json
import os
import select

import pytest

from support.bridge import (
    FAKE, FRAME, LARGE_STREAMS, Outcome, PING_EACH, SMALL_FRAME, WINDOW, frame, pattern, stream_bytes)
from support.bridge_fixtures import MIB, bridge, env, start
from support.wait import wait_until

pytestmark = pytest.mark.protocol


# What a bridge may take with any number of slow peers: its queue, the windows, and room to spare for
# threads. A build with sanitizers has their shadow on top, so there it is only held to ending.
MEMORY_MAX = 48 * MIB


def is_sanitized():
    return b"__asan_init" in FAKE.read_bytes()


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
    channels = itertools.count()

    def is_large_again():
        # A channel is closed a moment before the thread of its stream has ended.
        outcome = bridge.call("test.stream", {"bytes": MIB}, channel=f"l{next(channels)}", binary="raw")
        return [len(each) for each in outcome.messages] == [FRAME] * 4

    wait_until(is_large_again, "the frames are large again")


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
