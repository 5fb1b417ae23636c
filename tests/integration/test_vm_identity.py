"""What a disk of a VM was at the last backup, and is now: nothing that changed behind the program's back
makes an incremental that restores to something else."""

import json
import os
import shutil
import signal

import pytest

from support.helper import BUSY, DONE, WARNINGS
from support.process import run
from support.steps import Killer
from support.vm import qemu_img_compare, virsh
from support.wait import TIMEOUT, wait_until


def back_up(helper, vm, *options, **expected):
    result = helper.run("vm", "backup", vm.name, *options, **expected)
    return helper.backups(vm.name)[-1], result


def assert_same(helper, vm, backup):
    """What the backup restores to is what the paused disks hold."""
    if vm.state == "paused":
        vm.flush()
    for target, disk in vm.disks.items():
        assert qemu_img_compare(disk.path, helper.image(vm.name, backup, target)), target


def parents(helper, vm, backup):
    """Which disks of a backup continue an earlier file."""
    disks = helper.metadata(vm.name, backup)["extra"]["disks"]
    return {disk["target"]: disk["parent"] is not None for disk in disks}


@pytest.fixture
def vm(make_vm):
    """Off, with a base of two disks of the same size, which hold different bytes."""
    machine = make_vm(vda="16M", vdb="16M", start=False)
    machine.start_paused()
    machine.write("vda", 0x11, "0", "1M")
    machine.write("vdb", 0x22, "0", "2M")
    return machine


def replug(vm):
    """Off, the definition as the object says now, and paused again."""
    virsh("destroy", vm.name, check=False)
    vm.define()
    vm.start_paused()


def test_disks_change_places(helper, vm):
    """Both images have a bitmap of the checkpoint's name: it says nothing about which disk it is of."""
    back_up(helper, vm)
    vm.disks["vda"].path, vm.disks["vdb"].path = vm.disks["vdb"].path, vm.disks["vda"].path
    replug(vm)
    vm.write("vda", 0x33, "4M")
    backup, result = back_up(helper, vm, status=WARNINGS)
    assert_same(helper, vm, backup)
    assert parents(helper, vm, backup) == {"vda": False, "vdb": False}
    assert "not the image it was" in result.stderr


def test_files_change_places(helper, vm, scratch):
    """As above, by their names."""
    back_up(helper, vm)
    virsh("destroy", vm.name)
    one, other = vm.disks["vda"].path, vm.disks["vdb"].path
    one.rename(scratch / "aside")
    other.rename(one)
    (scratch / "aside").rename(other)
    vm.start_paused()
    backup, _ = back_up(helper, vm, status=WARNINGS)
    assert_same(helper, vm, backup)
    assert parents(helper, vm, backup) == {"vda": False, "vdb": False}


def test_one_disk_replaced(helper, vm, scratch):
    """Only that one is copied in full; the other goes on incrementally."""
    back_up(helper, vm)
    vm.disks["vdb"].path = vm.directory / "new.qcow2"
    run("qemu-img", "create", "-q", "-f", "qcow2", vm.disks["vdb"].path, "8M")
    replug(vm)
    vm.write("vdb", 0x44, "1M")
    backup, _ = back_up(helper, vm, status=WARNINGS)
    assert_same(helper, vm, backup)
    assert parents(helper, vm, backup) == {"vda": True, "vdb": False}
    backup, _ = back_up(helper, vm)
    assert parents(helper, vm, backup) == {"vda": True, "vdb": True}


def test_one_bitmap_removed(helper, vm):
    back_up(helper, vm)
    (name,) = vm.checkpoints()
    virsh("destroy", vm.name)
    run("qemu-img", "bitmap", "--remove", vm.disks["vda"].path, name)
    vm.start_paused()
    vm.write("vda", 0x55, "5M")
    (one,) = helper.run("vm", "backup", vm.name, "--plan", "--json").json["vms"]
    assert {disk["target"]: disk["action"] for disk in one["disks"]} == {
        "vda": "full", "vdb": "incremental"}
    backup, result = back_up(helper, vm, status=WARNINGS)
    assert "missing or broken" in result.stderr
    assert_same(helper, vm, backup)
    assert parents(helper, vm, backup) == {"vda": False, "vdb": True}
    (new,) = vm.checkpoints()
    assert new != name


