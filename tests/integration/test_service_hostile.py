"""Root's service: what a hostile or a slow local user can do to it."""

import pathlib
import select

import pytest

from support.bridge import frame
from support.service_fixtures import (
    ECHO, IS_SANITIZED, MIB, idle_service, is_denied, memory_bytes, peers, service, ticket, users)
from support.users import ALICE, BOB
from support.wait import wait_until

pytestmark = pytest.mark.protocol


def test_huge_and_broken_frames(peers):
    good = peers(0)
    broken = []
    for data in (b"99999999\n", b"131073\n\n", b"x\n", b"-1\n", b"0\n", b"5\nabcde", b"\n",
                 frame("", b"{"), frame("", b"[" * 100000), frame("", {"command": "open"})):
        peer = peers(ALICE)
        try:
            peer.send_raw(data)
        except ConnectionError:
            pass
        broken.append(peer)
        assert good.call("test.echo", ECHO).done
    assert all(peer.is_gone() for peer in broken)


def test_too_many_connections(service, peers, ticket):
    mine = [peers(BOB) for _ in range(16)]
    refused = peers(BOB)
    assert refused.greeting["problem"] == "busy" and refused.is_gone()
    assert peers(ALICE).call("test.echo", ECHO, ticket=ticket).done
    assert peers(0).call("test.echo", ECHO).done
    mine[0].kill()
    wait_until(lambda: "problem" not in peers(BOB).greeting, "there is a place again")


def test_crowd_does_not_keep_out_who_is_let_in(service, peers, ticket):
    """One user can own 65,536 ids; the one root has issued a ticket for gets in all the same."""
    for number in range(128):
        assert "problem" not in peers(200000 + number).greeting
    assert peers(300000).greeting["problem"] == "busy"
    assert peers(BOB).greeting["problem"] == "busy"
    assert peers(ALICE).call("test.echo", ECHO, ticket=ticket).done


def test_silent_peers_are_ended(idle_service):
    idle_service.start("--greeting-msecs", "200")
    silent = [idle_service.peer(ALICE.uid, init=False) for _ in range(16)]
    try:
        silent[3].send_raw(b"100\n")
    except ConnectionError:
        pass  # it took longer to get here than a peer may be silent
    assert all(peer.is_gone() for peer in silent)


def test_half_open_peer(peers, ticket):
    """It closes its side and goes on reading: what was asked for before is answered."""
    peer = peers(ALICE)
    peer.open("a", "test.echo", ECHO)
    peer.end_input()
    assert is_denied(peer.outcome("a"))
    assert peer.is_gone()


def test_peers_who_ask_and_never_read(service, peers):
    """16 of them, each as much as the service takes: it stops reading, and serves the others."""
    before = memory_bytes(service.process.pid)
    data = frame("", {"command": "open", "channel": "x", "payload": "backup1", "op": "y"}) * 500
    for _ in range(2 if IS_SANITIZED else 16):
        peer = peers(BOB)
        sent = 0
        while sent < 20 * MIB:
            try:
                sent += peer._socket.send(data[sent % len(data):])
            except BlockingIOError:
                if not wait_for_room(peer):
                    break
        assert sent < 20 * MIB
    assert peers(0).call("test.echo", ECHO).done
    if not IS_SANITIZED:
        assert memory_bytes(service.process.pid) - before < 16 * MIB


def wait_for_room(peer):
    """Whether the service reads on."""
    return bool(select.select([], [peer._socket], [], 0.3)[1])


def test_slow_receiver_stops_nobody(service, peers, ticket):
    slow = peers(ALICE, receive_buffer=4096)
    slow.open("s", "test.stream", {"bytes": 500 * MIB}, binary="raw", ticket=ticket)
    assert slow.receive() == ("", b'{"command":"ready","channel":"s"}')
    outcome = peers(ALICE).call("test.stream", {"bytes": 5 * MIB}, binary="raw", ticket=ticket)
    assert outcome.done
    if not IS_SANITIZED:
        assert memory_bytes(service.process.pid) < 64 * MIB


def test_one_who_dies_in_mid_stream(service, peers, ticket):
    for _ in range(5):
        peer = peers(ALICE)
        own = service.ticket(ALICE)["ticket"]
        peer.open("s", "test.stream", {"bytes": 500 * MIB}, binary="raw", ticket=own)
        peer.receive()
        peer.kill()
    threads = pathlib.Path(f"/proc/{service.process.pid}/task")
    assert peers(0).call("test.echo", ECHO).done
    wait_until(lambda: len(list(threads.iterdir())) < 5 + 6, "their operations end")
