"""The bridge behind Cockpit's own programs: through cockpit-bridge, through cockpit-ws as a browser
speaks to it, and as a download. What breaks a frame never gets through those; the rest is here again."""

import base64
import glob
import json
import os
import pathlib
import socket
import urllib.error
import urllib.request

import pytest

from support.bridge import FAKE, WINDOW, Bridge, WebSession, pattern, stream_bytes
from support.cockpit import Cockpit, install_package
from support.helper import BINARY
from support.process import process_state
from support.wait import TIMEOUT, wait_until

MIB = 1024 * 1024


@pytest.fixture
def env(scratch):
    config = scratch / "config.json"
    config.write_text(json.dumps({"state_dir": str(scratch), "runtime_dir": str(scratch / "run")}))
    return {**os.environ, "COCKPIT_BACKUP_CONFIG": str(config), "LC_ALL": "C.UTF-8",
            "XDG_DATA_DIRS": f"{scratch / 'share'}:/usr/local/share:/usr/share"}


@pytest.fixture
def web(env, scratch):
    """cockpit-ws whose helper has the operations made for tests."""
    server = Cockpit(scratch, env, binary=FAKE)
    yield server
    server.close()


@pytest.fixture(params=["cockpit-bridge", "cockpit-ws"])
def bridge(request, env, scratch):
    if request.param == "cockpit-bridge":
        install_package(scratch / "share", FAKE)
        peer = Bridge(["dbus-run-session", "--", "cockpit-bridge"], env=env)
    else:
        peer = WebSession(request.getfixturevalue("web"))
    yield peer
    peer.kill()


@pytest.fixture
def blocked(bridge):
    bridge.open("1:s", "test.block", {"silent": True})
    assert bridge.control()["command"] == "ready"
    return bridge


def operations_count():
    """How many operations run in the helper: each has a thread of that name, which it gives itself when it
    first runs. A thread that has just ended, or one of GLib's own, is not one."""
    helper = find_helper()
    names = []
    for task in pathlib.Path(f"/proc/{helper}/task").iterdir():
        try:
            names.append((task / "comm").read_text().strip())
        except (FileNotFoundError, ProcessLookupError):
            pass
    return names.count("operation")


def wait_operations(count):
    wait_until(lambda: operations_count() == count, f"{count} operations run")


def close_all(bridge, names):
    """Closes channels. cockpit-ws keeps the answer to itself, so the helper's threads tell."""
    for name in names:
        bridge.command("close", name)
    wait_operations(0)


def channel_control(bridge):
    """The next control message about a channel; Cockpit has some of its own."""
    while True:
        message = bridge.control()
        if "channel" in message:
            return message


# --- the rules

def test_order_of_a_channel(bridge):
    bridge.open("1:2", "test.echo", {"texts": ["a", "ü"]})
    assert bridge.control() == {"command": "ready", "channel": "1:2"}
    assert bridge.receive() == ("1:2", b'{"item":"a"}')
    assert bridge.receive() == ("1:2", '{"item":"ü"}'.encode())
    assert bridge.receive() == ("1:2", b'{"result":{"count":2}}')
    assert bridge.control() == {"command": "done", "channel": "1:2"}
    assert bridge.control() == {"command": "close", "channel": "1:2"}


@pytest.mark.parametrize("op, args, problem", [
    ("test.none", {}, "not-supported"),
    ("test.echo", {}, "protocol-error"),
    ("test.stream", {"bytes": 1}, "not-supported"),
    ("test.fail", {"problem": "busy"}, "busy"),
    ("test.fail", {"problem": "integrity", "after": 2}, "integrity"),
    ("test.fail", {"problem": "no-space"}, "no-space"),
])
def test_problems_come_through(bridge, op, args, problem):
    outcome = bridge.call(op, args)
    assert outcome.problem == problem and outcome.message and not outcome.done


def test_unknown_payload(bridge):
    bridge.command("open", "1:2", payload="backup2", op="test.echo", host="localhost")
    assert channel_control(bridge)["problem"] == "not-supported"