def test_one_bitmap_removed_of_a_vm_that_is_off(helper, vm):
    """Nobody knows before the copy begins: it begins a second time, with that disk in full."""
    back_up(helper, vm)
    (name,) = vm.checkpoints()
    virsh("destroy", vm.name)
    run("qemu-img", "bitmap", "--remove", vm.disks["vdb"].path, name)
    backup, _ = back_up(helper, vm, status=WARNINGS)
    assert vm.state == "shut off"
    assert_same(helper, vm, backup)
    assert parents(helper, vm, backup) == {"vda": True, "vdb": False}
    assert len(vm.checkpoints()) == 1
    left = [path.name for path in (helper.project(vm.name) / backup / "data").iterdir()]
    assert sorted(left) == sorted(["domain.xml", *(helper.image(vm.name, backup, target).name
                                                   for target in vm.disks)])


def test_checkpoint_forgotten_by_libvirt(helper, vm):
    """`checkpoint-delete --metadata`: the image keeps the bitmap, nobody knows it."""
    back_up(helper, vm)
    virsh("checkpoint-delete", "--metadata", vm.name, vm.checkpoints()[0])
    vm.write("vda", 0x66, "6M")
    backup, result = back_up(helper, vm, status=WARNINGS)
    assert "lost the checkpoint" in result.stderr
    assert_same(helper, vm, backup)
    assert parents(helper, vm, backup) == {"vda": False, "vdb": False}
    assert len(vm.checkpoints()) == 1
    assert_same(helper, vm, back_up(helper, vm)[0])


def bitmaps(vm):
    """What is stored in each image, of a VM that is off."""
    virsh("destroy", vm.name, check=False)
    stored = {}
    for target, disk in vm.disks.items():
        info = json.loads(run("qemu-img", "info", "--output=json", disk.path))
        stored[target] = sorted(bitmap["name"] for bitmap in
                                info["format-specific"]["data"].get("bitmaps", []))
    return stored


def test_a_bitmap_that_libvirt_does_not_know_any_more_is_removed(helper, vm):
    """Only what this program made; theirs are another program's, or a person's."""
    back_up(helper, vm)
    (ours,) = vm.checkpoints()
    xml = vm.directory / "theirs.xml"
    xml.write_text("<domaincheckpoint><name>theirs</name></domaincheckpoint>")
    virsh("checkpoint-create", vm.name, xml)
    for name in (ours, "theirs"):
        virsh("checkpoint-delete", "--metadata", vm.name, name)
    assert bitmaps(vm) == {"vda": [ours, "theirs"], "vdb": [ours, "theirs"]}
    similar = f"{ours}x"
    run("qemu-img", "bitmap", "--add", vm.disks["vdb"].path, similar)

    vm.start_paused()
    backup, result = back_up(helper, vm, status=WARNINGS)
    assert f"vda: the bitmap “{ours}” of an earlier backup is removed" in result.stderr
    assert_same(helper, vm, backup)
    (new,) = vm.checkpoints()
    assert bitmaps(vm) == {"vda": sorted(["theirs", new]), "vdb": sorted(["theirs", similar, new])}
    # That is said once.
    vm.start_paused()
    assert "is removed" not in back_up(helper, vm)[1].stderr


def test_a_bitmap_is_removed_of_a_vm_that_is_off(helper, vm):
    """QEMU was killed, too: it is broken, and libvirt does not know it."""
    back_up(helper, vm)
    (ours,) = vm.checkpoints()
    virsh("destroy", vm.name)
    vm.start_paused()
    virsh("checkpoint-delete", "--metadata", vm.name, ours)
    os.kill(int(open(f"/run/libvirt/qemu/{vm.name}.pid").read()), signal.SIGKILL)
    wait_until(lambda: vm.state == "shut off", "libvirt sees that QEMU is gone")
    backup, result = back_up(helper, vm, status=WARNINGS)
    assert vm.state == "shut off"
    assert result.stderr.count("is removed") == 2
    assert_same(helper, vm, backup)
    assert bitmaps(vm) == {target: vm.checkpoints() for target in vm.disks}


