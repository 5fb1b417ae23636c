"""vm.backup --plan, and what the repository's directory must be like before a copy begins."""

import fcntl
import os
import subprocess

from support.helper import DENIED, NOT_FOUND, USAGE
from support.vm import virsh


def plan(helper, *vms, options=(), **expected):
    names = [vm if isinstance(vm, str) else vm.name for vm in vms]
    return helper.run("vm", "backup", *names, "--plan", "--json", *options, **expected).json


def actions(one):
    return {disk["target"]: disk["action"] for disk in one["disks"]}


def everything(directory):
    return sorted((str(path), path.stat().st_mtime_ns, path.stat().st_size)
                  for path in [directory, *directory.rglob("*")])


def test_a_plan_says_what_the_run_then_does(helper, vm):
    expected = [
        ("base", {"vda": "full", "vdb": "full"}),
        ("incremental", {"vda": "incremental", "vdb": "incremental"}),
        ("consolidation", {"vda": "merge", "vdb": "merge"}),
        ("base", {"vda": "full", "vdb": "full"}),
    ]
    for step, disks in expected:
        before = helper.backups(vm.name)
        (one,) = plan(helper, vm, options=["--max-incrementals", "1"])["vms"]
        assert (one["step"], actions(one)) == (step, disks)
        assert one["warnings"] == []
        assert one["free_bytes"] > one["needed_bytes"]
        result = helper.run("vm", "backup", vm.name, "--max-incrementals", "1", "--json").json
        assert [backup["step"] for backup in result["result"]["backups"]] == [step]
        gone = [name for name in before if name not in helper.backups(vm.name)]
        assert sorted(one["removes"]) == sorted(gone)


def test_a_plan_makes_nothing(helper, vm):
    plan(helper, vm)
    assert not helper.repository.exists()
    assert list(helper.runtime.iterdir()) == []

    helper.run("vm", "backup", vm.name)
    (name,) = vm.checkpoints()
    before = everything(helper.repository), everything(helper.runtime), everything(helper.logs)
    plan(helper, vm)
    plan(helper, vm, options=["--standalone"])
    assert before == (everything(helper.repository), everything(helper.runtime),
                      everything(helper.logs))
    assert vm.checkpoints() == [name]


def test_a_plan_waits_for_nobody_and_names_the_job(helper, vm):
    helper.run("vm", "backup", vm.name)
    with open(helper.project(vm.name) / ".lock", "r+b") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        lock.write(b"20261120_015959-1c2d3e4f")
        lock.flush()
        lock.truncate()
        (one,) = plan(helper, vm)["vms"]
    assert one["step"] == "incremental"
    assert one["job_id"] == "20261120_015959-1c2d3e4f"


def test_added_and_excluded_disks_and_those_that_are_not_there(helper, vm):
    helper.run("vm", "backup", vm.name, "--exclude-disk", "vdb")
    (one,) = plan(helper, vm)["vms"]
    assert actions(one) == {"vda": "incremental", "vdb": "full"}
    assert "added" in one["disks"][1]["reason"]
    assert one["disks"][1]["needed_bytes"] == one["needed_bytes"] > 0

    (one,) = plan(helper, vm, options=["--exclude-disk", "vdb"])["vms"]
    assert actions(one) == {"vda": "incremental", "vdb": "none"}
    plan(helper, vm, options=["--exclude-disk", "vdz"], status=USAGE)


def test_one_vm_of_several_cannot_be_planned(helper, vm):
    done = plan(helper, vm, "bk-test-no-such-vm", status=NOT_FOUND)
    assert [one["vm"] for one in done["vms"]] == [vm.name]
    assert [one["problem"] for one in done["failed"]] == ["not-found"]


def test_a_lost_checkpoint_is_said(helper, vm):
    helper.run("vm", "backup", vm.name)
    virsh("checkpoint-delete", vm.name, vm.checkpoints()[0])
    (one,) = plan(helper, vm)["vms"]
    assert [warning["code"] for warning in one["warnings"]] == ["checkpoint-missing"]


def test_qemu_cannot_pass_the_repository(helper, vm):
    helper.directory.chmod(0o700)
    (one,) = plan(helper, vm)["vms"]
    assert [warning["code"] for warning in one["warnings"]] == ["not-passable"]
    assert f"chmod o+x {helper.directory}" in one["warnings"][0]["message"]

    result = helper.run("vm", "backup", vm.name, status=DENIED)
    assert f"chmod o+x {helper.directory}" in result.stderr
    assert helper.backups(vm.name) == []
    assert vm.checkpoints() == []

    helper.directory.chmod(0o711)
    helper.run("vm", "backup", vm.name)


def test_qemu_may_be_the_owner(helper, vm):
    helper.run("vm", "backup", vm.name)
    user = virsh("capabilities").split("<baselabel type='qemu'>+")[1].split(":")[0]
    helper.repository.chmod(0o700)
    helper.run("vm", "backup", vm.name, status=DENIED)
    os.chown(helper.repository, int(user), -1)
    helper.run("vm", "backup", vm.name)


def test_the_repository_is_a_file(helper, vm):
    helper.repository.parent.mkdir(exist_ok=True)
    helper.repository.write_text("not a directory")
    result = helper.run("vm", "backup", vm.name, status=None)
    assert result.status != 0
    assert str(helper.repository) in result.stderr
    assert vm.checkpoints() == []


def test_the_repository_is_read_only(helper, vm):
    helper.repository.mkdir()
    helper.repository.chmod(0o711)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "ro,mode=0711", "none", helper.repository],
                   check=True)
    try:
        result = helper.run("vm", "backup", vm.name, status=DENIED)
    finally:
        subprocess.run(["umount", helper.repository], check=True)
    assert "read-only" in result.stderr.lower()
    assert len([line for line in result.stderr.splitlines() if "rror" in line]) <= 1
    assert vm.checkpoints() == []
