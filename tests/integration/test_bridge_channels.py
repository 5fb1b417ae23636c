"""Our bridge over stdin and stdout: channels, from init and open to close."""

import pytest

from support.bridge import pattern, stream_bytes
from support.bridge_fixtures import blocked, bridge, env, start

pytestmark = pytest.mark.protocol


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
