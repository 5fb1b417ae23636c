"""The bridge of a session that is not root's: it passes frames to the service."""

import hashlib
import itertools
import os
import signal
import socket

import pytest

from support.bridge import Bridge, frame, pattern, stream_bytes
from support.process import process_state
from support.service_fixtures import (
    ECHO, IS_SANITIZED, MIB, idle_service, is_denied, memory_bytes, peers, service, ticket, users)
from support.users import ALICE, BOB
from support.wait import TIMEOUT, wait_until

pytestmark = pytest.mark.protocol


@pytest.fixture
def start_relay(idle_service):
    made = []

    def make(user=ALICE):
        made.append(Bridge([idle_service.program, "bridge"], env=idle_service.env, **user.ids))
        return made[-1]

    yield make
    for relay in made:
        relay.kill()


def test_relay(service, start_relay, ticket):
    relay = start_relay()
    assert is_denied(relay.call("test.echo", ECHO))
    outcome = relay.call("test.echo", {"texts": ["a", "ü", "x" * 4000]}, channel="c", ticket=ticket)
    assert outcome.done, outcome.close
    assert outcome.items() == ["a", "ü", "x" * 4000]
    relay.command("ping", "nothing", sequence=1)
    relay.command("unknown")
    assert relay.call("test.echo", ECHO, channel="d", ticket=ticket).done
    assert relay.finish()[1] == 0


def test_relay_of_long_answers_and_streams(service, start_relay, ticket):
    relay = start_relay()
    assert relay.call("test.items", {"size": 5000000}, ticket=ticket).items() == ["x" * 5000000]
    outcome = relay.call("test.stream", {"bytes": 20 * MIB}, channel="s", binary="raw", ticket=ticket,
                         **{"flow-control": True})
    assert outcome.done
    assert hashlib.sha256(stream_bytes(outcome)).digest() == hashlib.sha256(pattern(20 * MIB)).digest()


def test_relay_without_a_reader_takes_no_memory(service, start_relay, ticket):
    """No flow control: what is in between has to hold the service."""
    relay = start_relay()
    relay.open("s", "test.stream", {"bytes": 300 * MIB}, binary="raw", ticket=ticket)
    # Another connection's rounds give an unthrottled sender all the time it needs.
    other = service.peer(0)
    for number in range(200):
        assert other.call("test.items", {"count": 10, "size": 10000}, channel=f"c{number}").done
    other.kill()
    if not IS_SANITIZED:
        assert relay.peak_bytes() < 32 * MIB
        assert memory_bytes(service.process.pid) < 48 * MIB


def test_relay_kill_and_close(service, start_relay, ticket):
    relay = start_relay()
    for name, group in ("a", "one"), ("b", "two"):
        relay.open(name, "test.block", {}, group=group, ticket=ticket)
    outcomes = relay.until_begun("a", "b")
    relay.command("kill", group="one")
    assert relay.outcomes("a", outcomes=outcomes)["a"].problem == "terminated"
    relay.command("close", "b")
    assert relay.outcomes("b", outcomes=outcomes)["b"].problem is None


def test_relay_when_the_service_dies(service, start_relay, ticket):
    relay = start_relay()
    relay.open("a", "test.block", {}, ticket=ticket)
    relay.open("s", "test.stream", {"bytes": 500 * MIB}, binary="raw", ticket=ticket,
               **{"flow-control": True})
    outcomes = relay.until_begun("a", "s")
    service.stop(signal.SIGKILL)
    relay.outcomes("a", "s", outcomes=outcomes)
    assert {outcomes[name].problem for name in "as"} == {"disconnected"}
    assert "has ended" in outcomes["a"].message
    gone = relay.call("test.echo", ECHO, channel="b", ticket=ticket)
    assert gone.problem == "no-service" and "systemctl enable --now" in gone.message
    service.start()
    assert relay.call("test.echo", ECHO, channel="c", ticket=ticket).done


