"""The service, and peers at its socket, for each test anew."""

import pathlib
import signal

import pytest

from .bridge import FAKE
from .service import Service
from .users import ALICE, make_users

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


def memory_bytes(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines()
                if line.startswith("VmHWM"))
