"""Our bridge over stdin and stdout: several objects in one frame, for who asks for that."""

import json

import pytest

from support.bridge import WINDOW
from support.bridge_fixtures import bridge, env, start

pytestmark = pytest.mark.protocol

GATHER_MAX = 32 * 1024


def objects(messages):
    """What came, whatever frames it came in."""
    return [json.loads(line) for message in messages for line in message.split(b"\n")]


def test_many_share_a_frame(bridge):
    outcome = bridge.call("test.items", {"count": 20000, "size": 10}, gather=True)
    assert objects(outcome.messages) == [{"item": "x" * 10}] * 20000 + [{"result": {"count": 20000}}]
    assert outcome.done and outcome.problem is None
    assert max(map(len, outcome.messages)) <= GATHER_MAX
    # 420 kB in frames of 32 KiB: 13; more if 20 ms were over before one was full.
    assert len(outcome.messages) < 2000


def test_order_is_kept_across_kinds(bridge):
    outcome = bridge.call("test.kinds", gather=True)
    assert [list(each) for each in objects(outcome.messages)] == [["item"], ["progress"], ["log"], ["result"]]


def test_without_asking_each_has_its_own(bridge):
    outcome = bridge.call("test.items", {"count": 3})
    assert [len(message.split(b"\n")) for message in outcome.messages] == [1, 1, 1, 1]


def test_first_comes_alone_and_at_once(bridge):
    bridge.open("a", "test.block", gather=True)
    assert bridge.control()["command"] == "ready"
    assert bridge.receive() == ("a", b'{"item":{"number":0}}')


def test_what_is_kept_back_comes_though_nothing_follows(bridge):
    bridge.open("a", "test.block", {"count": 5}, gather=True)
    assert bridge.control()["command"] == "ready"
    got = []
    while len(got) < 5:
        channel, payload = bridge.receive()
        assert channel == "a"
        got += objects([payload])
    assert got == [{"item": {"number": number}} for number in range(5)]
    bridge.command("close", "a")
    assert bridge.outcome("a").messages == []


def test_what_is_kept_back_comes_before_an_error(bridge):
    outcome = bridge.call("test.fail", {"problem": "busy", "after": 50}, gather=True)
    assert objects(outcome.messages) == [{"item": {"number": number}} for number in range(50)]
    assert outcome.problem == "busy" and not outcome.done


def test_what_is_too_long_to_share_comes_by_itself(bridge):
    outcome = bridge.call("test.items", {"count": 3, "size": 2 * GATHER_MAX}, gather=True)
    assert [len(objects([message])) for message in outcome.messages][:3] == [1, 1, 1]
    assert len(objects(outcome.messages)) == 4


def test_nothing_past_the_window(bridge):
    bridge.answers_pings = False
    bridge.open("a", "test.items", {"count": 100000, "size": 100}, gather=True, **{"flow-control": True})
    bridge.open("silent", "test.block", {"silent": True})
    received = 0
    while received < WINDOW:
        channel, payload = bridge.receive()
        received += len(payload) if channel == "a" else 0
    bridge.command("ping", "silent", sync=2)
    while True:
        channel, payload = bridge.receive()
        received += len(payload) if channel == "a" else 0
        if channel == "" and json.loads(payload)["command"] == "pong":
            break
    # What was kept back when the window closed goes out still.
    assert received <= WINDOW + 2 * GATHER_MAX


def test_closed_in_the_middle(bridge):
    bridge.open("a", "test.items", {"count": 1000000, "size": 100}, gather=True)
    found = bridge.until_begun("a")
    bridge.command("close", "a")
    assert bridge.outcomes("a", outcomes=found)["a"].problem is None
    assert bridge.call("test.echo", {"texts": ["x"]}, gather=True).done


@pytest.mark.parametrize("value", ["yes", 1, {}])
def test_wrong_option(bridge, value):
    bridge.command("open", "a", payload="backup1", op="test.echo", args={"texts": []}, gather=value)
    assert bridge.control()["problem"] == "protocol-error"


def test_bytes_are_as_ever(bridge):
    outcome = bridge.call("test.echo", {"texts": ["a", "b"]}, binary="raw", gather=True)
    assert b"".join(outcome.messages) == b'{"item":"a"}\n{"item":"b"}\n{"result":{"count":2}}\n'
