"""The Debian package, installed, upgraded, removed and purged on a machine with a systemd. What an
installation takes from the network is there already; tests/fresh-machine shows that it is complete."""

import json

import pytest

from support.machine import MachineVm, boot, unit_of
from support.package import DIRECTORY, PROGRAM, prepare_apt, prepare_package
from support.users import ALICE
from support.wait import wait_until

SERVICE = "cockpit-backup.service"
SOCKET = "cockpit-backup.socket"
UNIT = "cockpit-backup-tree@data"
TIMER = f"{UNIT}.timer"
STATE = "/var/lib/cockpit-backup"


@pytest.fixture(scope="module")
def bare(packages):
    """A machine without the program."""
    for machine in boot(lambda machine: prepare_package(machine, packages)):
        prepare_apt(machine)
        yield machine


def apt(machine, *words):
    return machine.run("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", *words)


def install(machine, which="this"):
    return machine.run("sh", "-c", f"apt-get install {DIRECTORY}/{which}/*.deb")


@pytest.fixture
def installed(bare):
    """The package is newly installed, for tests that only look at it."""
    if bare.try_run("dpkg-query", "--list", "cockpit-backup").stdout.count("\nii ") == 0:
        install(bare)
    return bare


@pytest.fixture
def machine(installed):
    """The same, for tests that change something."""
    yield installed
    installed.run("dpkg", "--purge", "cockpit-backup")
    installed.run("rm", "-rf", STATE, "/run/cockpit-backup")
    installed.run("systemctl", "reset-failed")


@pytest.fixture
def used(machine):
    """With a file tree that has a backup and a schedule."""
    machine.write("/srv/data/a", "a")
    machine.run(PROGRAM, "tree", "set", "data", "--source", "/srv/data")
    machine.run(PROGRAM, "schedule", "set", "tree/data", "daily")
    machine.run(PROGRAM, "tree", "backup", "data")
    return machine


@pytest.fixture
def open_session(machine):
    made = []

    def open_one():
        made.append(machine.bridge(ALICE))
        return made[-1]

    yield open_one
    for session in made:
        session.kill()


@pytest.fixture
def vm(machine):
    made = MachineVm(machine, "web1")
    yield made
    made.remove()


def traces(machine):
    return machine.run("find", "/etc", "/var/lib/systemd", "-path", "*cockpit-backup*").split()


def stored(machine):
    """Everything in our state directory, with what it holds."""
    return machine.run("sh", "-c", f"cd {STATE} && find . -type f -exec sha256sum {{}} + | sort")


def test_installation_brings_what_there_is(installed):
    assert installed.run("dpkg", "--verify", "cockpit-backup") == ""
    assert installed.run("systemctl", "is-enabled", SOCKET).strip() == "enabled"
    assert installed.state(SOCKET) == "active"
    enabled = installed.run("systemctl", "list-unit-files", "--state=enabled", "--plain", "--no-legend",
                            "cockpit-backup*")
    assert [line.split()[0] for line in enabled.splitlines()] == [SOCKET], "no timer nobody asked for"
    page = "/usr/share/man/man8/cockpit-backup.8.gz"
    assert installed.run("man", "--where", "cockpit-backup").strip() == page
    completion = "/usr/share/bash-completion/completions/cockpit-backup"
    assert "cockpit-backup" in installed.run("bash", "-c", f". {completion} && complete -p cockpit-backup")
    assert "Uso: cockpit-backup" in installed.run("env", "LC_ALL=pt_BR.UTF-8", PROGRAM, "--help")


def test_cockpit_finds_the_page_and_the_page_the_program(installed):
    found = [line.split() for line in installed.run("cockpit-bridge", "--packages").splitlines()]
    directory = next(line[-1] for line in found if line[0] == "backup")
    assert directory == "/usr/share/cockpit/backup"
    manifest = json.loads(installed.run("cat", f"{directory}/manifest.json"))
    assert manifest["bridges"][0]["spawn"][0] == PROGRAM
    files = installed.run("ls", directory).split()
    assert {"index.html", "index.js.gz", "index.css.gz", "po.pt_BR.js.gz"} <= set(files)


