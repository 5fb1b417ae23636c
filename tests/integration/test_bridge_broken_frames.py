"""Our bridge over stdin and stdout: what breaks the protocol ends it, and nothing else does."""

import json

import pytest

from support.bridge import Gone, INIT, frame
from support.bridge_fixtures import MIB, blocked, bridge, env, start
from support.wait import TIMEOUT

pytestmark = pytest.mark.protocol

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
    assert blocked.process.wait(timeout=TIMEOUT) == 1


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
