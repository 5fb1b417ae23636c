"""Users who are not root, for the length of the tests: the bed's /etc is a copy."""

import os
import pathlib
import subprocess

PASSWORD = "foobar"


class User:
    """A person who can log in."""

    def __init__(self, name, uid):
        self.name = name
        self.uid = uid
        self.home = pathlib.Path("/run/home") / name

    def make(self):
        secret = subprocess.run(["openssl", "passwd", "-6", PASSWORD], capture_output=True, text=True,
                                check=True).stdout.strip()
        self.home.mkdir(parents=True, exist_ok=True)
        os.chown(self.home, self.uid, self.uid)
        for path, line in (
                ("passwd", f"{self.name}:x:{self.uid}:{self.uid}::{self.home}:/bin/bash"),
                ("group", f"{self.name}:x:{self.uid}:"),
                ("shadow", f"{self.name}:{secret}:19000:0:99999:7:::")):
            with open(f"/etc/{path}", "a", encoding="utf-8") as file:
                file.write(line + "\n")

    def may_sudo(self):
        path = pathlib.Path("/etc/sudoers.d") / self.name
        path.write_text(f"{self.name} ALL=(ALL:ALL) ALL\n")
        path.chmod(0o440)

    def may_not_sudo(self):
        pathlib.Path("/etc/sudoers.d", self.name).unlink(missing_ok=True)

    @property
    def ids(self):
        """For subprocess: who runs it."""
        return {"user": self.uid, "group": self.uid, "extra_groups": []}


ALICE = User("alice", 4001)
BOB = User("bob", 4002)


def make_users():
    """Alice and Bob; only in the test bed, where /etc is nobody else's."""
    assert os.environ.get("BK_BED"), "this test adds users: run it by tests/run or tests/bed"
    if ALICE.name not in pathlib.Path("/etc/passwd").read_text():
        ALICE.make()
        BOB.make()
