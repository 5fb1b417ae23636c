"""Root's service: who may do what, by tickets; and what a hostile local user can do to it."""

import hashlib
import json
import os
import pathlib
import select
import signal
import socket
import stat
import subprocess

import pytest

from support.bridge import FAKE, Bridge, frame, pattern, stream_bytes
from support.helper import BINARY
from support.service import Service
from support.users import ALICE, BOB, make_users
from support.wait import wait_until

pytestmark = pytest.mark.protocol

MIB = 1024 * 1024
ECHO = {"texts": ["a", "b"]}
# Slow, and with memory of its own: there fewer of the same do.
IS_SANITIZED = b"__asan_init" in FAKE.read_bytes()


@pytest.fixture(scope="module", autouse=True)
def users():
    make_users()


@pytest.fixture
def idle_service(scratch):
    service = Service(scratch, FAKE)
    yield service
    service.stop(signal.SIGKILL)


@pytest.fixture
def service(idle_service):
    return idle_service.start()


@pytest.fixture
def peers(service):
    """peers(user): a connection of that user's, ended with the test."""
    made = []

    def make(user, **options):
        made.append(service.peer(getattr(user, "uid", user), **options))
        return made[-1]

    yield make
    for peer in made:
        peer.kill()


@pytest.fixture
def ticket(service):
    return service.ticket(ALICE)["ticket"]


def is_denied(outcome):
    assert outcome.ready is None and not outcome.messages
    return outcome.problem == "access-denied" and "administrative access" in outcome.message


# --- who may

def test_root_may_do_all(peers):
    assert peers(0).call("test.echo", ECHO).items() == ["a", "b"]


def test_with_a_ticket(peers, ticket):
    peer = peers(ALICE)
    for number in range(3):
        assert peer.call("test.echo", ECHO, channel=f"c{number}", ticket=ticket).items() == ["a", "b"]


def test_without_a_ticket_nothing(scratch):
    """Every operation there is, its name as the channel and as the command line has it."""
    service = Service(scratch, BINARY).start()
    peer = service.peer(ALICE.uid)
    try:
        names = ["vm.list", "vm.backup", "vm.restore", "backup.list", "backup.info", "backup.export",
                 "log.query", "log.follow", "job.list", "job.follow", "job.cancel", "config.get",
                 "config.set", "event-log.verify", "prune", "ticket.revoke", "no.such", ""]
        for number, name in enumerate(names):
            assert is_denied(peer.call(name, {}, channel=f"c{number}")), name
            assert is_denied(peer.call(name, {}, channel=f"d{number}", binary="raw",
                                       external={"content-type": "x"})), name
    finally:
        peer.kill()
        service.stop()
    assert not (service.state / "repository").exists() and not list(scratch.glob("run/jobs/*"))


@pytest.mark.parametrize("shown", [
    "", "x", "0" * 81, "0123456789abcdef-" + "0" * 64, "../../../../etc/passwd", "x" * 100000])
def test_what_is_no_ticket(peers, shown):
    assert is_denied(peers(ALICE).call("test.echo", ECHO, ticket=shown))


@pytest.mark.parametrize("shown", [1, None, True, {}, ["x"]])
def test_what_is_no_text(peers, shown):
    assert peers(ALICE).call("test.echo", ECHO, ticket=shown).problem == "protocol-error"


def test_ticket_of_another_user(service, peers, ticket):
    assert is_denied(peers(BOB).call("test.echo", ECHO, ticket=ticket))
    assert peers(ALICE).call("test.echo", ECHO, ticket=ticket).done
    service.stop()
    assert [event["actor"] for event in service.events("access.denied")] == ["bob"]


def test_each_changed_character(peers, ticket):
    """In pieces: more would be guesses, which are shut out."""
    peer = peers(ALICE)
    for at in range(0, len(ticket), 3):
        other = ticket[:at] + ("0" if ticket[at] != "0" else "1") + ticket[at + 1:]
        assert is_denied(peer.call("test.echo", ECHO, channel=f"c{at}", ticket=other))
    assert peer.call("test.echo", ECHO, ticket=ticket).done


def test_expired_ticket(service, peers):
    short = service.ticket(ALICE, "--lifetime", 1)["ticket"]
    peer = peers(ALICE)
    tries = iter(range(1000))
    wait_until(lambda: peer.call("test.echo", ECHO, channel=f"c{next(tries)}", ticket=short).problem,
               "the ticket expires")
    assert is_denied(peer.call("test.echo", ECHO, ticket=short))
    service.stop()
    assert service.events("access.denied")[0]["payload"]["reasons"] == {"expired": 1}