def test_close_reaches_the_operation(bridge):
    assert bridge.call("test.echo", {"texts": ["x"]}).done
    wait_operations(0)
    bridge.open("1:s", "test.block", {"silent": True})
    bridge.until_ready("1:s")
    wait_operations(1)
    close_all(bridge, ["1:s"])
    assert bridge.call("test.echo", {"texts": ["x"]}, channel="1:t").done


def test_ping(blocked):
    blocked.command("ping", "1:s", sequence=7)
    assert channel_control(blocked) == {"command": "pong", "channel": "1:s", "sequence": 7}


def test_options(blocked):
    blocked.command("options", "1:s", batch=1)
    assert channel_control(blocked)["problem"] == "not-supported"


def test_data_after_done(blocked):
    blocked.command("done", "1:s")
    blocked.send("1:s", b"x")
    assert channel_control(blocked)["problem"] == "protocol-error"


def test_kill(bridge):
    for name, group in ("1:a", "one"), ("1:b", "two"):
        bridge.open(name, "test.block", {"silent": True}, group=group)
    outcomes = bridge.until_ready("1:a", "1:b")
    bridge.command("kill", group="one")
    assert bridge.outcomes("1:a", outcomes=outcomes)["1:a"].problem == "terminated"
    assert outcomes["1:b"].close is None


def test_large_frames_come_through(bridge):
    """A result is one frame, however long."""
    for size in (70000, 200000, 3000000):
        assert bridge.call("test.items", {"size": size}).items() == ["x" * size]


def test_stream(bridge):
    outcome = bridge.call("test.stream", {"bytes": 3 * MIB + 17}, binary="raw",
                          **{"flow-control": True})
    assert outcome.done and stream_bytes(outcome) == pattern(3 * MIB + 17)


def test_flow_control_stops(bridge):
    bridge.answers_pings = False
    bridge.open("1:a", "test.stream", {"bytes": 50 * MIB}, binary="raw", **{"flow-control": True})
    pinged = 0
    count = 0
    while count < WINDOW or pinged < count:
        channel, payload = bridge.receive()
        message = {} if channel else json.loads(payload)
        count += len(payload) if channel else 0
        pinged = message.get("sequence", pinged)
    bridge.command("ping", "1:a", sync=1)
    assert channel_control(bridge) == {"command": "pong", "channel": "1:a", "sync": 1}
    assert count == WINDOW


def test_200_channels_at_once(bridge):
    assert bridge.call("test.echo", {"texts": ["x"]}).done
    wait_operations(0)
    names = [f"1:{number}" for number in range(200)]
    for name in names:
        bridge.open(name, "test.block", {"silent": True})
    bridge.until_ready(*names)
    wait_operations(200)
    assert bridge.call("test.echo", {"texts": ["x"]}).done
    close_all(bridge, names)


def test_crashed_helper_is_started_again(bridge):
    """The manifest's timeout is what makes Cockpit start another one in this session."""
    bridge.open("1:s", "test.block", {"silent": True})
    outcomes = bridge.until_ready("1:s")
    os.kill(find_helper(), 9)
    assert bridge.outcomes("1:s", outcomes=outcomes)["1:s"].problem

    def works_again():
        works_again.number += 1
        return bridge.call("test.echo", {"texts": ["x"]}, channel=f"2:{works_again.number}").done

    works_again.number = 0
    wait_until(works_again, "the helper is back")


def find_helper():
    """The one that there is."""
    helper, = wait_until(lambda: children_named(os.getpid(), FAKE.name), "the helper is there")
    return helper


def children_named(pid, name):
    """The processes of that program below a process. While others end, the kernel may leave some out."""
    found = []
    for path in glob.glob(f"/proc/{pid}/task/*/children"):
        try:
            children = pathlib.Path(path).read_text().split()
        except OSError:
            continue
        for child in children:
            try:
                program = os.readlink(f"/proc/{child}/exe")
            except OSError:
                continue
            if pathlib.Path(program).name == name:
                found.append(int(child))
            found += children_named(int(child), name)
    return found


def test_end_of_session_ends_the_helper(env, scratch):
    install_package(scratch / "share", FAKE)
    peer = Bridge(["dbus-run-session", "--", "cockpit-bridge"], env=env)
    try:
        peer.open("1:s", "test.block", {"silent": True})
        peer.until_ready("1:s")
        helper = find_helper()
        peer.end_input()
        wait_until(lambda: process_state(helper) is None, "the helper ends")
    finally:
        peer.kill()


