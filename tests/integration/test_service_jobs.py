"""A job asked for through the service outlives the page, the session, the bridge and the service, in
whatever order they end."""

import os
import pathlib
import signal

import pytest

from support.bridge import FAKE, Bridge
from support.service import Service
from support.users import ALICE, make_users
from support.wait import TIMEOUT, wait_until

PROGRAM = FAKE.parent / "job-program"


@pytest.fixture(scope="module", autouse=True)
def users():
    make_users()


@pytest.fixture
def gate(scratch):
    return scratch / "gate"


@pytest.fixture
def service(scratch, gate):
    service = Service(scratch, PROGRAM)
    service.start(env={**service.env, "LISTEN_FDNAMES": "x"})
    yield service
    gate.touch()
    service.stop(signal.SIGKILL)


@pytest.fixture
def start_relay(service):
    made = []

    def make():
        made.append(Bridge([service.program, "bridge"], env=service.env, **ALICE.ids))
        return made[-1]

    yield make
    for relay in made:
        relay.kill()


def start_job(service, relay, gate):
    """A job that waits at the gate; returns (its id, what its channel has said so far)."""
    relay.open("job", "test.work", {"project": "vm/web1", "gate": str(gate)},
               ticket=service.ticket(ALICE)["ticket"])
    outcomes = relay.until_begun("job")
    first = outcomes["job"].frames[0]
    return first["log"]["job_id"] if "log" in first else first["progress"]["id"], outcomes


def process_of(job_id):
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (path / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"run" in words and job_id.encode() in words:
            return path
    return None


def open_files(process):
    """Where its descriptors lead to; some are closed while this looks."""
    found = set()
    for path in (process / "fd").iterdir():
        try:
            found.add(os.readlink(path))
        except FileNotFoundError:
            pass
    return found


ENDS = {
    "page": lambda relay, service: relay.command("close", "job"),
    "session": lambda relay, service: os.killpg(relay.process.pid, signal.SIGHUP),
    "bridge": lambda relay, service: relay.process.kill(),
    "service": lambda relay, service: os.killpg(service.process.pid, signal.SIGKILL),
}


@pytest.mark.parametrize("order", [
    # Each first, and each last; a page cannot close once its bridge is gone.
    ("page", "session", "bridge", "service"), ("service", "page", "bridge"),
    ("service", "session"), ("bridge", "service"), ("session", "service"), ("page", "service", "bridge"),
    ("service", "bridge")], ids="-".join)
def test_job_goes_on(service, start_relay, gate, order):
    relay = start_relay_in_its_group(service)
    job_id, _ = start_job(service, relay, gate)
    process = process_of(job_id)
    try:
        for name in order:
            try:
                ENDS[name](relay, service)
            except (ProcessLookupError, BrokenPipeError):
                pass
            if name in ("bridge", "session"):
                relay.process.wait(timeout=TIMEOUT)
            if name == "service":
                service.stop()
        assert process.exists()
        service.start()
        # Whoever comes next finds it, still at work, and hears all of it to its end.
        again = start_relay()
        ticket = service.ticket(ALICE)["ticket"]
        listed, = again.call("job.list", {}, channel="l", ticket=ticket).items()
        assert (listed["id"], listed["state"], listed["actor"]) == (job_id, "running", "alice")
        again.open("f", "job.follow", {"id": job_id}, ticket=ticket)
        outcomes = again.until_begun("f")
        gate.touch()
        outcome = again.outcomes("f", outcomes=outcomes)["f"]
        assert outcome.done and outcome.result()["state"] == "completed"
        assert [frame["log"]["message"] for frame in outcome.frames if "log" in frame] == ["begin", "end"]
    finally:
        relay.kill()


def start_relay_in_its_group(service):
    return Bridge([service.program, "bridge"], env=service.env, start_new_session=True, **ALICE.ids)


def test_watchers_are_told_when_the_service_is_stopped(service, start_relay, gate):
    relay = start_relay()
    job_id, outcomes = start_job(service, relay, gate)
    service.stop()
    assert relay.outcomes("job", outcomes=outcomes)["job"].problem == "terminated"
    assert process_of(job_id).exists()


def test_job_inherits_nothing(service, start_relay, gate):
    """No descriptor of the service's: not its socket, not its peers', not the tickets'; and of its
    environment nothing about the socket it was started with."""
    relay = start_relay()
    job_id, _ = start_job(service, relay, gate)
    process = process_of(job_id)
    mine = open_files(process)
    theirs = open_files(pathlib.Path(f"/proc/{service.process.pid}"))
    shared = {name for name in mine & theirs if name.startswith(("socket:", "pipe:"))}
    assert not shared
    assert not [name for name in mine if "tickets" in name or name.startswith("socket:")]
    assert (process / "environ").read_bytes().find(b"LISTEN_") < 0
    words = (process / "cmdline").read_bytes()
    assert b"ticket" not in words
    assert os.getsid(int(process.name)) != os.getsid(service.process.pid)


def test_ticket_is_in_no_record(service, start_relay, gate):
    ticket = service.ticket(ALICE)["ticket"]
    relay = start_relay()
    relay.open("job", "test.work", {"project": "vm/web1"}, ticket=ticket)
    assert relay.outcome("job").done
    secret = ticket.partition("-")[2].encode()
    for path in [*service.runtime.rglob("*"), *service.state.rglob("*")]:
        if path.is_file():
            assert secret not in path.read_bytes(), path


def test_job_of_an_earlier_start_is_interrupted(service, start_relay, gate):
    """After a power cut nobody holds the job's lock; what is left of its record says so."""
    relay = start_relay()
    job_id, _ = start_job(service, relay, gate)
    process = process_of(job_id)
    os.kill(int(process.name), signal.SIGKILL)
    wait_until(lambda: not process.exists(), "the job's process is gone")
    ticket = service.ticket(ALICE)["ticket"]
    listed, = start_relay().call("job.list", {}, channel="l", ticket=ticket).items()
    assert listed["state"] == "interrupted"