def test_renewed_ticket(service, peers):
    short = service.ticket(ALICE, "--lifetime", 2)
    service.ticket_command("renew", short["id"], "--lifetime", 3600)
    brief = service.ticket(ALICE, "--lifetime", 2)["ticket"]
    peer = peers(ALICE)
    tries = iter(range(1000))
    wait_until(lambda: peer.call("test.echo", ECHO, channel=f"c{next(tries)}", ticket=brief).problem,
               "the other ticket expires")
    assert peer.call("test.echo", ECHO, ticket=short["ticket"]).done


# --- what is good once

def test_download_once(service, peers):
    args = {"bytes": 3 * MIB + 1}
    once = service.download_ticket(ALICE, "test.stream", args)
    raw = {"binary": "raw", "flow-control": True}
    assert is_denied(peers(ALICE).call("test.stream", {"bytes": 5}, ticket=once, **raw))
    assert is_denied(peers(ALICE).call("test.echo", ECHO, ticket=once))
    assert is_denied(peers(BOB).call("test.stream", args, ticket=once, **raw))
    outcome = peers(ALICE).call("test.stream", args, ticket=once, **raw)
    assert outcome.done and stream_bytes(outcome) == pattern(3 * MIB + 1)
    assert is_denied(peers(ALICE).call("test.stream", args, ticket=once, **raw))


def test_download_of_two_at_once(service, peers):
    """Exactly one wins, also of two services' processes: see /store/ticket-store/download-race."""
    first, second = peers(ALICE), peers(ALICE)
    for number in range(5 if IS_SANITIZED else 20):
        once = service.download_ticket(ALICE, "test.echo", ECHO)
        for peer in (first, second):
            peer.open(f"c{number}", "test.echo", ECHO, ticket=once)
        outcomes = [peer.outcome(f"c{number}") for peer in (first, second)]
        assert sorted(outcome.done for outcome in outcomes) == [False, True]


# --- revocation

def blocked(peer, ticket, name="block"):
    peer.open(name, "test.block", {}, ticket=ticket)
    return peer.until_begun(name)


def test_given_back(service, peers, ticket):
    """What the page does when Cockpit drops its privileges."""
    peer, other = peers(ALICE), peers(ALICE)
    outcomes, others = blocked(peer, ticket), blocked(other, ticket)
    assert peer.call("ticket.revoke", channel="r", ticket=ticket).done
    assert peer.outcomes("block", outcomes=outcomes)["block"].problem == "access-denied"
    assert other.outcomes("block", outcomes=others)["block"].problem == "access-denied"
    assert is_denied(peer.call("test.echo", ECHO, ticket=ticket))


def test_revoked_by_root(service, peers):
    issued = [service.ticket(ALICE) for _ in range(2)]
    peer = peers(ALICE)
    outcomes = blocked(peer, issued[0]["ticket"])
    service.ticket_command("revoke", issued[0]["id"])
    assert peer.outcomes("block", outcomes=outcomes)["block"].problem == "access-denied"
    assert peer.call("test.echo", ECHO, ticket=issued[1]["ticket"]).done
    service.ticket_command("revoke", "--user", "alice")
    assert is_denied(peer.call("test.echo", ECHO, channel="again", ticket=issued[1]["ticket"]))


def downloading(service, peer, user=ALICE, length=200 * MIB):
    """A download that is under way, and waits for its peer; returns its ticket too."""
    args = {"bytes": length}
    once = service.download_ticket(user, "test.stream", args)
    peer.answers_pings = False
    peer.open("down", "test.stream", args, ticket=once, binary="raw", **{"flow-control": True})
    return once, peer.until_begun("down")


def assert_cut_off(peer, outcomes):
    outcome = peer.outcomes("down", outcomes=outcomes)["down"]
    assert outcome.problem == "access-denied" and not outcome.done


@pytest.mark.parametrize("by", ["id", "user", "holder"])
def test_revocation_ends_a_download(service, peers, ticket, by):
    peer = peers(ALICE)
    once, outcomes = downloading(service, peer)
    if by == "id":
        service.ticket_command("revoke", once.partition("-")[0])
    elif by == "user":
        service.ticket_command("revoke", "--user", "alice")
    else:
        peer.open("r", "ticket.revoke", {}, ticket=ticket)
    assert_cut_off(peer, outcomes)


