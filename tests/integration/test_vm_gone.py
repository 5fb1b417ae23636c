"""A VM that was renamed or removed since it was backed up: its backups are restored, and can be ended."""

import pytest

from support.helper import BUSY, NOT_FOUND, WARNINGS
from support.steps import Killer
from support.vm import qemu_img_compare, virsh


def full_id(vm, backup):
    return f"vm/{vm.name}/{backup}"


@pytest.fixture
def backed_up(helper, make_vm):
    vm = make_vm(vda="4M")
    vm.write("vda", 0x42, "1M")
    for _ in range(2):
        helper.run("vm", "backup", vm.name)
    vm.destroy()
    return vm


def test_removed(helper, backed_up, scratch, unique):
    vm = backed_up
    base, newest = helper.backups(vm.name)
    virsh("undefine", vm.name, "--checkpoints-metadata")
    for command in (("--in-place",), ("--in-place", "--plan")):
        said = helper.run("vm", "restore", full_id(vm, newest), *command, status=NOT_FOUND)
        assert f"restore it as a new VM (--as {vm.name})" in said.stderr + said.stdout

    said = helper.run("delete", full_id(vm, base), "--with-dependents", status=BUSY)
    assert f"cockpit-backup vm forget {vm.name}" in said.stderr
    # What the message says is possible.
    helper.run("vm", "forget", vm.name)
    out = scratch / "out"
    out.mkdir()
    copy = unique("copy")
    helper.run("vm", "restore", full_id(vm, newest), "--as", copy, "--directory", out)
    virsh("undefine", copy)
    assert qemu_img_compare(vm.disks["vda"].path, out / f"{copy}-vda.qcow2")
    helper.run("delete", full_id(vm, base), "--with-dependents")
    assert helper.backups(vm.name) == []


def test_neither_a_vm_nor_a_backup(helper, libvirt, unique):
    name = unique("none")
    assert "There is no VM" in helper.run("vm", "forget", name, status=NOT_FOUND).stderr
    assert not helper.project(name).exists()


def test_renamed(helper, backed_up, unique):
    vm, old, new = backed_up, backed_up.name, unique("renamed")
    before = helper.backups(old)
    virsh("domrename", old, new)
    vm.name = new
    (plan,) = helper.run("vm", "backup", new, "--plan", "--json").json["vms"]
    assert (plan["step"], [one["code"] for one in plan["warnings"]]) == ("base", ["renamed"])
    said = helper.run("vm", "backup", new, status=WARNINGS).stderr
    assert f"It was backed up as “{old}” before" in said
    assert helper.backups(old) == before
    # The old cycle ends, and takes its checkpoint along; the new one's stays.
    assert len(vm.checkpoints()) == 2
    helper.run("vm", "forget", old)
    assert vm.checkpoints() == [helper.manifest(new)["last_checkpoint_name"]]
    helper.run("vm", "backup", new)
    assert "-Inc-" in helper.backups(new)[-1]
    helper.run("verify", f"vm/{old}", f"vm/{new}")


def test_removed_in_a_consolidation(helper, backed_up, scratch):
    """It is finished by a VM that has the name again."""
    vm = backed_up
    newest = helper.backups(vm.name)[-1]
    Killer(helper, scratch).run("vm", "backup", vm.name, "--max-incrementals", "1", "--merge", "in-place",
                                match="-Full-Merged-")
    assert helper.manifest(vm.name)["status"] == "consolidating"
    virsh("undefine", vm.name, "--checkpoints-metadata")
    said = helper.run("vm", "forget", vm.name, status=BUSY).stderr
    assert f"restore its newest backup as a new VM “{vm.name}”" in said
    helper.run("vm", "restore", full_id(vm, newest), "--as", vm.name, "--directory", vm.directory)
    helper.run("vm", "backup", vm.name)
    (merged,) = helper.backups(vm.name)
    assert qemu_img_compare(vm.disks["vda"].path, helper.image(vm.name, merged, "vda"))
    helper.run("vm", "forget", vm.name)
