"""The demo guest of packaging/demo: it boots and writes files with known checksums."""

import json
import pathlib

from .process import run
from .vm import CONNECT

# In seconds, for a guest that boots beside other work.
TIMEOUT = 300
TOOL = pathlib.Path(__file__).resolve().parents[3] / "packaging/demo/vm"


class DemoGuest:
    def __init__(self, name, directory, *options):
        self.name = name
        self.directory = directory
        self._call("create", *options)

    def _call(self, command, *arguments):
        return run(TOOL, "--connect", CONNECT, command, self.name, "--directory", self.directory,
                   "--timeout", TIMEOUT, *arguments, timeout=TIMEOUT + 30)

    def wait_writes(self, count):
        self._call("wait-writes", str(count))

    def checksums(self):
        """What it has written and synced so far, in the form of sha256sum."""
        return self._call("checksums")

    def count(self):
        return len(self.checksums().splitlines())

    def shutdown(self):
        self._call("shutdown")

    def start(self):
        self._call("start")

    def destroy(self):
        self._call("destroy")


def check_image(image, checksums, work):
    """The image's file system is clean and holds every file of the list as it was written. Returns
    {"files": how many there are, "compared": how many were looked at}."""
    listing = work / "expected-checksums"
    listing.write_text(checksums)
    return json.loads(run(TOOL, "check", image, "--checksums", listing, "--work", work, "--json",
                          timeout=TIMEOUT))


def extra_number(image, work):
    """The number of the newest file, as the second disk has it."""
    raw = work / "extra.raw"
    run("qemu-img", "convert", "-U", "-O", "raw", image, raw)
    with open(raw, "rb") as file:
        return int(file.read(512))