def test_download_outlives_other_tickets(service, peers):
    """What ends, or expires, is not what let it in."""
    peer = peers(ALICE)
    session = service.ticket(ALICE)
    service.ticket(BOB)
    once, outcomes = downloading(service, peer, length=5 * MIB)
    service.ticket_command("revoke", session["id"])
    service.ticket_command("revoke", "--user", "bob")
    peer.answers_pings = True
    outcome = peer.outcomes("down", outcomes=outcomes)["down"]
    assert outcome.done and stream_bytes(outcome) == pattern(5 * MIB)
    service.ticket_command("revoke", once.partition("-")[0], status=5)
    assert [path.name for path in (service.runtime / "tickets").iterdir()] == []


def test_used_tickets_do_not_outlive_the_service(service, peers):
    downloading(service, peers(ALICE))
    tickets = service.runtime / "tickets"
    assert [path.suffix for path in tickets.iterdir()] == [".used"]
    service.stop(signal.SIGKILL)
    service.start()
    assert list(tickets.iterdir()) == []


def test_who_was_let_in_is_an_event(idle_service):
    issued = idle_service.ticket(ALICE, "--lifetime", "60")
    once = idle_service.download_ticket(BOB, "test.stream", {"bytes": 1})
    first, second = idle_service.events("access.granted")
    assert (first["actor"], first["entidade"], first["entidade_id"]) == ("alice", "ticket", issued["id"])
    assert first["payload"] == {"uid": ALICE.uid, "operation": None, "lifetime_seconds": 60}
    assert (second["actor"], second["payload"]["operation"]) == ("bob", "test.stream")
    said = json.dumps(idle_service.events())
    for text in (issued["ticket"], once):
        assert text.partition("-")[2] not in said


def test_ticket_is_good_where_that_cannot_be_recorded(idle_service):
    (idle_service.state / "event-log").write_text("no directory")
    done = idle_service.ticket_command("issue", "--user", "alice")
    assert json.loads(done.stdout)["ticket"]
    assert "not in the event log" in done.stderr


def test_dies_with_the_connection(service, peers, ticket):
    """The end of the session in Cockpit ends what it was allowed."""
    first, second = peers(ALICE), peers(ALICE)
    assert first.call("test.echo", ECHO, ticket=ticket).done
    outcomes = blocked(second, ticket)
    first.kill()
    assert second.outcomes("block", outcomes=outcomes)["block"].problem == "access-denied"


# --- the command

@pytest.mark.parametrize("arguments, status", [
    (["issue"], 2), (["issue", "--user", "0"], 2), (["issue", "--user", "nobody-here"], 5),
    (["issue", "--user", "4294967295"], 5), (["issue", "--user", "4001", "--lifetime", "3601"], 2),
    (["issue", "--user", "4001", "--lifetime", "0"], 2), (["renew"], 2), (["renew", "x"], 5),
    (["revoke"], 2), (["revoke", "../jobs/x"], 5), (["none"], 2), ([], 2),
    (["issue", "--user", "4001", "--operation", "x" * 101], 2)])
def test_wrong_commands(idle_service, arguments, status):
    done = idle_service.ticket_command(*arguments, status=status)
    assert done.stdout == "" and len(done.stderr.splitlines()) == 1


def test_user_behind_sudo(idle_service):
    env = {**idle_service.env, "SUDO_UID": "4001"}
    idle_service.ticket_command("issue", env=env)
    record, = (idle_service.runtime / "tickets").glob("*.json")
    assert json.loads(record.read_text())["uid"] == 4001


def test_only_root_issues(idle_service):
    done = idle_service.ticket_command("issue", "--user", "4001", status=6, **ALICE.ids)
    assert done.stdout == ""
    assert not (idle_service.runtime / "tickets").exists()


# --- guesses

def test_10000_guesses(service, peers, ticket):
    """From four connections at once: none passes, the others are served, the log stays small."""
    connections = [peers(ALICE) for _ in range(4)]
    guess = 0
    for _ in range(5 if IS_SANITIZED else 25):
        for peer in connections:
            data = b""
            for _ in range(100):
                guess += 1
                text = f"{ticket[:17]}{guess:064x}"
                data += frame("", {"command": "open", "channel": f"g{guess}", "payload": "backup1",
                                   "op": "test.echo", "args": ECHO, "ticket": text})
            peer.send_raw(data)
        assert peers(0).call("test.echo", ECHO).done
        for peer in connections:
            for _ in range(100):
                message = peer.control()
                assert (message["command"], message["problem"]) == ("close", "access-denied")
        if guess == 2000:
            own = service.ticket(BOB)["ticket"]
            assert peers(BOB).call("test.echo", ECHO, ticket=own).done
    assert guess == (2000 if IS_SANITIZED else 10000)
    service.stop()
    events = service.events("access.denied")
    assert len(events) <= 3
    assert sum(event["payload"]["count"] for event in events) == guess
    assert {event["actor"] for event in events} == {"alice"}
    looked_at = sum(event["payload"]["reasons"].get("unknown", 0) for event in events)
    assert looked_at < 200


