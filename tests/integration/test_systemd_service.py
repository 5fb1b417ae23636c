"""Under a real systemd: the socket starts the service, for whoever connects, and the service ends when
nobody is there."""

import pytest

from support.users import ALICE
from support.wait import wait_until

SERVICE = "cockpit-backup.service"
SOCKET = "cockpit-backup.socket"


@pytest.fixture
def machine(booted):
    booted.write(f"/etc/systemd/system/{SERVICE}.d/idle.conf",
                 f"[Service]\nExecStart=\nExecStart={booted.program} service --idle-exit 1\n")
    booted.run("systemctl", "daemon-reload")
    booted.run("systemctl", "start", SOCKET)
    yield booted
    booted.run("rm", "-r", f"/etc/systemd/system/{SERVICE}.d")
    booted.run("systemctl", "daemon-reload")
    booted.run("systemctl", "stop", SOCKET)
    booted.run("systemctl", "reset-failed")


@pytest.fixture
def connect(machine):
    made = []

    def make():
        made.append(machine.bridge(ALICE))
        return made[-1]

    yield make
    for session in made:
        session.kill()


def ask(session, machine, channel="ask"):
    outcome = session.call("job.list", channel=channel, ticket=machine.ticket(ALICE))
    assert outcome.problem is None, outcome.close
    return outcome


def test_socket_starts_the_service_again_and_again(machine, connect):
    for _ in range(2):
        assert machine.state(SERVICE) == "inactive"
        session = connect()
        ask(session, machine)
        assert machine.state(SERVICE) == "active"
        session.kill()
        wait_until(lambda: machine.state(SERVICE) == "inactive", "the service ends by itself")
        assert machine.show(SERVICE, "Result")["Result"] == "success"
        assert machine.state(SOCKET) == "active"


def test_a_session_outlives_the_service(machine, connect):
    session = connect()
    ask(session, machine)
    machine.run("systemctl", "stop", SERVICE)
    assert machine.show(SERVICE, "Result")["Result"] == "success"
    ask(session, machine, "again")
    assert machine.state(SERVICE) == "active"


def test_who_has_no_ticket_is_let_nowhere(machine, connect):
    assert connect().call("job.list").problem == "access-denied"


def test_socket_and_what_is_beside_it(machine):
    shown = machine.run("stat", "-c", "%a %U %F", "/run/cockpit-backup", "/run/cockpit-backup/socket")
    assert shown.splitlines() == ["755 root directory", "666 root socket"]


def test_everybody_may_pass_to_the_socket_whoever_was_first(machine):
    """A command that ran before the socket was set up may have had a strict umask."""
    machine.run("systemctl", "stop", SOCKET)
    machine.run("rm", "-rf", "/run/cockpit-backup")
    machine.run("sh", "-c", f"umask 077; {machine.program} job list")
    machine.run("systemctl", "start", SOCKET)
    shown = machine.run("stat", "-c", "%a %F", "/run/cockpit-backup", "/run/cockpit-backup/socket")
    assert shown.splitlines() == ["755 directory", "666 socket"]


def test_service_is_sandboxed_as_it_says(machine, connect):
    ask(connect(), machine)
    pid = machine.show(SERVICE, "MainPID")["MainPID"]
    assert machine.try_run("nsenter", "--target", pid, "--mount", "mkdir", "/sys/fs/cgroup/x").returncode != 0
    status = machine.run("cat", f"/proc/{pid}/status")
    bounding = int(next(line for line in status.splitlines() if line.startswith("CapBnd")).split()[1], 16)
    assert not bounding & 1 << 16, "CAP_SYS_MODULE"
