"""vm.restore: every point, to a directory, as a new VM, in place."""

import pytest

from support.helper import BUSY, FAILED, INTEGRITY, NO_SPACE, NOT_FOUND, USAGE
from support.process import run
from support.steps import Killer, leftovers
from support.vm import qemu_img_compare, virsh


@pytest.fixture
def points(helper, make_vm, scratch):
    """A VM with a base, two incrementals and a standalone copy, and what its disks were at each."""
    vm = make_vm(vda="64M", vdb="16M")
    known = {}
    for number, options in enumerate([(), (), (), ("--standalone",)]):
        vm.write("vda", 0x10 + number, f"{number * 3}M", "700k")
        vm.write("vdb", 0x50 + number, f"{number}M", "65k")
        vm.suspend()
        result = helper.run("vm", "backup", vm.name, "--json", *options).json
        backup = (result.get("result") or result)["backups"][0]["backup_id"]
        known[backup] = {}
        for target, disk in vm.disks.items():
            raw = scratch / f"{number}-{target}.raw"
            run("qemu-img", "convert", "-U", "-O", "raw", disk.path, raw)
            known[backup][target] = raw
        vm.resume()
    return vm, known


def full_id(vm, backup):
    return f"vm/{vm.name}/{backup}"


def test_every_point_to_a_directory(helper, points, scratch):
    vm, known = points
    for backup, disks in known.items():
        out = scratch / f"out-{backup}"
        out.mkdir()
        helper.run("vm", "restore", full_id(vm, backup), "--directory", out)
        for target, raw in disks.items():
            image = out / f"{vm.name}-{target}.qcow2"
            assert qemu_img_compare(raw, image), (backup, target)
            assert "backing file" not in run("qemu-img", "info", image)
        assert f"<name>{vm.name}</name>" in (out / f"{vm.name}.xml").read_text()
        assert sorted(path.name for path in out.iterdir()) == sorted(
            [f"{vm.name}.xml", *(f"{vm.name}-{target}.qcow2" for target in disks)])


def test_the_merged_point(helper, points, scratch):
    vm, known = points
    newest = [backup for backup in known if "-Inc-" in backup][-1]
    helper.run("vm", "backup", vm.name, "--max-incrementals", "2")
    (merged,) = [backup for backup in helper.backups(vm.name) if "-Full-Merged-" in backup]
    helper.run("vm", "restore", full_id(vm, merged), "--directory", scratch)
    for target, raw in known[newest].items():
        assert qemu_img_compare(raw, scratch / f"{vm.name}-{target}.qcow2")


def test_as_a_new_vm(helper, points, scratch, unique):
    vm, known = points
    backup = list(known)[1]
    out = scratch / "images"
    out.mkdir(mode=0o711)
    name = unique("restored")
    helper.run("vm", "restore", full_id(vm, backup), "--as", name, "--directory", out)
    try:
        xml = virsh("dumpxml", name)
        assert vm.uuid not in xml
        for target, raw in known[backup].items():
            assert str(out / f"{name}-{target}.qcow2") in xml
            assert qemu_img_compare(raw, out / f"{name}-{target}.qcow2")
        virsh("start", name)
        assert virsh("domstate", name).strip() == "running"
        said = helper.run("vm", "restore", full_id(vm, backup), "--as", name, "--directory",
                          scratch, status=USAGE)
        assert "already" in said.stderr
    finally:
        virsh("destroy", name, check=False)
        virsh("undefine", name, check=False)


def restore_plan(helper, vm, backup, *options, **expected):
    return helper.run("vm", "restore", full_id(vm, backup), "--plan", "--json", *options, **expected).json