@pytest.mark.parametrize("before", ["checkpoint-redefine", "checkpoint-delete", ".checkpoints-to-delete"])
def test_killed_while_a_bitmap_is_removed(helper, vm, scratch, before):
    back_up(helper, vm)
    (ours,) = vm.checkpoints()
    virsh("checkpoint-delete", "--metadata", vm.name, ours)
    virsh("destroy", vm.name)
    vm.start_paused()
    status, _, _ = Killer(helper, scratch).run("vm", "backup", vm.name, match=before)
    assert status != 0
    backup, _ = back_up(helper, vm, status=WARNINGS)
    assert_same(helper, vm, backup)
    (new,) = vm.checkpoints()
    assert not (helper.project(vm.name) / ".checkpoints-to-delete").exists()
    assert bitmaps(vm) == {"vda": [new], "vdb": [new]}


def test_added_removed_and_back_again(helper, vm):
    back_up(helper, vm)
    gone = vm.disks.pop("vdb")
    replug(vm)
    backup, result = back_up(helper, vm, status=WARNINGS)
    assert parents(helper, vm, backup) == {"vda": True}
    assert "vdb is not a disk of the VM any more" in result.stderr
    # It was written to while nobody recorded what.
    vm.disks["vdb"] = gone
    replug(vm)
    vm.write("vdb", 0x77, "7M")
    backup, result = back_up(helper, vm, status=WARNINGS)
    assert "added" in result.stderr
    assert_same(helper, vm, backup)
    assert parents(helper, vm, backup) == {"vda": True, "vdb": False}
    backup, _ = back_up(helper, vm, "--max-incrementals", "2")
    assert "-Full-Merged-" in backup
    assert_same(helper, vm, backup)


def test_raw_becomes_qcow2(helper, make_vm):
    vm = make_vm(vda="8M", vdb="8M", start=False)
    raw = vm.directory / "raw"
    run("qemu-img", "convert", "-O", "raw", vm.disks["vdb"].path, raw)
    qcow2, vm.disks["vdb"].path, vm.disks["vdb"].form = vm.disks["vdb"].path, raw, "raw"
    replug(vm)
    vm.write("vdb", 0x12, "1M")
    backup, _ = back_up(helper, vm)
    assert_same(helper, vm, backup)
    vm.destroy()
    qcow2.unlink()
    run("qemu-img", "convert", "-O", "qcow2", raw, qcow2)
    vm.disks["vdb"].path, vm.disks["vdb"].form = qcow2, "qcow2"
    replug(vm)
    backup, _ = back_up(helper, vm, status=WARNINGS)
    assert parents(helper, vm, backup) == {"vda": True, "vdb": False}
    backup, _ = back_up(helper, vm)
    assert parents(helper, vm, backup) == {"vda": True, "vdb": True}
    assert_same(helper, vm, backup)


def test_resized_while_it_runs(helper, vm):
    back_up(helper, vm)
    virsh("blockresize", vm.name, "vda", "32M")
    vm.write("vda", 0x88, "30M", "1M")
    backup, _ = back_up(helper, vm)
    assert parents(helper, vm, backup) == {"vda": True, "vdb": True}
    assert_same(helper, vm, backup)
    info = json.loads(run("qemu-img", "info", "--output=json",
                          helper.image(vm.name, backup, "vda")))
    assert info["virtual-size"] == 32 * 1024 * 1024
    backup, _ = back_up(helper, vm, "--max-incrementals", "1")
    assert "-Full-Merged-" in backup
    assert_same(helper, vm, backup)


def test_an_external_snapshot_since(helper, vm):
    """libvirt carries the bitmap on into the snapshot's image, which is built upon the one we know."""
    back_up(helper, vm)
    vm.write("vda", 0x99, "9M")
    virsh("snapshot-create-as", vm.name, "between", "--disk-only", "--no-metadata", "--diskspec",
          f"vda,snapshot=external,file={vm.directory}/overlay.qcow2", "--diskspec",
          "vdb,snapshot=no")
    vm.disks["vda"].path = vm.directory / "overlay.qcow2"
    vm.write("vda", 0xaa, "10M")
    backup, _ = back_up(helper, vm)
    assert_same(helper, vm, backup)
    assert parents(helper, vm, backup) == {"vda": True, "vdb": True}
    vm.write("vda", 0xab, "11M")
    assert_same(helper, vm, back_up(helper, vm)[0])


