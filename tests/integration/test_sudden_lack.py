"""A full disk or a lost libvirtd in the middle of each operation: nothing that was
complete is lost, what fails says why, and the next run goes on."""

import os
import shutil

import pytest

from support.helper import NO_SPACE, Helper
from support.process import run
from support.steps import Killer, leftovers
from support.vm import qemu_img_compare, virsh


class Small:
    """A small file system, to be filled and emptied."""

    def __init__(self, path, size="24M"):
        self.path = path
        path.mkdir(mode=0o711)
        run("mount", "-t", "tmpfs", "-o", f"size={size},mode=0711", "tmpfs", path)

    def fill(self):
        usage = os.statvfs(self.path)
        with open(self.path / "ballast", "wb") as ballast:
            os.posix_fallocate(ballast.fileno(), 0, usage.f_bavail * usage.f_frsize)

    def empty(self):
        (self.path / "ballast").unlink()

    def close(self):
        run("umount", "-l", self.path, check=False)


@pytest.fixture
def small(scratch):
    place = Small(scratch / "small")
    yield place
    place.close()


class Cycle:
    """A cycle of a Base and two Incrementals in a repository, and what its newest point is."""

    def __init__(self, helper, vm, scratch):
        self.helper = helper
        self.vm = vm
        self.killer = Killer(helper, scratch / "steps")
        self.out = scratch / "out"
        self.out.mkdir()
        for number in range(3):
            for target in vm.disks:
                vm.write(target, 0x60 + number, f"{number * 500}k", "400k")
            vm.flush()
            helper.run("vm", "backup", vm.name, "--max-incrementals", "2")
        vm.suspend()
        self.points = helper.backups(vm.name)
        self.raw = {}
        for target in vm.disks:
            self.raw[target] = scratch / f"newest-{target}.raw"
            run("qemu-img", "convert", "-O", "raw",
                helper.image(vm.name, self.points[-1], target), self.raw[target])

    def full_id(self, backup):
        return f"vm/{self.vm.name}/{backup}"

    def held_before(self, part, *command):
        """A run that is held before its first step on a file with this in its path."""
        return self.killer.hold(*command, match=part)

    def restore(self, backup):
        shutil.rmtree(self.out)
        self.out.mkdir()
        result = self.helper.run("vm", "restore", self.full_id(backup), "--directory", self.out)
        for target, raw in self.raw.items():
            assert qemu_img_compare(raw, self.out / f"{self.vm.name}-{target}.qcow2")
        return result

    def has_own_disks(self):
        return all(qemu_img_compare(self.raw[target], disk.path, "-f", "raw")
                   for target, disk in self.vm.disks.items())


@pytest.fixture
def in_small(small, make_vm, scratch):
    """The repository is on the small file system, with logs and events; /run is not."""
    helper = Helper(small.path / "backup", runtime_dir=str(scratch / "run"))
    helper.runtime = scratch / "run"
    return Cycle(helper, make_vm(vda="4M", vdb="2M"), scratch)


@pytest.fixture
def cycle(helper, make_vm, scratch):
    return Cycle(helper, make_vm(vda="4M", vdb="2M"), scratch)


@pytest.mark.parametrize("mode", ["in-place", "copy"])
def test_full_in_mid_consolidation(small, in_small, mode):
    command = ("vm", "backup", in_small.vm.name, "--max-incrementals", "2", "--merge", mode)
    part = "-vda-Base-" if mode == "in-place" else "-vda-Full-Merged-"
    process = in_small.held_before(part, *command)
    small.fill()
    status, said = in_small.killer.let_go(process)
    if status != 0:
        assert status == NO_SPACE, said
    # In a repository without a byte of room, the newest point is restored all the same.
    newest = in_small.helper.backups(in_small.vm.name)[-1]
    in_small.restore(newest)
    small.empty()
    if status != 0:
        in_small.helper.run(*command)
    (merged,) = in_small.helper.backups(in_small.vm.name)
    in_small.restore(merged)
    in_small.helper.run("verify", "--all")
    assert in_small.vm.checkpoints() == []
    assert leftovers(in_small.helper.project(in_small.vm.name)) == []


def test_a_full_repository_can_be_read_and_made_room_in(small, in_small):
    helper = in_small.helper
    helper.run("vm", "backup", in_small.vm.name, "--standalone")
    standalone = helper.backups(in_small.vm.name)[-1]
    small.fill()
    helper.run("verify", "--all")
    in_small.restore(in_small.points[-1])
    helper.run("vm", "backup", in_small.vm.name, "--max-incrementals", "9", status=NO_SPACE)
    helper.run("delete", in_small.full_id(standalone))
    assert helper.backups(in_small.vm.name) == in_small.points
    small.empty()
    helper.run("vm", "backup", in_small.vm.name, "--max-incrementals", "9")
    helper.run("verify", "--all")


