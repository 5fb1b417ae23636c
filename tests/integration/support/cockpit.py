"""A real cockpit-ws with the package installed for one session only."""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import urllib.error
import urllib.request

from .helper import BINARY, TOP
from .wait import wait_until

BARE_INDEX = "<!DOCTYPE html><title>cockpit-backup</title><script src='../base1/cockpit.js'></script>"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


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
        self._log = open(directory / "cockpit-ws.log", "wb")
        server = shutil.which("cockpit-ws") or "/usr/lib/cockpit/cockpit-ws"
        # A process group of its own: what the session starts ends with it.
        self._process = subprocess.Popen(
            ["dbus-run-session", "--", server, "--local-session=cockpit-bridge", "--no-tls",
             "--address=127.0.0.1", f"--port={self.port}"],
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=subprocess.STDOUT,
            env={**env, "XDG_DATA_DIRS": f"{data_dir}:/usr/local/share:/usr/share"},
            start_new_session=True)
        wait_until(self._answers, "cockpit-ws answers")

    def _answers(self):
        assert self._process.poll() is None, pathlib.Path(self._log.name).read_text()
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
        self._process.wait(timeout=30)
        self._log.close()