def test_a_plan_names_all_that_stands_in_the_way(helper, points, scratch):
    vm, known = points
    base, first = list(known)[:2]
    plan = restore_plan(helper, vm, first, "--as", f"{vm.name}-copy", "--directory", scratch)
    assert (plan["mode"], plan["vm"], plan["reads"]) == ("new", f"{vm.name}-copy", [base, first])
    assert [file["path"] for file in plan["files"]] == [
        str(scratch / f"{vm.name}-copy-{target}.qcow2") for target in vm.disks]
    assert plan["obstacles"] == [] and plan["ends_cycle"] is False
    assert 0 < plan["needed_bytes"] < plan["free_bytes"]
    assert not list(scratch.glob("*.qcow2"))

    plan = restore_plan(helper, vm, first, "--as", vm.name, "--directory", scratch / "gone", status=USAGE)
    assert [obstacle["field"] for obstacle in plan["obstacles"]] == ["as", "directory"]
    plan = restore_plan(helper, vm, first, "--in-place", status=BUSY)
    assert "running" in plan["obstacles"][0]["message"]
    assert plan["ends_cycle"] is True
    assert [file["path"] for file in plan["files"]] == [str(disk.path) for disk in vm.disks.values()]
    assert all(file["replaces"] for file in plan["files"])


def test_in_place(helper, points):
    vm, known = points
    backup = list(known)[0]
    said = helper.run("vm", "restore", full_id(vm, backup), "--in-place", status=BUSY)
    assert "running" in said.stderr
    vm.destroy()
    helper.run("vm", "restore", full_id(vm, backup), "--in-place")
    for target, raw in known[backup].items():
        assert qemu_img_compare(raw, vm.disks[target].path)
    assert not list(vm.directory.glob("*restoring*"))
    assert vm.checkpoints() == []
    assert helper.manifest(vm.name) is None
    # The next backup begins a new cycle, and every point from before is still there.
    helper.run("vm", "backup", vm.name)
    assert "-Base-" in helper.backups(vm.name)[-1]
    helper.run("verify", f"vm/{vm.name}")


@pytest.fixture(params=[{"vda": "2M"}, {"vda": "2M", "vdb": "2M"}], ids=["one disk", "two disks"])
def changed_since(request, helper, make_vm, scratch):
    """A VM that is off, a point of it, and what its disks were then and are now."""
    vm = make_vm(**request.param)
    disks = []
    for pattern in (1, 2):
        for target in vm.disks:
            vm.write(target, pattern)
        vm.suspend()
        if pattern == 1:
            helper.run("vm", "backup", vm.name)
        for target, disk in vm.disks.items():
            run("qemu-img", "convert", "-U", "-O", "raw", disk.path, scratch / f"{pattern}-{target}")
        disks.append({target: scratch / f"{pattern}-{target}" for target in vm.disks})
        vm.resume()
    vm.destroy()
    return vm, helper.backups(vm.name)[0], *disks


def assert_disks(vm, expected):
    for target, raw in expected.items():
        assert qemu_img_compare(raw, vm.disks[target].path), target


def test_started_before_the_first_disk_is_taken_away(helper, changed_since, scratch):
    """The VM runs with its own disks: they get their names back, and nothing else has happened."""
    vm, point, _, now = changed_since
    process = Killer(helper, scratch).hold("vm", "restore", full_id(vm, point), "--in-place",
                                           match=".replaced-")
    vm.start()
    status, said = Killer.let_go(process)
    assert status == BUSY and "was started while" in said, said
    assert vm.state == "running"
    vm.suspend()
    assert_disks(vm, now)
    assert leftovers(vm.directory, helper.project(vm.name)) == []
    helper.run("vm", "backup", vm.name)
    assert "-Inc-" in helper.backups(vm.name)[-1]
    assert_disks(vm, {target: helper.image(vm.name, helper.backups(vm.name)[-1], target)
                      for target in vm.disks})


def test_not_to_be_started_while_disks_are_replaced(helper, changed_since, scratch):
    vm, point, then, _ = changed_since
    process = Killer(helper, scratch).hold("vm", "restore", full_id(vm, point), "--in-place",
                                           match="/vda.qcow2$")
    virsh("start", vm.name, check=False)
    assert vm.state == "shut off"
    status, said = Killer.let_go(process)
    assert status == 0, said
    assert_disks(vm, then)
    vm.start()


