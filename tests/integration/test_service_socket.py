"""Root's service: its socket, whose it is and who keeps it."""

import os
import pathlib
import signal
import socket
import stat
import subprocess

import pytest

from support.service_fixtures import ECHO, idle_service, is_denied, peers, service, ticket, users
from support.users import ALICE
from support.wait import TIMEOUT

pytestmark = pytest.mark.protocol


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
                          stdin=subprocess.DEVNULL, timeout=TIMEOUT, check=False)
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
    done = subprocess.run([idle_service.program, "service"], env=idle_service.env, timeout=TIMEOUT,
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

        # Whoever connects is there before the service, which would end again without anybody.
        peer = idle_service.peer(0, init=False)
        idle_service.start("--idle-msecs", "300", env=None, pass_fds=[3, listener.fileno()],
                           preexec_fn=pass_socket)
        peer.greet()
        assert peer.call("test.echo", ECHO).done
        environ = pathlib.Path(f"/proc/{idle_service.process.pid}/environ")
        assert environ.exists()
        peer.kill()
        assert idle_service.process.wait(timeout=TIMEOUT) == 0
        assert idle_service.socket.exists()
