"""A disk whose file is not there: said by the list and by the plan with what to do, before a run fails over it."""

import pytest

from support.helper import FAILED
from support.vm import qemu_img_compare, virsh


def warnings(helper, vm):
    (item,) = [item for item in helper.run("vm", "list", "--json").json["items"]
               if item["uuid"] == vm.uuid]
    return {warning["code"]: warning["message"] for warning in item["warnings"]}


def plan(helper, vm, *options):
    (one,) = helper.run("vm", "backup", vm.name, "--plan", "--json", *options).json["vms"]
    return one


def test_of_a_vm_that_is_off(helper, make_vm):
    vm = make_vm(start=False, vda="4M", vdb="4M")
    helper.run("vm", "backup", vm.name)
    assert warnings(helper, vm) == {}
    (base,) = helper.backups(vm.name)
    before = sorted(helper.project(vm.name).rglob("*"))
    away = vm.directory / "away"
    vm.disks["vdb"].path.rename(away)

    message = warnings(helper, vm)["disk-missing"]
    assert message.startswith(f"vdb: Its file “{vm.disks['vdb'].path}” is not there")
    for command in (("--plan",), (), ("--standalone",)):
        said = helper.run("vm", "backup", vm.name, *command, status=FAILED).stderr
        assert f"“{vm.disks['vdb'].path}” is not there" in said and "put it back" in said
    assert "copied in full" not in said
    # Not even the record of a failure.
    assert sorted(helper.project(vm.name).rglob("*")) == before

    # What the message names as the way out.
    helper.run("vm", "restore", f"vm/{vm.name}/{base}", "--in-place")
    assert warnings(helper, vm) == {}
    assert qemu_img_compare(vm.disks["vdb"].path, away)


def test_removed_while_the_vm_runs(helper, make_vm):
    """QEMU has it open: a backup is what saves it."""
    vm = make_vm(vda="4M")
    vm.write("vda", 0x42, "1M")
    vm.disks["vda"].path.unlink()
    message = warnings(helper, vm)["disk-missing"]
    assert "was removed while the VM runs" in message and "before it stops" in message
    one = plan(helper, vm)
    assert one["warnings"][0]["code"] == "disk-missing"
    helper.run("vm", "backup", vm.name)
    virsh("destroy", vm.name)
    (base,) = helper.backups(vm.name)
    helper.run("vm", "restore", f"vm/{vm.name}/{base}", "--in-place")
    virsh("start", "--paused", vm.name)
    vm.qemu_io("vda", "read -P 0x42 1M 64k")


def test_a_consolidation_waits_for_it(helper, make_vm):
    """It starts a VM that is off, whose checkpoint it deletes."""
    vm = make_vm(start=False, vda="4M")
    for _ in range(2):
        helper.run("vm", "backup", vm.name)
    before = helper.backups(vm.name)
    away = vm.directory / "away"
    vm.disks["vda"].path.rename(away)
    said = helper.run("vm", "backup", vm.name, "--max-incrementals", "1", status=FAILED).stderr
    assert "is not there" in said
    assert helper.backups(vm.name) == before and helper.manifest(vm.name)["status"] == "active"
    away.rename(vm.disks["vda"].path)
    helper.run("vm", "backup", vm.name, "--max-incrementals", "1")
    (merged,) = helper.backups(vm.name)
    assert "-Full-Merged-" in merged


@pytest.mark.parametrize("lack", ["pool", "volume"])
def test_a_volume_that_is_not_there(helper, make_vm, unique, lack):
    vm = make_vm(start=False, vda="4M")
    pool = unique("pool")
    virsh("pool-create-as", pool, "dir", "--target", vm.directory)
    volume = vm.disks["vda"].path.name if lack == "pool" else "none.qcow2"
    definition = (vm.directory / "domain.xml").read_text().replace(
        "type='file'", "type='volume'").replace(
            f"file=\"{vm.disks['vda'].path}\"", f"pool='{pool}' volume='{volume}'")
    (vm.directory / "domain.xml").write_text(definition)
    virsh("define", vm.directory / "domain.xml")
    try:
        if lack == "pool":
            virsh("pool-destroy", pool)
        message = warnings(helper, vm)["disk-missing"]
        assert f"“{pool}/{volume}”" in message and "virsh pool-start" in message
        said = helper.run("vm", "backup", vm.name, status=FAILED).stderr
        assert f"“{pool}/{volume}”" in said and "virsh pool-start" in said
        assert helper.backups(vm.name) == []
    finally:
        virsh("pool-destroy", pool, check=False)


def test_what_else_keeps_a_vm_from_its_start(helper, make_vm):
    """Its network here. libvirt's reason, what to do, and the VM as it was."""
    vm = make_vm(start=False, vda="4M")
    helper.run("vm", "backup", vm.name)
    definition = (vm.directory / "domain.xml").read_text()
    (vm.directory / "domain.xml").write_text(definition.replace(
        "<controller", "<interface type='network'><source network='none'/></interface><controller", 1))
    virsh("define", vm.directory / "domain.xml")
    before = helper.backups(vm.name), helper.manifest(vm.name)
    said = helper.run("vm", "backup", vm.name, status=FAILED).stderr
    assert "Network not found" in said and "try again once “virsh start” works" in said
    assert (helper.backups(vm.name), helper.manifest(vm.name)) == before
    assert vm.state == "shut off"
    (vm.directory / "domain.xml").write_text(definition)
    virsh("define", vm.directory / "domain.xml")
    helper.run("vm", "backup", vm.name)
    assert "-Inc-" in helper.backups(vm.name)[-1]


@pytest.mark.parametrize("policy", ["mandatory", "optional"])
def test_a_medium_that_is_not_there(helper, make_vm, policy):
    """An installer's image that somebody tidied away: the VM has not started since."""
    vm = make_vm(start=False, vda="4M")
    iso = vm.directory / "gone.iso"
    definition = (vm.directory / "domain.xml").read_text().replace(
        "<controller", f"<disk type='file' device='cdrom'><source file='{iso}' startupPolicy='{policy}'/>"
        "<target dev='hda' bus='ide'/><readonly/></disk><controller", 1)
    (vm.directory / "domain.xml").write_text(definition)
    virsh("define", vm.directory / "domain.xml")
    if policy == "mandatory":
        eject = f"virsh change-media {vm.name} hda --eject --config"
        assert eject in warnings(helper, vm)["disk-missing"]
        assert eject in helper.run("vm", "backup", vm.name, status=FAILED).stderr
        virsh(*eject.split()[1:])
    assert warnings(helper, vm) == {}
    helper.run("vm", "backup", vm.name)


def test_a_file_that_cannot_be_read(helper, make_vm):
    """A directory in its place is the nearest there is to a disk that gives errors."""
    vm = make_vm(start=False, vda="4M")
    vm.disks["vda"].path.unlink()
    vm.disks["vda"].path.symlink_to(vm.disks["vda"].path.name)
    message = warnings(helper, vm)["disk-unreadable"]
    assert str(vm.disks["vda"].path) in message and "symbolic links" in message
    one = plan(helper, vm)
    assert one["warnings"][0]["code"] == "disk-unreadable"