def test_relay_that_hears_late_of_the_end(service, start_relay, ticket):
    """What is asked for after the service has ended is for the next one, whenever this one's end is seen."""
    relay = start_relay()
    relay.open("a", "test.block", {}, ticket=ticket)
    outcomes = relay.until_begun("a")
    relay.process.send_signal(signal.SIGSTOP)
    wait_until(lambda: process_state(relay.process.pid) == "T", "it hears nothing")
    service.stop(signal.SIGKILL)
    service.start()
    relay.open("b", "test.echo", ECHO, ticket=ticket)
    relay.process.send_signal(signal.SIGCONT)
    relay.outcomes("a", "b", outcomes=outcomes)
    assert outcomes["a"].problem == "disconnected"
    assert outcomes["b"].done, outcomes["b"].close


def test_relay_when_the_service_is_stopped(service, start_relay, ticket):
    relay = start_relay()
    relay.open("a", "test.block", {}, ticket=ticket)
    outcomes = relay.until_begun("a")
    assert service.stop() == 0
    outcome = relay.outcomes("a", outcomes=outcomes)["a"]
    assert outcome.problem == "terminated" and "stopped" in outcome.message


def test_relay_ends_with_cockpit(service, start_relay, ticket):
    for end in (lambda relay: relay.end_input(), lambda relay: relay.process.send_signal(15),
                lambda relay: relay.process.send_signal(1), lambda relay: relay.process.kill()):
        own = service.ticket(ALICE)["ticket"]
        relay = start_relay()
        relay.open("a", "test.block", {}, ticket=own)
        relay.until_begun("a")
        end(relay)
        relay.process.wait(timeout=TIMEOUT)
        peer = service.peer(ALICE.uid)
        tries = itertools.count()
        wait_until(lambda: peer.call("test.echo", ECHO, channel=f"c{next(tries)}", ticket=own).problem,
                   "the ticket ends with the session")
        peer.kill()


def test_relay_is_refused(service, start_relay, peers):
    for _ in range(16):
        peers(ALICE)
    outcome = start_relay().call("test.echo", ECHO)
    assert outcome.problem == "busy" and "too many connections" in outcome.message


def test_relay_tells_nothing_to_who_is_not_root(idle_service, start_relay):
    """A socket that somebody else listens on gets no ticket."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(idle_service.socket))
        os.chmod(idle_service.socket, 0o666)
        os.seteuid(BOB.uid)
        listener.listen()
        os.seteuid(0)
        assert start_relay().call("test.echo", ECHO, ticket="secret").problem == "no-service"
        listener.settimeout(TIMEOUT)
        with listener.accept()[0] as peer:
            assert peer.recv(1000) == b""


def test_relay_of_a_service_that_does_not_answer(idle_service, start_relay):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(idle_service.socket))
        os.chmod(idle_service.socket, 0o666)
        listener.listen()
        assert start_relay().call("test.echo", ECHO).problem == "timeout"


@pytest.mark.parametrize("answer", [
    b"x\n", frame("", b"{"), frame("", {"command": "ping"}) + frame("", {"command": "close"}),
    b"99999999\n"])
def test_relay_of_a_broken_service(idle_service, start_relay, answer):
    """Whatever comes, Cockpit hears of its own channels only."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(idle_service.socket))
        os.chmod(idle_service.socket, 0o666)
        listener.listen()
        relay = start_relay()
        relay.open("a", "test.echo", ECHO)
        with listener.accept()[0] as peer:
            peer.sendall(frame("", {"command": "init", "version": 1}) + answer)
            peer.shutdown(socket.SHUT_WR)
            message = relay.control()
        assert (message["command"], message["channel"]) == ("close", "a")
        assert message["problem"] in ("disconnected", "protocol-error")


@pytest.mark.parametrize("data", [b"x\n", frame("", b"{"), b"99999999\n", frame("", {"x": 1}),
                                  frame("", {"command": "open", "channel": "a"})])
def test_relay_of_a_broken_cockpit(service, idle_service, data):
    relay = Bridge([service.program, "bridge"], env=service.env, init=False, **ALICE.ids)
    try:
        assert relay.control()["command"] == "init"
        relay.send_raw(data)
        assert relay.process.wait(timeout=TIMEOUT) == 1
    finally:
        relay.kill()