# --- hostile peers

def test_huge_and_broken_frames(peers):
    good = peers(0)
    broken = []
    for data in (b"99999999\n", b"131073\n\n", b"x\n", b"-1\n", b"0\n", b"5\nabcde", b"\n",
                 frame("", b"{"), frame("", b"[" * 100000), frame("", {"command": "open"})):
        peer = peers(ALICE)
        try:
            peer.send_raw(data)
        except BrokenPipeError:
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
    silent[3].send_raw(b"100\n")
    assert all(peer.is_gone() for peer in silent)


def test_half_open_peer(peers, ticket):
    """It closes its side and goes on reading: what was asked for before is answered."""
    peer = peers(ALICE)
    peer.open("a", "test.echo", ECHO)
    peer.end_input()
    assert is_denied(peer.outcome("a"))
    assert peer.is_gone()


def memory_bytes(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines()
                if line.startswith("VmHWM"))


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


# --- the socket

def test_socket_is_everybodys_and_the_rest_is_roots(service, ticket):
    def mode(path):
        return stat.S_IMODE(path.stat().st_mode)

    assert mode(service.socket) == 0o666
    assert mode(service.runtime) & 0o022 == 0
    assert mode(service.runtime / "tickets") == 0o700


def test_others_may_pass_whoever_made_the_directory(idle_service):
    """A run of root's with a strict umask may have been the first."""
    idle_service.runtime.rmdir()
    idle_service.ticket_command("issue", "--user", "4001", umask=0o077)
    idle_service.start()
    peer = idle_service.peer(ALICE.uid)
    assert is_denied(peer.call("test.echo", ECHO))
    peer.kill()


def test_second_service_is_busy(service):
    done = subprocess.run([service.program, "service"], env=service.env, capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=20, check=False)
    assert done.returncode == 4
    assert service.answers()


def test_socket_after_a_crash(service, peers):
    service.stop(signal.SIGKILL)
    assert service.socket.exists()
    service.start()
    assert peers(0).call("test.echo", ECHO).done
    assert service.stop() == 0
    assert not service.socket.exists()


@pytest.mark.parametrize("what", ["link", "directory", "open"])
def test_hostile_runtime_directory(idle_service, scratch, what):
    if what == "link":
        idle_service.socket.symlink_to(scratch / "elsewhere")
    elif what == "directory":
        idle_service.socket.mkdir()
    else:
        idle_service.runtime.chmod(0o777)
    if what == "link":
        idle_service.start()
        assert not (scratch / "elsewhere").exists()
        assert not idle_service.socket.is_symlink()
        return
    done = subprocess.run([idle_service.program, "service"], env=idle_service.env, timeout=20,
                          stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert done.returncode != 0 and done.stderr


def test_activation_and_idle_end(idle_service):
    """As systemd does it: the socket is passed, and the service ends when nobody is there."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(idle_service.socket))
        os.chmod(idle_service.socket, 0o666)
        listener.listen()

        def pass_socket():
            os.dup2(listener.fileno(), 3)
            os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
            os.environ["COCKPIT_BACKUP_CONFIG"] = str(idle_service.config)

        idle_service.start("--idle-msecs", "300", env=None, pass_fds=[3, listener.fileno()],
                           preexec_fn=pass_socket)
        peer = idle_service.peer(0)
        assert peer.call("test.echo", ECHO).done
        environ = pathlib.Path(f"/proc/{idle_service.process.pid}/environ")
        assert environ.exists()
        peer.kill()
        assert idle_service.process.wait(timeout=20) == 0
        assert idle_service.socket.exists()


# --- the relay

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
        relay.process.wait(timeout=20)
        peer = service.peer(ALICE.uid)
        tries = iter(range(1000))
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
        listener.settimeout(20)
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
        assert relay.process.wait(timeout=20) == 1
    finally:
        relay.kill()