def test_libvirt_is_lost_before_the_first_disk_is_taken_away(helper, changed_since, scratch, libvirtd):
    """Whether the VM runs is not known then: its disks stay."""
    vm, point, _, now = changed_since
    process = Killer(helper, scratch).hold("vm", "restore", full_id(vm, point), "--in-place",
                                           match="restore.json")
    libvirtd.stop()
    status, said = Killer.let_go(process)
    assert status != 0 and "libvirt" in said
    assert_disks(vm, now)
    libvirtd.start()
    assert leftovers(vm.directory, helper.project(vm.name)) == []
    helper.run("vm", "restore", full_id(vm, point), "--in-place")


def test_started_with_the_restored_disks_before_the_cycle_has_ended(helper, changed_since, scratch):
    """The restore died when all disks had their places: its next run ends it, though the VM runs."""
    vm, point, then, _ = changed_since
    status, _, _ = Killer(helper, scratch).run("vm", "restore", full_id(vm, point), "--in-place",
                                               match="checkpoint-delete")
    assert status != 0
    vm.start_paused()
    said = helper.run("vm", "backup", vm.name, status=None)
    assert "it is finished now" in said.stderr, said
    assert said.status == 0
    assert_disks(vm, then)
    assert leftovers(vm.directory, helper.project(vm.name)) == []
    base = helper.backups(vm.name)[-1]
    assert "-Base-" in base and base != point
    assert len(vm.checkpoints()) == 1


def test_a_broken_chain_writes_nothing(helper, points, scratch):
    vm, known = points
    base, first = list(known)[:2]
    image = helper.image(vm.name, base, "vda")
    with open(image, "r+b") as file:
        file.seek(image.stat().st_size // 2)
        byte = file.read(1)
        file.seek(-1, 1)
        file.write(bytes([byte[0] ^ 1]))
    out = scratch / "out"
    out.mkdir()
    said = helper.run("vm", "restore", full_id(vm, first), "--directory", out, status=INTEGRITY)
    assert image.name in said.stderr
    assert list(out.iterdir()) == []


def test_nothing_is_overwritten_unasked(helper, points, scratch):
    vm, known = points
    backup = list(known)[0]
    there = scratch / f"{vm.name}-vdb.qcow2"
    there.write_text("mine")
    helper.run("vm", "restore", full_id(vm, backup), "--directory", scratch, status=USAGE)
    assert there.read_text() == "mine"
    assert not (scratch / f"{vm.name}-vda.qcow2").exists()
    helper.run("vm", "restore", full_id(vm, backup), "--directory", scratch, "--overwrite")
    assert qemu_img_compare(known[backup]["vdb"], there)


def test_no_room(helper, points, scratch):
    vm, known = points
    small = scratch / "small"
    small.mkdir()
    run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", small)
    try:
        said = helper.run("vm", "restore", full_id(vm, list(known)[0]), "--directory", small,
                          status=NO_SPACE)
        assert "needs" in said.stderr and "has" in said.stderr
        assert list(small.iterdir()) == []
    finally:
        run("umount", small)


def test_what_cannot_be_meant(helper, points, scratch):
    vm, known = points
    backup = full_id(vm, list(known)[0])
    helper.run("vm", "restore", backup, status=USAGE)
    helper.run("vm", "restore", backup, "--in-place", "--as", "x", status=USAGE)
    helper.run("vm", "restore", backup, "--directory", "relative", status=USAGE)
    helper.run("vm", "restore", backup, "--as", "../x", "--directory", scratch, status=USAGE)
    helper.run("vm", "restore", full_id(vm, "none"), "--directory", scratch, status=NOT_FOUND)


def test_in_place_does_not_lose_snapshots(helper, make_vm):
    vm = make_vm(start=False, vda="4M")
    virsh("snapshot-create-as", vm.name, "before-the-upgrade")
    helper.run("vm", "backup", vm.name)
    (backup,) = helper.backups(vm.name)
    try:
        before = vm.disks["vda"].path.read_bytes()
        refused = helper.run("vm", "restore", f"vm/{vm.name}/{backup}", "--in-place", status=FAILED)
        assert "has 1 snapshot inside its disks, which would be lost" in refused.stderr
        assert vm.disks["vda"].path.read_bytes() == before
    finally:
        virsh("snapshot-delete", vm.name, "before-the-upgrade")
    helper.run("vm", "restore", f"vm/{vm.name}/{backup}", "--in-place")
