"""What the Debian package does beside its files: its scripts, run on a machine with schedules and backups."""

import pytest

SCRIPTS = "/project/packaging/debian/cockpit-backup"
UNIT = "cockpit-backup-tree@data"


@pytest.fixture
def machine(booted):
    booted.write("/srv/data/a", "a")
    booted.run(booted.program, "tree", "set", "data", "--source", "/srv/data")
    booted.run(booted.program, "schedule", "set", "tree/data", "daily")
    booted.run(booted.program, "tree", "backup", "data")
    yield booted
    booted.run("systemctl", "disable", "--now", f"{UNIT}.timer")
    booted.run("rm", "-rf", "/etc/cockpit-backup", "/var/lib/cockpit-backup",
               f"/etc/systemd/system/{UNIT}.timer.d")
    booted.run("systemctl", "daemon-reload")


def traces(machine):
    return machine.run("find", "/etc", "/var/lib/systemd", "-path", "*cockpit-backup*").split()


def test_removal_stops_the_timers_and_keeps_them(machine):
    machine.run("sh", f"{SCRIPTS}.prerm", "remove")
    assert machine.state(f"{UNIT}.timer") == "inactive"
    assert machine.run("systemctl", "is-enabled", f"{UNIT}.timer").strip() == "enabled"


def test_upgrade_leaves_the_timers(machine):
    machine.run("sh", f"{SCRIPTS}.prerm", "upgrade", "0.2.0")
    machine.run("sh", f"{SCRIPTS}.postrm", "upgrade", "0.2.0")
    assert machine.state(f"{UNIT}.timer") == "active"
    assert "/etc/cockpit-backup/config.json" in traces(machine)


def test_purge_takes_all_but_the_backups(machine):
    other = f"/etc/systemd/system/{UNIT}.timer.d/other.conf"
    machine.write(other, "[Timer]\nAccuracySec=1s\n")
    machine.run("sh", f"{SCRIPTS}.prerm", "remove")
    machine.run("sh", f"{SCRIPTS}.postrm", "remove")
    said = machine.run("sh", f"{SCRIPTS}.postrm", "purge")
    assert "/var/lib/cockpit-backup are kept" in said
    assert traces(machine) == [f"/etc/systemd/system/{UNIT}.timer.d", other]
    assert machine.items("list")[0]["project_id"].endswith("/data")


def test_purge_where_nothing_was_set_up(booted):
    booted.run("sh", f"{SCRIPTS}.postrm", "purge")
    assert traces(booted) == []


def test_manual_page_has_no_mistakes(booted):
    page = booted.run("find", "/usr", "-name", "cockpit-backup.8*").split()
    assert len(page) == 1
    done = booted.try_run("env", "MANWIDTH=80", "man", "--warnings", "--local-file", "--encoding=UTF-8", page[0])
    assert (done.returncode, done.stderr) == (0, "")
    assert "cockpit-backup vm backup" in done.stdout
