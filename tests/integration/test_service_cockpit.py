"""A user who is not root, in the real Cockpit: logged in by PAM, administrator by sudo, with the real
program as bridge and service."""

import base64
import json
import pathlib
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request

import pytest

from support.bridge import WebSession
from support.cockpit import LoginCockpit, install_package
from support.helper import BINARY
from support.service import Service
from support.users import ALICE, BOB, PASSWORD, make_users
from support.wait import TIMEOUT, wait_until

CONFIG = pathlib.Path("/etc/cockpit-backup/config.json")


class Session(WebSession):
    """What the page does in such a session."""

    def __init__(self, cockpit, user, admin):
        super().__init__(cockpit, cockpit.log_in(user.name, PASSWORD, admin))
        self.user = user
        self._numbers = iter(range(1, 1 << 30))

    def next_channel(self):
        return f"{self.seed}{next(self._numbers)}"

    def ask(self, op, args=None, **fields):
        return self.call(op, args, channel=self.next_channel(), **fields)

    def run(self, words, text=""):
        """cockpit.spawn (words, {superuser: "require"}); returns (output, its close)."""
        channel = self.next_channel()
        self.command("open", channel, payload="stream", spawn=[str(word) for word in words],
                     superuser="require", err="out", host="localhost")
        self.send(channel, text.encode())
        self.command("done", channel)
        outcome = self.outcome(channel)
        return b"".join(outcome.messages).decode(), outcome.close

    def ticket(self, *options, text=""):
        output, close = self.run([self.program, "ticket", "issue", "--user", self.user.uid, *options],
                                 text)
        assert close.get("exit-status") == 0, (output, close)
        return json.loads(output)["ticket"]

    def dbus(self, method, *arguments):
        """A call of Cockpit's own /superuser; returns when it has answered."""
        channel = self.next_channel()
        self.command("open", channel, payload="dbus-json3", bus="internal", host="localhost")
        self.send(channel, {"call": ["/superuser", "cockpit.Superuser", method, list(arguments)],
                            "id": "1"})
        found = {}
        while True:
            name, payload = self.receive()
            if name == channel:
                found = json.loads(payload)
                if "id" in found:
                    assert "reply" in found, found
                    return

    def fetch(self, op, args, **fields):
        """A download; returns (status, bytes)."""
        options = {"payload": "backup1", "op": op, "args": args, "binary": "raw", "host": "localhost",
                   "flow-control": True, "external": {"content-type": "application/gzip"}, **fields}
        text = base64.b64encode(json.dumps(options).encode()).decode()
        request = urllib.request.Request(
            f"{self.cockpit.origin}/cockpit/channel/{self.token}?{text}",
            headers={"Cookie": self.cookie})
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, b""


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """The service with the settings of the (bed's) machine, and a backup to download."""
    make_users()
    ALICE.may_sudo()
    directory = pathlib.Path("/run/service-test")
    directory.mkdir()
    service = Service(directory, BINARY)
    CONFIG.parent.mkdir(exist_ok=True)
    shutil.copy(service.config, CONFIG)
    service.start()
    for user in (ALICE, BOB):
        install_package(user.home / ".local/share", service.program)
        subprocess.run(["chown", "-R", f"{user.uid}:{user.uid}", user.home], check=True)
    for words in (["config", "set", "log_level", "info"], ["event-log", "backup"]):
        subprocess.run([service.program, *words], env=service.env, check=True, capture_output=True,
                       stdin=subprocess.DEVNULL)
    yield service
    service.stop(signal.SIGKILL)
    shutil.rmtree(directory)
    CONFIG.unlink()


@pytest.fixture(scope="module")
def cockpit(service, tmp_path_factory):
    server = LoginCockpit(tmp_path_factory.mktemp("cockpit"))
    yield server
    server.close()


@pytest.fixture
def log_in(service, cockpit):
    made = []

    def make(user, admin=False):
        session = Session(cockpit, user, admin)
        session.program = service.program
        made.append(session)
        return session

    yield make
    for session in made:
        session.kill()


LISTINGS = [("vm.list", {}), ("backup.list", {}), ("job.list", {}), ("config.get", {}),
            ("log.query", {}), ("event-log.verify", {})]
STARTS = [("vm.backup", {"vms": ["x"]}), ("prune", {}), ("event-log.backup", {}),
          ("config.set", {"key": "log_level", "value": "debug"})]


@pytest.fixture
def backup_id(service):
    listing = subprocess.run([service.program, "list", "--json"], env=service.env, check=True,
                             capture_output=True, stdin=subprocess.DEVNULL)
    found = json.loads(listing.stdout)
    backup = (found["items"] if isinstance(found, dict) else found)[0]
    return f"{backup['project_id']}/{backup['id']}"


def refuses_all(session, backup_id, **fields):
    for op, args in [*LISTINGS, *STARTS, ("log.follow", {}), ("job.follow", {"id": "x"})]:
        outcome = session.ask(op, args, **fields)
        assert (outcome.problem, outcome.messages) == ("access-denied", []), op
    for op, args in [("backup.export", {"ids": [backup_id]}), *LISTINGS]:
        assert session.fetch(op, args, **fields) == (403, b""), op
    return True


