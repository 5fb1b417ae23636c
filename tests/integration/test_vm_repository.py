"""The place a VM's backups go to, and the time they are named by: full, missing, a clock that steps back,
two runs at once."""

import datetime
import fcntl
import json
import re

import pytest

from support.helper import BUSY, NO_SPACE, Helper
from support.process import run
from support.vm import qemu_img_compare


def stamp(backup):
    return backup[-15:]


@pytest.fixture
def vm(make_vm):
    """Paused, with 5 MiB in it."""
    machine = make_vm(vda="16M", start=False)
    machine.start_paused()
    machine.write("vda", 0x11, "0", "5M")
    machine.flush()
    return machine


def test_too_small_for_a_first_copy(scratch, make_vm):
    """It says what it needs and what there is, before anything is written."""
    small = Helper(scratch / "small")
    small.repository.mkdir(parents=True)
    run("mount", "-t", "tmpfs", "-o", "size=2M,mode=0711", "tmpfs", small.repository)
    try:
        vm = make_vm(vda="16M", start=False)
        vm.start_paused()
        vm.write("vda", 0x11, "0", "5M")
        vm.flush()
        (one,) = small.run("vm", "backup", vm.name, "--plan", "--json").json["vms"]
        assert [warning["code"] for warning in one["warnings"]] == ["no-space"]
        said = small.run("vm", "backup", vm.name, status=NO_SPACE)
        assert re.search(r"needs [\d.]+.MB in .*, which has [\d.]+.MB", said.stderr), said.stderr
        assert [path for path in small.project(vm.name).rglob("*") if path.name[0] != "."] == []
        assert vm.checkpoints() == []
        # A smaller step still goes.
        small.run("vm", "backup", make_vm(vda="1M").name)
    finally:
        run("umount", "-l", small.repository)


def test_missing_with_all_above_it(scratch, vm):
    deep = Helper(scratch / "backup", repository_dir=str(scratch / "not/there/yet"))
    deep.repository = scratch / "not/there/yet"
    deep.run("vm", "backup", vm.name)
    (base,) = deep.backups(vm.name)
    assert qemu_img_compare(vm.disks["vda"].path, deep.image(vm.name, base, "vda"))


def test_moved_to_another_place(scratch, vm):
    """Nothing in it says where it lies."""
    helper = Helper(scratch / "before")
    for number in range(2):
        vm.write("vda", 0x60 + number, f"{number}M")
        helper.run("vm", "backup", vm.name)
    there = scratch / "after" / "deeper"
    there.mkdir(parents=True)
    there.parent.chmod(0o711)
    there.chmod(0o711)
    helper.repository.rename(there / "repository")
    helper = Helper(scratch / "before", repository_dir=str(there / "repository"))
    helper.repository = there / "repository"
    vm.write("vda", 0x70, "5M")
    vm.flush()
    helper.run("vm", "backup", vm.name)
    newest = helper.backups(vm.name)[-1]
    assert "-Inc-" in newest
    assert qemu_img_compare(vm.disks["vda"].path, helper.image(vm.name, newest, "vda"))
    helper.run("verify", "--all")
    helper.run("vm", "backup", vm.name, "--max-incrementals", "1")
    (merged,) = helper.backups(vm.name)
    assert qemu_img_compare(vm.disks["vda"].path, helper.image(vm.name, merged, "vda"))


def test_a_clock_that_steps_back(helper, vm):
    """As the files of an hour ahead would look: ids stay unique, and in the order they were made."""
    helper.run("vm", "backup", vm.name)
    (base,) = helper.backups(vm.name)
    ahead = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1))
    later = ahead.strftime("%Y%m%d_%H%M%S")
    project = helper.project(vm.name)
    future = f"{vm.name}-Snapshot-{later}"
    (project / future).mkdir()
    metadata = helper.metadata(vm.name, base)
    metadata.update(id=future, type="snapshot", created_at=ahead.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
                    completed_at=ahead.strftime("%Y-%m-%dT%H:%M:%S.000Z"))
    metadata["extra"].update(step="standalone", checkpoint=None)
    (project / future / "metadata.json").write_text(json.dumps(metadata))

    made = [future]
    for _ in range(3):
        helper.run("vm", "backup", vm.name, "--max-incrementals", "2")
        made.append(helper.backups(vm.name)[-1])
    assert "-Full-Merged-" in made[-1]
    stamps = [stamp(backup) for backup in made]
    assert stamps == sorted(set(stamps))
    metadata = helper.metadata(vm.name, made[-1])
    assert metadata["created_at"] <= metadata["completed_at"]
    # What the consolidation freed is not used again.
    helper.run("vm", "backup", vm.name)
    assert stamp(helper.backups(vm.name)[-1]) > stamps[-1]


def test_two_runs_at_once(helper, vm):
    """The second one names the job that it would have to wait for, and changes nothing."""
    helper.run("vm", "backup", vm.name)
    with open(helper.project(vm.name) / ".lock", "r+b") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        lock.write(b"20261120_015959-1c2d3e4f")
        lock.truncate()
        lock.flush()
        said = helper.run("vm", "backup", vm.name, status=BUSY)
        assert "20261120_015959-1c2d3e4f" in said.stderr
    assert len(helper.backups(vm.name)) == 1
