"""Under a real systemd: the units that timers start, on a machine where nothing was set up yet, and with
what they are shut off from."""

import pytest

from support.machine import UNITS

PROJECT_TREE = "data"


@pytest.fixture
def machine(booted):
    """As after the installation."""
    booted.run("rm", "-rf", "/var/lib/cockpit-backup", "/etc/cockpit-backup", "/srv/data")
    yield booted
    booted.run("rm", "-rf", "/var/lib/cockpit-backup", "/etc/cockpit-backup", "/srv/data")
    booted.run("systemctl", "reset-failed")


def set_tree(machine, *sources):
    words = [word for source in sources for word in ("--source", source)]
    machine.run(machine.program, "tree", "set", PROJECT_TREE, *words)


def points(machine):
    """Of the tree, oldest first."""
    found = [each["project_id"] for each in machine.items("list")]
    project = next((each for each in found if each.endswith(f"/{PROJECT_TREE}")), None)
    return [] if project is None else machine.items("list", project)


@pytest.mark.parametrize("kind", ["service", "timer"])
def test_systemd_takes_every_unit(booted, kind):
    names = [f"cockpit-backup-{unit}.{kind}" for unit in UNITS]
    if kind == "service":
        names += ["cockpit-backup.service", "cockpit-backup.socket"]
    done = booted.try_run("systemd-analyze", "verify", "--man=no", *names)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("unit", ["event-log", "vms"])
def test_first_run_of_all(machine, unit):
    machine.run("systemctl", "start", "virtlogd.socket", "libvirtd.socket")
    name = f"cockpit-backup-{unit}.service"
    outcome = machine.start(name)
    assert (outcome["Result"], outcome["ExecMainStatus"]) == ("success", "0"), machine.journal(name)


@pytest.mark.parametrize("unit", ["prune", "verify"])
def test_a_repository_that_is_not_there_shows(machine, unit):
    """It may be that its disk is not mounted."""
    name = f"cockpit-backup-{unit}.service"
    assert machine.start(name)["ExecMainStatus"] == "5"
    assert "The repository “/var/lib/cockpit-backup/repository” cannot be opened" in machine.journal(name)


@pytest.mark.parametrize("unit", ["prune", "verify"])
def test_after_the_first_backup(machine, unit):
    machine.write("/srv/data/a", "a")
    set_tree(machine, "/srv/data")
    assert machine.start("cockpit-backup-tree@data.service")["Result"] == "success"
    name = f"cockpit-backup-{unit}.service"
    outcome = machine.start(name)
    assert (outcome["Result"], outcome["ExecMainStatus"]) == ("success", "0"), machine.journal(name)


def test_tree_backup_sees_all_that_root_sees(machine):
    """What a sandbox hides would be taken for empty, and be missed when it is needed."""
    machine.write("/usr/lib/modules/here/module.ko", "module")
    machine.write("/home/alice/letter", "letter")
    machine.write("/tmp/note", "note")
    set_tree(machine, "/usr/lib/modules/here", "/home/alice", "/tmp")
    assert machine.start("cockpit-backup-tree@data.service")["Result"] == "success"
    project = points(machine)[0]["project_id"]
    for path in ("/usr/lib/modules/here/module.ko", "/home/alice/letter", "/tmp/note"):
        machine.run(machine.program, "tree", "download", project, path)


def test_warnings_are_no_failure(machine):
    machine.write("/srv/data/a", "a")
    machine.run("mkdir", "/srv/gone")
    set_tree(machine, "/srv/data", "/srv/gone")
    machine.run("rmdir", "/srv/gone")
    outcome = machine.start("cockpit-backup-tree@data.service")
    assert (outcome["ExecMainStatus"], outcome["Result"]) == ("8", "success")
    assert len(points(machine)) == 1


def test_failures_show(machine):
    name = "cockpit-backup-tree@data.service"
    outcome = machine.start(name)
    assert (outcome["ExecMainStatus"], outcome["ActiveState"]) == ("5", "failed")
    assert "There is no “data”" in machine.journal(name)


def test_units_keep_to_their_sandbox(machine):
    """What they say they cannot do, they cannot."""
    for unit in UNITS:
        shown = machine.show(f"cockpit-backup-{unit}.service", "ProtectControlGroups", "CapabilityBoundingSet",
                             "RestrictRealtime", "SystemCallFilter")
        assert shown["ProtectControlGroups"] == shown["RestrictRealtime"] == "yes"
        assert "cap_sys_module" not in shown["CapabilityBoundingSet"]
        assert "init_module" in shown["SystemCallFilter"]


def test_no_unit_starts_a_libvirt_of_its_own_choice(machine):
    """On a machine with the modular daemons libvirtd.service would end them."""
    for unit in UNITS:
        shown = machine.show(f"cockpit-backup-{unit}.service", "Wants", "Requires", "After")
        assert "libvirtd.service" not in shown["Wants"] + shown["Requires"]
        assert "remote-fs.target" in shown["After"], "a repository that is not mounted yet"
    shown = machine.show("cockpit-backup-vm@web1.service", "After")["After"]
    assert {"libvirtd.service", "virtqemud.service"} <= set(shown.split())


@pytest.mark.parametrize("kind", ["tree", "schedule"])
def test_new_machine_has_no_settings(machine, kind):
    assert machine.backup(kind, "list")["count"] == 0