def test_without_administrative_access(service, log_in, backup_id):
    """Neither list, nor start, nor read a log, nor download."""
    session = log_in(ALICE)
    assert refuses_all(session, backup_id)
    output, close = session.run([service.program, "ticket", "issue", "--user", ALICE.uid])
    assert close["problem"] == "access-denied" and output == ""


def test_with_administrative_access(service, log_in, backup_id):
    session = log_in(ALICE, admin=True)
    assert refuses_all(session, backup_id)
    ticket = session.ticket()
    for op, args in LISTINGS:
        outcome = session.ask(op, args, ticket=ticket)
        assert outcome.done, (op, outcome.close)
    job = session.ask("prune", {}, ticket=ticket).result()
    assert (job["state"], job["actor"]) == ("completed", "alice")
    assert session.ask("config.set", {"key": "log_level", "value": "warning"}, ticket=ticket).done
    events = service.events()
    assert [event["actor"] for event in events if event["evento"] == "settings.changed"][-1] == "alice"
    assert [event["actor"] for event in events if event["evento"] == "backup.pruned"] == ["alice"]


def test_download(log_in, backup_id):
    session = log_in(ALICE, admin=True)
    args = {"ids": [backup_id]}
    once = session.ticket("--operation", "backup.export", text=json.dumps(args))
    assert session.fetch("backup.export", {"ids": [backup_id, "x"]}, ticket=once) == (403, b"")
    status, data = session.fetch("backup.export", args, ticket=once)
    assert status == 200 and data[:2] == b"\x1f\x8b"
    assert session.fetch("backup.export", args, ticket=once) == (403, b"")


def test_privileges_are_dropped(log_in, backup_id):
    session = log_in(ALICE, admin=True)
    ticket = session.ticket()
    session.open("watch", "job.list", {"watch": True}, ticket=ticket)
    outcomes = session.until_ready("watch")
    session.dbus("Stop")
    assert session.run([session.program, "ticket", "issue", "--user", ALICE.uid])[1]["problem"] == "access-denied"
    assert session.ask("ticket.revoke", ticket=ticket).done
    assert session.outcomes("watch", outcomes=outcomes)["watch"].close is not None
    assert refuses_all(session, backup_id, ticket=ticket)


def test_log_out_ends_the_ticket(service, log_in, backup_id):
    first = log_in(ALICE, admin=True)
    ticket = first.ticket()
    assert first.ask("config.get", ticket=ticket).done
    second = log_in(ALICE)
    assert second.ask("config.get", ticket=ticket).done
    urllib.request.urlopen(urllib.request.Request(
        f"{first.cockpit.origin}/cockpit/login", headers={"Cookie": first.cookie}), timeout=TIMEOUT).close()
    first.command("logout", disconnect=True)
    wait_until(lambda: second.ask("config.get", ticket=ticket).problem, "the ticket ends")
    assert refuses_all(second, backup_id, ticket=ticket)


def test_ticket_of_another_user(log_in, backup_id):
    ticket = log_in(ALICE, admin=True).ticket()
    assert refuses_all(log_in(BOB), backup_id, ticket=ticket)


def test_who_may_not_sudo_gets_no_ticket(service, log_in):
    session = log_in(BOB, admin=True)
    output, close = session.run([service.program, "ticket", "issue", "--user", BOB.uid])
    assert close["problem"] == "access-denied" and output == ""
    assert session.ask("config.get").problem == "access-denied"


def test_expired_ticket(log_in, backup_id):
    session = log_in(ALICE, admin=True)
    short = session.ticket("--lifetime", 1)
    wait_until(lambda: session.ask("config.get", ticket=short).problem, "the ticket expires")
    assert refuses_all(session, backup_id, ticket=short)


def test_10000_guesses(service, log_in):
    session = log_in(BOB)

    def recorded():
        return len([event for event in service.events("access.denied") if event["actor"] == BOB.name])

    before = recorded()
    begin = time.monotonic()
    ticket = f"{'0' * 16}-"
    for start in range(0, 10000, 250):
        names = [session.next_channel() for _ in range(250)]
        for number, name in enumerate(names, start):
            session.open(name, "config.get", ticket=f"{ticket}{number:064x}")
        outcomes = session.outcomes(*names)
        assert {outcomes[name].problem for name in names} == {"access-denied"}
    # One a minute, and what was denied before.
    assert recorded() - before <= 3 + (time.monotonic() - begin) // 60


def test_service_ends_and_comes_back(service, log_in):
    session = log_in(ALICE, admin=True)
    ticket = session.ticket()
    assert session.ask("config.get", ticket=ticket).done
    service.stop(signal.SIGKILL)
    outcome = session.ask("config.get", ticket=ticket)
    assert outcome.problem == "no-service" and "cockpit-backup.socket" in outcome.message
    assert session.fetch("config.get", {}, ticket=ticket)[0] == 500
    service.start()
    assert session.ask("config.get", ticket=ticket).done