def test_a_snapshot_merged_back(helper, vm):
    """The guest goes on in the image below: it is not the one of the last backup."""
    back_up(helper, vm)
    overlay = vm.directory / "overlay.qcow2"
    below = vm.disks["vda"].path
    virsh("snapshot-create-as", vm.name, "between", "--disk-only", "--no-metadata", "--diskspec",
          f"vda,snapshot=external,file={overlay}", "--diskspec", "vdb,snapshot=no")
    vm.disks["vda"].path = overlay
    vm.write("vda", 0x9a, "9M")
    assert_same(helper, vm, back_up(helper, vm)[0])
    virsh("blockcommit", vm.name, "vda", "--active", "--pivot", "--wait")
    vm.disks["vda"].path = below
    vm.write("vda", 0x9b, "11M")
    backup, result = back_up(helper, vm, status=WARNINGS)
    assert "not the image it was" in result.stderr
    assert_same(helper, vm, backup)
    assert parents(helper, vm, backup) == {"vda": False, "vdb": True}
    vm.write("vda", 0x9c, "12M")
    backup, _ = back_up(helper, vm)
    assert parents(helper, vm, backup) == {"vda": True, "vdb": True}
    assert_same(helper, vm, backup)


def test_an_image_put_back_from_elsewhere(helper, vm, scratch):
    """An older copy of the same image, under its name and with its bitmap, put there while the VM was off."""
    virsh("destroy", vm.name)
    shutil.copy(vm.disks["vda"].path, scratch / "older")
    vm.start_paused()
    back_up(helper, vm)
    virsh("destroy", vm.name)
    shutil.copy(scratch / "older", vm.directory / "put-back")
    os.replace(vm.directory / "put-back", vm.disks["vda"].path)
    vm.start_paused()
    backup, _ = back_up(helper, vm, status=WARNINGS)
    assert_same(helper, vm, backup)
    assert parents(helper, vm, backup) == {"vda": False, "vdb": True}


def test_another_vm_of_the_name(helper, vm):
    """It never extends the old family, which stays as it is and restores."""
    old, _ = back_up(helper, vm)
    uuid = vm.uuid
    virsh("destroy", vm.name)
    virsh("undefine", vm.name, "--checkpoints-metadata")
    vm.uuid = uuid[:-4] + ("0000" if uuid[-4:] != "0000" else "0001")
    replug(vm)
    vm.write("vda", 0xbb, "11M")
    (one,) = helper.run("vm", "backup", vm.name, "--plan", "--json").json["vms"]
    assert (one["step"], [warning["code"] for warning in one["warnings"]]) == (
        "base", ["other-vm"])
    backup, result = back_up(helper, vm, status=None)
    assert result.status in (DONE, WARNINGS)
    assert "-Base-" in backup and "another VM" in result.stderr
    assert helper.manifest(vm.name)["uuid"] == vm.uuid
    assert_same(helper, vm, backup)
    helper.run("verify", f"vm/{vm.name}/{old}")
    for _ in range(2):
        newest, _ = back_up(helper, vm, "--max-incrementals", "1")
    assert "-Full-Merged-" in newest
    assert helper.backups(vm.name) == [old, newest], "no rule of the new cycle touches the old one"


def test_another_programs_backup_is_busy_at_once(helper, vm):
    back_up(helper, vm)
    before = helper.backups(vm.name), vm.checkpoints()
    xml = vm.directory / "theirs.xml"
    xml.write_text(
        "<domainbackup mode='pull'><server name='127.0.0.1' port='10809'/><disks>"
        f"<disk name='vda' backup='yes' type='file'><scratch file='{vm.directory}/theirs.qcow2'/>"
        "</disk><disk name='vdb' backup='no'/></disks></domainbackup>")
    virsh("backup-begin", vm.name, xml)
    result = helper.run("vm", "backup", vm.name, status=BUSY, timeout=TIMEOUT)
    assert "Another program" in result.stderr
    assert (helper.backups(vm.name), vm.checkpoints()) == before
    assert "Backup" in virsh("domjobinfo", vm.name), "theirs goes on"
    virsh("domjobabort", vm.name)
    back_up(helper, vm)
