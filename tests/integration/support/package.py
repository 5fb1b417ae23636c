"""The Debian package, for machines with a systemd."""

import shutil

from .machine import BUILD, COMMAND_SECONDS, TOP
from .process import run

PROGRAM = "/usr/bin/cockpit-backup"
DIRECTORY = "/root/packages"


def build_packages(directory):
    """Of this version, and of the next, which is the same under another number."""
    run(TOP / "packaging/build-deb", "--built", BUILD, directory / "this", timeout=COMMAND_SECONDS)
    (package,) = (directory / "this").glob("*.deb")
    run("dpkg-deb", "--raw-extract", package, directory / "content")
    control = directory / "content/DEBIAN/control"
    control.write_text(control.read_text().replace("\nVersion: ", "\nVersion: 1:"))
    (directory / "next").mkdir()
    run("dpkg-deb", "--build", "--root-owner-group", directory / "content",
        directory / "next" / package.name)


def prepare_package(machine, made):
    """Puts them into DIRECTORY, before the machine's first start."""
    machine.prepare()
    machine.program = PROGRAM
    for which in ("this", "next"):
        shutil.copytree(made / which, machine.disk / DIRECTORY.lstrip("/") / which)


def prepare_apt(machine):
    """Takes away what an image for containers has (nothing is started, no manual is there), questions, and
    the index of all manuals, whose making takes longer than an installation."""
    machine.run("sh", "-c", "rm -rf /usr/sbin/policy-rc.d /etc/dpkg/dpkg.cfg.d/* /var/lib/man-db/auto-update")
    machine.write("/etc/apt/apt.conf.d/99test", 'APT::Get::Assume-Yes "true";\n')