def test_manual_page_has_no_mistakes(installed):
    done = installed.try_run("env", "MANWIDTH=80", "man", "--warnings", "--encoding=UTF-8", "cockpit-backup")
    assert (done.returncode, done.stderr) == (0, "")
    assert "cockpit-backup vm backup" in done.stdout


def test_upgrade_leaves_what_runs(used, vm, open_session):
    session = open_session()
    job_id = vm.start_job(open_session())
    units = [unit_of(job_id), SERVICE]
    before = [used.show(unit, "ActiveState", "MainPID") for unit in units]
    said = install(used, "next")
    assert [used.show(unit, "ActiveState", "MainPID") for unit in units] == before
    assert before[0]["ActiveState"] == "active"
    assert "Backup jobs that are running: 1. They go on" in said
    assert "Sessions in Cockpit go on" in said
    assert used.state(TIMER) == used.state(SOCKET) == "active"
    # The session's part of the program, and the service, are old ones by now, and start the new one.
    session.open("tree", "tree.backup", {"name": "data"}, ticket=used.ticket())
    outcome = session.outcome("tree")
    assert outcome.done and outcome.result()["state"] == "completed", outcome.close
    used.run(PROGRAM, "job", "cancel", job_id)
    wait_until(lambda: used.state(unit_of(job_id)) == "inactive", "the job ends in good order")
    assert used.run("systemctl", "list-units", "--failed", "--plain", "--no-legend") == ""


def test_removed_and_installed_again(used):
    before = stored(used)
    apt(used, "remove", "cockpit-backup")
    assert used.state(TIMER) == used.state(SOCKET) == "inactive"
    assert used.run("find", "/usr", "-path", "*cockpit-backup*") == ""
    assert stored(used) == before
    assert "/etc/cockpit-backup/config.json" in traces(used)
    install(used)
    assert used.state(TIMER) == used.state(SOCKET) == "active"
    assert used.run("systemctl", "is-enabled", SOCKET).strip() == "enabled"
    assert [one["what"] for one in used.items("schedule", "list")] == ["tree/data"]
    used.run(PROGRAM, "tree", "backup", "data")
    assert len(used.items("list")) == 2, "of both installations"


def test_removal_lets_a_job_end(machine, vm, open_session):
    job_id = vm.start_job(open_session())
    assert "Backup jobs that are running: 1. They go on" in apt(machine, "remove", "cockpit-backup")
    assert machine.state(unit_of(job_id)) == "active"
    assert machine.state(SERVICE) == "inactive"
    machine.run("systemctl", "stop", unit_of(job_id))
    assert vm.virsh("checkpoint-list", "web1", "--name").strip() == "", "it took its backup back"


def test_purge_takes_all_but_the_backups(used):
    other = f"/etc/systemd/system/{TIMER}.d/other.conf"
    used.write(other, "[Timer]\nAccuracySec=1s\n")
    used.run(PROGRAM, "config", "set", "retention_days", "9")
    before = stored(used)
    said = apt(used, "purge", "cockpit-backup")
    assert f"{STATE} are kept" in said
    assert traces(used) == [f"/etc/systemd/system/{TIMER}.d", other]
    assert stored(used) == before
    install(used)
    (backup,) = used.items("list")
    assert backup["project_id"].endswith("/data")
    used.run("rm", "-r", f"/etc/systemd/system/{TIMER}.d")


def test_purge_says_where_the_repository_was(machine):
    machine.write("/etc/cockpit-backup/config.json", '{"repository_dir": "/srv/our backups"}')
    machine.run("mkdir", "-p", "/srv/our backups")
    assert "/srv/our backups" in apt(machine, "purge", "cockpit-backup")
    assert "our backups" in machine.run("ls", "/srv").splitlines()
    assert traces(machine) == []
