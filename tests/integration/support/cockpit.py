"""A real cockpit-ws with the package installed for one session only, or with people who log in."""

import base64
import json
import os
import pathlib
import shutil
import socket
import subprocess
import urllib.error
import urllib.request

from .helper import BINARY, TOP
from .wait import TIMEOUT, wait_until

BARE_INDEX = "<!DOCTYPE html><title>cockpit-backup</title><script src='../base1/cockpit.js'></script>"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def server_program():
    return shutil.which("cockpit-ws") or "/usr/lib/cockpit/cockpit-ws"


def install_package(data_dir, binary=BINARY):
    """Puts the page into data_dir/cockpit/backup, with the bridge at the binary under test. Without a
    built page, the manifest alone: the channels need no more."""
    package = data_dir / "cockpit/backup"
    package.parent.mkdir(parents=True, exist_ok=True)
    built = TOP / "cockpit-pkg/dist"
    if (built / "index.html").exists():
        shutil.copytree(built, package)
    else:
        package.mkdir()
        (package / "index.html").write_text(BARE_INDEX)
        shutil.copy(TOP / "cockpit-pkg/manifest.json", package)
    manifest = json.loads((package / "manifest.json").read_text())
    for bridge in manifest["bridges"]:
        bridge["spawn"][0] = str(binary)
    (package / "manifest.json").write_text(json.dumps(manifest))


class Cockpit:
    """cockpit-ws with one local session as the user that runs the tests; no login."""

    def __init__(self, directory, env, binary=BINARY):
        self.port = free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        self.url = f"{self.origin}/cockpit/@localhost/backup/index.html"
        data_dir = directory / "share"
        install_package(data_dir, binary)
        self._start(directory, ["dbus-run-session", "--", server_program(),
                                "--local-session=cockpit-bridge"],
                    {**env, "XDG_DATA_DIRS": f"{data_dir}:/usr/local/share:/usr/share"})

    def _start(self, directory, command, env):
        self._log = open(directory / "cockpit-ws.log", "wb")
        # A process group of its own: what the session starts ends with it.
        self._process = subprocess.Popen(
            [*command, "--no-tls", "--address=127.0.0.1", f"--port={self.port}"],
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=subprocess.STDOUT, env=env,
            start_new_session=True)
        wait_until(self._answers, "cockpit-ws answers")

    def _answers(self):
        assert self._process.poll() is None, pathlib.Path(self._log.name).read_text(errors="replace")
        try:
            urllib.request.urlopen(f"{self.origin}/ping", timeout=5).close()
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True

    def close(self):
        try:
            os.killpg(self._process.pid, 15)
        except ProcessLookupError:
            pass
        self._process.wait(timeout=TIMEOUT)
        self._log.close()


class LoginCockpit(Cockpit):
    """cockpit-ws as it is installed: people log in by PAM, and become administrators by sudo."""

    def __init__(self, directory):  # pylint: disable=super-init-not-called
        self.port = free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        self._start(directory, [server_program()], {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"})

    def log_in(self, name, password, admin):
        """Returns the cookie of a session; with admin it has administrative access at once."""
        secret = base64.b64encode(f"{name}:{password}".encode()).decode()
        request = urllib.request.Request(
            f"{self.origin}/cockpit/login",
            headers={"Authorization": f"Basic {secret}", "X-Superuser": "any" if admin else "none"})
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            return answer.headers["Set-Cookie"].split(";")[0]
