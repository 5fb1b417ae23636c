"""Root's service: who may do what, by tickets, and how that ends."""

import itertools
import json
import signal
import time

import pytest

from support.bridge import frame, pattern, stream_bytes
from support.helper import BINARY
from support.service import Service
from support.service_fixtures import (
    ECHO, IS_SANITIZED, MIB, idle_service, is_denied, peers, service, ticket, users)
from support.users import ALICE, BOB
from support.wait import wait_until

pytestmark = pytest.mark.protocol


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
    tries = itertools.count()
    wait_until(lambda: peer.call("test.echo", ECHO, channel=f"c{next(tries)}", ticket=short).problem,
               "the ticket expires")
    assert is_denied(peer.call("test.echo", ECHO, ticket=short))
    service.stop()
    assert service.events("access.denied")[0]["payload"]["reasons"] == {"expired": 1}


def test_renewed_ticket(service, peers):
    # So long that it has not expired before it is renewed.
    short = service.ticket(ALICE, "--lifetime", 10)
    service.ticket_command("renew", short["id"], "--lifetime", 3600)
    brief = service.ticket(ALICE, "--lifetime", 10)["ticket"]
    peer = peers(ALICE)
    tries = itertools.count()
    wait_until(lambda: peer.call("test.echo", ECHO, channel=f"c{next(tries)}", ticket=brief).problem,
               "the other ticket expires")
    assert peer.call("test.echo", ECHO, ticket=short["ticket"]).done


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
    # A channel is closed a moment before what let it in is forgotten.
    wait_until(lambda: not list((service.runtime / "tickets").iterdir()), "the ticket that was used is gone")
    service.ticket_command("revoke", once.partition("-")[0], status=5)


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


def test_10000_guesses(service, peers, ticket):
    """From four connections at once: none passes, the others are served, the log stays small."""
    connections = [peers(ALICE) for _ in range(4)]
    begin = time.monotonic()
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
    seconds = time.monotonic() - begin
    events = service.events("access.denied")
    # The first, then one a minute, and the rest at the end.
    assert len(events) <= 3 + seconds // 60
    assert sum(event["payload"]["count"] for event in events) == guess
    assert {event["actor"] for event in events} == {"alice"}
    looked_at = sum(event["payload"]["reasons"].get("unknown", 0) for event in events)
    # Sixty at once, then one each second.
    assert looked_at <= 60 + seconds + 1
