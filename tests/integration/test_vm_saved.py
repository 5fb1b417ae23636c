"""A VM that is off with its memory saved (virsh managedsave): its guest goes on where it was. No backup and no
restore may use that up, or change the disks below it."""

import pytest

from support.helper import FAILED
from support.steps import Killer, leftovers
from support.vm import qemu_img_compare, virsh


@pytest.fixture
def saved(helper, make_vm):
    """Saved after its base; it has written since."""
    vm = make_vm(vda="4M")
    vm.write("vda", 1)
    helper.run("vm", "backup", vm.name)
    vm.write("vda", 2)
    virsh("managedsave", vm.name)
    return vm


def is_saved(vm):
    return vm.name in virsh("list", "--all", "--with-managed-save", "--name").split()


@pytest.mark.parametrize("options", [(), ("--standalone",), ("--max-incrementals", "1")], ids=str)
def test_a_backup_does_not_use_it_up(helper, saved, options):
    before = helper.backups(saved.name), saved.checkpoints()
    for more in ((), ("--plan",)):
        said = helper.run("vm", "backup", saved.name, *options, *more, status=FAILED)
        assert "memory saved" in said.stderr and "virsh managedsave-remove" in said.stderr
    assert is_saved(saved) and saved.state == "shut off"
    assert (helper.backups(saved.name), saved.checkpoints()) == before
    # It goes on, and so does its cycle.
    saved.start()
    assert saved.state == "running" and not is_saved(saved)
    saved.suspend()
    helper.run("vm", "backup", saved.name)
    newest = helper.backups(saved.name)[-1]
    assert "-Inc-" in newest
    assert qemu_img_compare(saved.disks["vda"].path, helper.image(saved.name, newest, "vda"))


def test_the_list_says_so(helper, saved):
    (entry,) = [item for item in helper.run("vm", "list", "--json").json["items"]
                if item["uuid"] == saved.uuid]
    assert [warning["code"] for warning in entry["warnings"]] == ["memory-saved"]


def test_no_disk_is_replaced_below_it(helper, saved):
    disk = saved.disks["vda"].path
    before = disk.stat().st_ino
    point = f"vm/{saved.name}/{helper.backups(saved.name)[0]}"
    plan = helper.run("vm", "restore", point, "--in-place", "--plan", "--json", status=FAILED).json
    assert "memory saved" in plan["obstacles"][0]["message"]
    said = helper.run("vm", "restore", point, "--in-place", status=FAILED)
    assert "virsh managedsave-remove" in said.stderr
    assert disk.stat().st_ino == before and leftovers(saved.directory) == []
    virsh("managedsave-remove", saved.name)
    helper.run("vm", "restore", point, "--in-place")


def test_saved_while_a_restore_writes(helper, make_vm, scratch):
    """It was off when the restore began, then ran, and is saved when the disks are to be replaced."""
    vm = make_vm(vda="4M")
    vm.write("vda", 1)
    helper.run("vm", "backup", vm.name)
    vm.destroy()
    before = vm.disks["vda"].path.stat().st_ino
    process = Killer(helper, scratch).hold("vm", "restore", f"vm/{vm.name}/{helper.backups(vm.name)[0]}",
                                           "--in-place", match=".restoring-")
    vm.start()
    virsh("managedsave", vm.name)
    status, said = Killer.let_go(process)
    assert status == FAILED and "memory saved" in said
    assert is_saved(vm) and vm.disks["vda"].path.stat().st_ino == before
    assert leftovers(vm.directory, helper.project(vm.name)) == []


def test_what_is_to_be_forgotten_waits_for_it(helper, saved):
    said = helper.run("vm", "forget", saved.name, status=FAILED)
    assert "memory saved" in said.stderr
    assert is_saved(saved) and len(saved.checkpoints()) == 1
    assert helper.manifest(saved.name) is not None