# --- downloads

@pytest.fixture
def session(web):
    peer = WebSession(web)
    peer.web = web
    yield peer
    peer.kill()


def address(session, op, args, **fields):
    """The link of a download, as Cockpit serves external channels."""
    options = {"payload": "backup1", "op": op, "args": args, "binary": "raw", "flow-control": True,
               "external": {"content-type": "application/gzip",
                            "content-disposition": 'attachment; filename="a.tar.gz"'}, **fields}
    text = base64.b64encode(json.dumps(options).encode()).decode()
    return f"/cockpit/channel/{session.token}?{text}"


def fetch(session, op, args, **fields):
    return urllib.request.urlopen(session.web.origin + address(session, op, args, **fields),
                                  timeout=TIMEOUT)


def test_download(session):
    with fetch(session, "test.stream", {"bytes": 9 * MIB + 5, "hint": True}) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "application/gzip"
        assert answer.headers["Content-Disposition"] == 'attachment; filename="a.tar.gz"'
        assert answer.read() == pattern(9 * MIB + 5)


@pytest.mark.parametrize("problem, status", [
    ("not-found", 404), ("access-denied", 403), ("internal-error", 500), ("integrity", 500),
    ("busy", 500)])
def test_error_before_the_first_byte_is_a_status(session, problem, status):
    with pytest.raises(urllib.error.HTTPError) as raised:
        fetch(session, "test.stream", {"bytes": 5, "fail_after": 0, "problem": problem})
    assert raised.value.code == status


def test_unknown_operation_is_a_status(session):
    with pytest.raises(urllib.error.HTTPError) as raised:
        fetch(session, "test.none", {})
    assert raised.value.code == 500


def test_error_after_the_first_byte_breaks_the_download(session):
    """The end of the chunked body never comes: a browser reports a failed download."""
    request = address(session, "test.stream",
                      {"bytes": 9 * MIB, "fail_after": 5 * MIB, "problem": "integrity"})
    with socket.create_connection(("127.0.0.1", session.web.port), timeout=TIMEOUT) as connection:
        connection.sendall(f"GET {request} HTTP/1.1\r\nHost: 127.0.0.1:{session.web.port}\r\n\r\n"
                           .encode())
        answer = b""
        while data := connection.recv(1 << 18):
            answer += data
    assert answer.startswith(b"HTTP/1.1 200")
    assert len(answer) > MIB
    assert not answer.endswith(b"0\r\n\r\n")


def test_json_over_http(session):
    with fetch(session, "test.echo", {"texts": ["a", "b"]}) as answer:
        assert [json.loads(line) for line in answer.read().splitlines()] == [
            {"item": "a"}, {"item": "b"}, {"result": {"count": 2}}]


def peak_bytes(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines()
                if line.startswith("VmHWM"))


def test_slow_download_takes_no_memory(session):
    """A receiver that reads nothing of 300 MiB: neither the helper nor Cockpit's own fill up."""
    request = address(session, "test.stream", {"bytes": 300 * MIB})
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        connection.settimeout(TIMEOUT)
        connection.connect(("127.0.0.1", session.web.port))
        connection.sendall(f"GET {request} HTTP/1.1\r\nHost: 127.0.0.1:{session.web.port}\r\n\r\n"
                           .encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 200")
        # Another channel of the session is served while this one stands still: many rounds of it give
        # an unthrottled sender all the time it needs.
        for number in range(200):
            session.call("test.items", {"count": 10, "size": 10000}, channel=f"3:{number}")
        peaks = {}
        for name in (FAKE.name, "cockpit-ws", "cockpit-bridge"):
            pids = wait_until(lambda: children_named(os.getpid(), name), f"{name} is there")
            peaks[name] = max(peak_bytes(pid) for pid in pids)
    assert max(peaks.values()) < 64 * MIB, peaks


# --- the real program

def test_real_operations(env, scratch):
    install_package(scratch / "share", BINARY)
    peer = Bridge(["dbus-run-session", "--", "cockpit-bridge"], env=env)
    try:
        assert peer.call("config.get").result()["state_dir"] == str(scratch)
    finally:
        peer.kill()
