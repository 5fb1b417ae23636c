"""Every command of docs/administration.md, in its order, as a person would type it: on one machine, and,
when that is lost, on another that has nothing of it but the repository."""

import re

import pytest

from support.machine import TOP, MachineVm, boot
from support.package import DIRECTORY, PROGRAM, prepare_apt, prepare_package
from support.process import run

RUNBOOK = TOP / "docs/administration.md"
REPOSITORY = "srv/larger/repository"


def commands_of_sections():
    """Their commands, by the number of the section."""
    parts = re.split(r"^## (\d+)\. .*$", RUNBOOK.read_text(), flags=re.M)
    return {int(number): "".join(re.findall(r"^```sh\n(.*?)^```", text, re.S | re.M)).splitlines()
            for number, text in zip(parts[1::2], parts[2::2])}


COMMANDS = commands_of_sections()


def ids(machine, project):
    return [f"{project}/{one['id']}" for one in machine.items("list", project)]


def follow(machine, number, **variables):
    """Types what a section says; returns what was printed."""
    directory = f"{DIRECTORY}/{'next' if number == 6 else 'this'}"
    words = ["env", f"--chdir={directory}", "DEBIAN_FRONTEND=noninteractive",
             *[f"{name}={value}" for name, value in variables.items()]]
    return [machine.run(*words, "sh", "-euc", command) for command in COMMANDS[number]]


def digest(machine, image):
    """Of what a guest reads on a disk."""
    return machine.run("sh", "-euc", 'qemu-img convert -U -O raw "$1" /var/tmp/raw; '
                       "sha256sum </var/tmp/raw; rm /var/tmp/raw", "sh", image)


@pytest.fixture(scope="module")
def lost(packages):
    """The first machine after sections 1 to 7: what web1 read at its last backup, and the machine."""
    for machine in boot(lambda machine: prepare_package(machine, packages)):
        prepare_apt(machine)
        vm = MachineVm(machine, "web1")
        machine.run("mkdir", "-p", "/var/lib/libvirt/images")
        vm.write(0x11, "0", "3M")
        follow(machine, 1)
        follow(machine, 2)
        vm.write(0x22, "2M", "2M")
        follow(machine, 3)
        follow(machine, 4, BACKUP=ids(machine, "vm/web1")[-1])
        vm.write(0x33, "8M", "1M")
        follow(machine, 5)
        assert [one.split("-")[1] for one in ids(machine, "vm/web1")] == ["Base", "Inc", "Inc"]
        read = digest(machine, vm.disk)
        vm.write(0x44, "0", "1M")
        follow(machine, 6)
        follow(machine, 7)
        assert machine.try_run(PROGRAM, "--version").returncode != 0
        machine.cut_power()
        yield read, machine.disk / REPOSITORY


def test_a_vm_is_restored_from_nothing_but_the_repository(lost, packages):
    read, repository = lost

    def prepare(machine):
        prepare_package(machine, packages)
        (machine.disk / REPOSITORY).parent.mkdir(parents=True)
        run("cp", "-a", "--sparse=always", repository, machine.disk / REPOSITORY)

    for machine in boot(prepare):
        prepare_apt(machine)
        machine.run("systemctl", "start", "virtlogd.socket", "libvirtd.socket")
        machine.run("mkdir", "-p", "/var/lib/libvirt/images")
        known = sorted(path.name for path in (repository / "vm/web1").glob("web1-*"))
        (tree,) = [path.name for path in (repository / "tree").iterdir()]
        (package,) = (repository / "event-log/default").glob("*.tar.gz")
        said = follow(machine, 8, BACKUP=f"vm/web1/{known[-1]}", TREE=f"tree/{tree}/etc",
                      EVENT_LOG=f"event-log/default/{package.name.removesuffix('.tar.gz')}")
        assert "chain" in said[-1]
        assert digest(machine, "/var/lib/libvirt/images/web1-vda.qcow2") == read
        assert machine.run("virsh", "domstate", "web1").strip() == "running"
        settings = machine.run("cat", "/root/old/etc/cockpit-backup/config.json")
        assert '"etc"' in settings and "/srv/backups/repository" in settings
        # The old points are there, and a new cycle beside them.
        after = [one.split("/")[-1] for one in ids(machine, "vm/web1")]
        assert set(known) < set(after) and len(after) == len(known) + 1