def test_full_in_mid_restore(small, cycle):
    cycle.out = small.path / "out"
    cycle.out.mkdir()
    command = ("vm", "restore", cycle.full_id(cycle.points[-1]), "--directory", cycle.out)
    process = cycle.held_before("-vda.qcow2.restoring-", *command)
    small.fill()
    status, said = cycle.killer.let_go(process)
    assert status == NO_SPACE, said
    assert list(cycle.out.iterdir()) == []
    assert leftovers(cycle.helper.project(cycle.vm.name)) == []
    small.empty()
    cycle.restore(cycle.points[-1])


def test_full_in_mid_restore_in_place(small, helper, make_vm, scratch):
    """The VM's own disks are on the full file system: it keeps them."""
    vm = make_vm(vda="4M", vdb="2M", start=False)
    for target, disk in vm.disks.items():
        moved = small.path / f"{target}.qcow2"
        shutil.move(disk.path, moved)
        disk.path.symlink_to(moved)
    vm.start()
    cycle = Cycle(helper, vm, scratch)
    vm.destroy()
    command = ("vm", "restore", cycle.full_id(cycle.points[-1]), "--in-place")
    process = cycle.held_before("vda.qcow2.restoring-", *command)
    small.fill()
    status, said = cycle.killer.let_go(process)
    assert status == NO_SPACE, said
    assert cycle.has_own_disks()
    assert leftovers(small.path, vm.directory, helper.project(vm.name)) == []
    small.empty()
    helper.run(*command)
    assert cycle.has_own_disks()
    # Where a link leads to, the image still lies.
    assert all(disk.path.is_symlink() for disk in vm.disks.values())


def test_libvirtd_lost_before_a_new_vm_is_defined(cycle, libvirtd):
    name = f"{cycle.vm.name}-new"
    command = ("vm", "restore", cycle.full_id(cycle.points[-1]), "--as", name, "--directory",
               cycle.out)
    try:
        process = cycle.held_before("define", *command)
        libvirtd.stop()
        status, said = cycle.killer.let_go(process)
        assert status != 0 and "libvirt" in said.splitlines()[-1]
        # The VM may have been defined, and then its images are in use: they stay until that is known.
        assert "Whether the new VM was defined is not known" in said
        images = list(cycle.out.glob(f"{name}-*.qcow2"))
        assert images != []
        # Without libvirt, the state can be had in a directory all the same.
        other = cycle.out.with_name("other")
        other.mkdir()
        cycle.helper.run("vm", "restore", cycle.full_id(cycle.points[-1]), "--directory", other)
        assert all(path.exists() for path in images)
        libvirtd.start()
        cycle.helper.run(*command)
        assert name in virsh("list", "--all", "--name").split()
        assert leftovers(cycle.out, cycle.helper.project(cycle.vm.name)) == []
    finally:
        virsh("undefine", name, check=False)


def test_libvirtd_lost_at_the_end_of_a_consolidation(cycle, libvirtd):
    """The family stays until its checkpoint is gone: nothing else knows of it."""
    command = ("vm", "backup", cycle.vm.name, "--max-incrementals", "2", "--merge", "copy")
    process = cycle.held_before("checkpoint-delete", *command)
    libvirtd.stop()
    status, said = cycle.killer.let_go(process)
    assert status != 0, said
    merged = [backup for backup in cycle.helper.backups(cycle.vm.name) if "-Full-Merged-" in backup]
    assert len(merged) == 1
    cycle.restore(merged[0])
    libvirtd.start()
    cycle.helper.run(*command)
    assert cycle.helper.backups(cycle.vm.name) == merged
    assert cycle.vm.checkpoints() == []
    assert cycle.helper.manifest(cycle.vm.name) is None


def test_libvirtd_lost_after_disks_were_replaced(cycle, libvirtd):
    """The VM has the restored disks; that its cycle has ended is put down by the next run."""
    cycle.vm.destroy()
    command = ("vm", "restore", cycle.full_id(cycle.points[-1]), "--in-place")
    process = cycle.held_before("checkpoint-delete", *command)
    libvirtd.stop()
    status, said = cycle.killer.let_go(process)
    assert status != 0, said
    assert cycle.has_own_disks()
    libvirtd.start()
    result = cycle.helper.run("vm", "backup", cycle.vm.name)
    assert "it is finished now" in result.stderr
    assert "-Base-" in cycle.helper.backups(cycle.vm.name)[-1]
    assert leftovers(cycle.vm.directory, cycle.helper.project(cycle.vm.name)) == []
