"""Under a real systemd: schedules are timers, which fire, make up for what they missed, and go."""

import datetime

import pytest

from support.wait import wait_until

UNIT = "cockpit-backup-tree@data"


@pytest.fixture
def machine(booted):
    booted.run("rm", "-rf", "/var/lib/cockpit-backup")
    booted.write("/srv/data/a", "a")
    booted.run(booted.program, "tree", "set", "data", "--source", "/srv/data")
    yield booted
    booted.run(booted.program, "schedule", "set", "tree/data")
    # A run of the timer's may be at work still; and systemd starts none of a unit that was started
    # often a moment ago.
    booted.run("systemctl", "stop", f"{UNIT}.service")
    booted.run("systemctl", "reset-failed")
    booted.run("rm", "-rf", "/etc/cockpit-backup", "/var/lib/cockpit-backup")


def schedule(machine):
    return next(each for each in machine.items("schedule", "list") if each["what"] == "tree/data")


def points(machine):
    found = [each["project_id"] for each in machine.items("list")]
    return [name for name in found if name.endswith("/data")]


def timers(machine):
    return machine.run("systemctl", "list-timers", "--plain", "--no-legend")


def test_schedule_is_a_timer(machine):
    machine.run(machine.program, "schedule", "set", "tree/data", "daily")
    assert f"{UNIT}.timer" in timers(machine)
    assert machine.run("systemctl", "is-enabled", f"{UNIT}.timer").strip() == "enabled"
    done = machine.try_run("systemd-analyze", "verify", "--man=no", f"{UNIT}.timer")
    assert (done.returncode, done.stderr) == (0, "")
    shown = schedule(machine)
    assert shown["active"] and shown["problem"] is None
    # What is next does not change while the test looks.
    machine.run(machine.program, "schedule", "set", "tree/data", "2199-01-01 02:00")
    next_line = machine.show(f"{UNIT}.timer", "NextElapseUSecRealtime")["NextElapseUSecRealtime"]
    expected = datetime.datetime.strptime(next_line, "%a %Y-%m-%d %H:%M:%S UTC")
    assert schedule(machine)["next_at"].startswith(expected.strftime("%Y-%m-%dT%H:%M:%S"))


def test_schedule_in_another_time_zone(machine):
    machine.run("ln", "-sf", "/usr/share/zoneinfo/America/Sao_Paulo", "/etc/localtime")
    try:
        machine.run(machine.program, "schedule", "set", "tree/data", "02:30")
        assert "T05:30:00" in schedule(machine)["next_at"]
    finally:
        machine.run("rm", "/etc/localtime")


def test_timer_fires(machine):
    machine.run(machine.program, "schedule", "set", "tree/data", "*-*-* *:*:00/1")
    wait_until(lambda: points(machine), "the timer has made a backup")
    machine.run(machine.program, "schedule", "set", "tree/data")
    assert f"{UNIT}.timer" not in timers(machine)
    assert "data" not in machine.run("find", "/etc/systemd/system", "-name", "cockpit-backup*")
    assert machine.items("schedule", "list") == []


def test_change_takes_effect_at_once(machine):
    machine.run(machine.program, "schedule", "set", "tree/data", "2199-01-01 02:00")
    assert schedule(machine)["next_at"].startswith("2199-01-01T02:00")
    machine.run(machine.program, "schedule", "set", "tree/data", "*-*-* *:*:00/1")
    wait_until(lambda: points(machine), "the new time has come")


def test_what_was_missed_is_made_up_for_after_the_start(machine):
    machine.run(machine.program, "schedule", "set", "tree/data", "daily")
    assert points(machine) == []
    stamp = f"/var/lib/systemd/timers/stamp-{UNIT}.timer"
    machine.run("systemctl", "stop", f"{UNIT}.timer")
    machine.run("touch", "--date=3 days ago", stamp)
    machine.cut_power()
    machine.boot()
    wait_until(lambda: points(machine), "the backup of the night before is made")
    assert schedule(machine)["active"]


def test_others_drop_ins_stay(machine):
    other = f"/etc/systemd/system/{UNIT}.timer.d/other.conf"
    machine.run(machine.program, "schedule", "set", "tree/data", "daily")
    machine.write(other, "[Timer]\nAccuracySec=1s\n")
    machine.run(machine.program, "schedule", "set", "tree/data")
    assert machine.run("ls", f"/etc/systemd/system/{UNIT}.timer.d").split() == ["other.conf"]
    machine.run("rm", "-r", f"/etc/systemd/system/{UNIT}.timer.d")
    machine.run("systemctl", "daemon-reload")


def test_time_that_systemd_does_not_take(machine):
    done = machine.try_run(machine.program, "schedule", "set", "tree/data", "Foo *-*-* 25:00")
    assert done.returncode == 2 and "no time as a timer takes it" in done.stderr
    assert machine.items("schedule", "list") == []
