"""Under a real systemd: a VM's backup by its unit, which libvirt's socket lets in, and jobs, which have
units of their own."""

import pytest

from support.machine import MachineVm, unit_of
from support.users import ALICE
from support.wait import wait_until


@pytest.fixture
def machine(booted):
    booted.run("rm", "-rf", "/var/lib/cockpit-backup")
    booted.run("systemctl", "start", "cockpit-backup.socket")
    yield booted
    booted.run("systemctl", "stop", "cockpit-backup.socket")
    booted.run("systemctl", "reset-failed")


@pytest.fixture
def vm(machine):
    made = MachineVm(machine, "web1")
    yield made
    made.remove()


@pytest.fixture
def session(machine):
    made = machine.bridge(ALICE)
    yield made
    made.kill()


def job(machine, job_id):
    return next(each for each in machine.items("job", "list") if each["id"] == job_id)


def test_backups_by_the_unit(machine, vm):
    unit = "cockpit-backup-vm@web1.service"
    machine.run("systemctl", "stop", "libvirtd.service")
    vm.write(0x11, "0", "3M")
    assert machine.start(unit)["Result"] == "success", machine.journal(unit)
    vm.write(0x22, "8M", "1M")
    assert machine.start(unit)["Result"] == "success", machine.journal(unit)
    assert vm.steps() == ["Base", "Inc"]
    assert machine.run(machine.program, "verify", "--all")
    # Each step once, and of which VM it is.
    lines = machine.journal(unit).splitlines()
    for step in ("base", "incremental"):
        assert [line for line in lines if f"Backing up “web1”: {step}" in line] == [
            f"vm/web1: Backing up “web1”: {step}"]
        assert len([line for line in lines if f"Completed ({step})" in line]) == 1


@pytest.fixture
def broken_base(machine, vm):
    """A cycle whose next step fails, in the middle of its run."""
    vm.write(0x11, "0", "1M")
    machine.run(machine.program, "vm", "backup", "web1")
    machine.run("sh", "-c", "for base in /var/lib/cockpit-backup/repository/vm/web1/*-Base-*/data/*.qcow2; "
                "do printf x >>$base; done")
    return "is not what it was when it was made"


def test_a_unit_says_once_why_it_failed(machine, broken_base):
    unit = "cockpit-backup-vm@web1.service"
    assert machine.start(unit)["ExecMainStatus"] == "3"
    (line,) = [line for line in machine.journal(unit).splitlines() if broken_base in line]
    assert line.startswith("vm/web1: The base ")


def test_a_job_says_once_why_it_failed(machine, session, broken_base):
    session.open("job", "vm.backup", {"vms": ["web1"]}, ticket=machine.ticket())
    outcome = session.outcome("job")
    assert outcome.problem == "integrity" and broken_base in outcome.message
    unit = unit_of(next(frame["log"]["job_id"] for frame in outcome.frames if "log" in frame))
    assert len([line for line in machine.journal(unit).splitlines() if broken_base in line]) == 1


def test_what_never_became_a_run_is_said_too(machine):
    unit = "cockpit-backup-vm@nobody.service"
    assert machine.start(unit)["ExecMainStatus"] == "5"
    assert len([line for line in machine.journal(unit).splitlines() if "There is no VM “nobody”" in line]) == 1


def test_job_outlives_all_and_is_cancelled(machine, vm, session):
    job_id = vm.start_job(session)
    session.process.kill()
    machine.run("systemctl", "stop", "cockpit-backup.service", "cockpit-backup.socket")
    assert machine.state(unit_of(job_id)) == "active"
    assert job(machine, job_id)["state"] == "running"
    machine.run(machine.program, "job", "cancel", job_id)
    wait_until(lambda: job(machine, job_id)["state"] == "cancelled", "the job is cancelled")
    wait_until(lambda: machine.state(unit_of(job_id)) == "inactive", "its unit is gone")
    assert machine.run("systemctl", "list-units", "--failed", "--plain", "--no-legend") == ""
    assert vm.steps() == []


def test_job_is_stopped_by_its_unit(machine, vm, session):
    job_id = vm.start_job(session)
    machine.run("systemctl", "stop", unit_of(job_id))
    assert job(machine, job_id)["state"] == "cancelled"
    assert vm.virsh("checkpoint-list", "web1", "--name").strip() == ""


def test_job_with_warnings_is_no_failed_unit(machine, session):
    machine.write("/srv/data/a", "a")
    machine.run("mkdir", "/srv/gone")
    machine.run(machine.program, "tree", "set", "data", "--source", "/srv/data", "--source", "/srv/gone")
    machine.run("rmdir", "/srv/gone")
    session.open("job", "tree.backup", {"name": "data"}, ticket=machine.ticket())
    outcome = session.outcome("job")
    assert outcome.done and outcome.result()["state"] == "completed"
    assert "warning" in [frame["log"]["level"] for frame in outcome.frames if "log" in frame]
    assert machine.run("systemctl", "list-units", "--failed", "--plain", "--no-legend") == ""
    machine.run("rm", "-rf", "/etc/cockpit-backup")


def test_job_ends_before_libvirt_does(machine, vm, session):
    """At a shutdown it needs the daemon to take its backup back."""
    job_id = vm.start_job(session)
    after = machine.show(unit_of(job_id), "After")["After"].split()
    assert {"libvirtd.service", "virtqemud.service", "remote-fs.target"} <= set(after)
    session.kill()
    machine.reboot()
    vm.start_libvirt()
    vm.virsh("start", "web1")
    assert vm.virsh("checkpoint-list", "web1", "--name").strip() == ""
    vm.write(0x22, "0", "1M")
    machine.run(machine.program, "vm", "backup", "web1")
    assert vm.steps() == ["Base"]
