"""Sudden ends in mid-backup: cancel, QEMU or libvirtd killed, a full disk (DESIGN section 7.1)."""

import os
import select
import signal
import subprocess

import pytest

from support.demo import DemoGuest
from support.helper import NO_SPACE, Helper
from support.process import run
from support.slow import begin_slowly
from support.vm import qemu_img_compare, virsh
from support.wait import TIMEOUT, wait_until


def back_up(helper, vm, incrementals="1", **expected):
    return helper.run("vm", "backup", vm.name, "--max-incrementals", incrementals, **expected)


def start_slowly(helper, vm, *options):
    """A backup that is under way for minutes where there are hundreds of MiB to copy: QEMU has the first 64
    in hand whatever the limit is."""
    def begin():
        return subprocess.Popen(
            helper.command("vm", "backup", vm.name, "--limit-mib", "1", *options),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=helper.env)

    return begin_slowly(begin, lambda command: virsh("qemu-monitor-command", vm.name, command, check=False))


@pytest.fixture
def slow(helper, make_vm):
    """A VM, and a backup of it that runs for a long time: it waits to be ended."""
    vm = make_vm(vda="384M")
    vm.write("vda", 1, "0", "320M")

    return vm, lambda *options: start_slowly(helper, vm, *options)


def leftovers(helper, vm):
    return [path.name for path in helper.project(vm.name).rglob("*") if path.suffix == ".qcow2"]


def checkpoints(vm):
    return virsh("checkpoint-list", vm.name, "--name").split()


def test_cancel_in_mid_copy_leaves_nothing(helper, slow):
    vm, start = slow
    process = start()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=TIMEOUT)
    assert process.returncode != 0
    assert [path.name for path in helper.project(vm.name).iterdir() if path.name[0] != "."] == []
    assert vm.checkpoints() == []
    back_up(helper, vm)


def test_qemu_killed_in_mid_copy(helper, slow):
    vm, start = slow
    process = start()
    pid = int(open(f"/run/libvirt/qemu/{vm.name}.pid").read())
    os.kill(pid, signal.SIGKILL)
    said = process.communicate(timeout=TIMEOUT)[1]
    assert process.returncode == 1 and vm.name in said.splitlines()[-1]
    assert leftovers(helper, vm) == []
    wait_until(lambda: vm.state == "shut off", "libvirt sees that QEMU is gone")
    vm.start()
    back_up(helper, vm)
    assert len(vm.checkpoints()) == 1
    assert len(helper.backups(vm.name)) == 1


@pytest.fixture
def large_demo(libvirt, scratch, unique):
    """A guest that boots and writes, with room on its second disk for more than one writes."""
    guest = DemoGuest(unique("demo"), scratch / "demo", "--extra-disk", "384")
    try:
        guest.wait_writes(3)
        yield guest
    finally:
        guest.destroy()


def test_the_guest_shuts_itself_down_in_mid_copy(helper, large_demo):
    """It powers itself off: QEMU ends in good order, and its copy with it."""
    demo = large_demo
    back_up(helper, demo, "9")
    (base,) = helper.backups(demo.name)
    demo.wait_writes(demo.count() + 2)
    # Where the guest writes nothing: enough that the copy is under way when it ends.
    virsh("qemu-monitor-command", demo.name, "--hmp",
          'qemu-io -d /machine/peripheral/virtio-disk1/virtio-backend "write -P 7 4M 320M"')
    process = start_slowly(helper, demo)
    virsh("shutdown", demo.name)
    said = process.communicate(timeout=TIMEOUT)[1]
    assert process.returncode == 1, said
    assert "was stopped while it was being copied; run the backup again" in said.splitlines()[-1]
    assert virsh("domstate", demo.name).strip() == "shut off"
    assert helper.backups(demo.name) == [base]
    assert len(leftovers(helper, demo)) == 2
    assert checkpoints(demo) == [helper.manifest(demo.name)["last_checkpoint_name"]]
    helper.run("verify", f"vm/{demo.name}")

    # What it wrote since is in the next one, which begins where the last complete one ended.
    (one,) = helper.run("vm", "backup", demo.name, "--plan", "--json").json["vms"]
    assert (one["step"], {disk["action"] for disk in one["disks"]}) == ("incremental", {"incremental"})
    back_up(helper, demo, "9")
    assert virsh("domstate", demo.name).strip() == "shut off"
    newest = helper.backups(demo.name)[-1]
    assert "-Inc-" in newest
    for target in ("vda", "vdb"):
        image = helper.image(demo.name, newest, target)
        assert "backing file" in run("qemu-img", "info", image)
        assert qemu_img_compare(demo.directory / f"{target}.qcow2", image), target
    assert len(checkpoints(demo)) == 1
    demo.start()
    demo.wait_writes(demo.count() + 1)
    back_up(helper, demo, "9")


def test_qemu_killed_between_two_runs(helper, make_vm):
    """Its bitmaps are lost: the incremental copies in full, and says so."""
    vm = make_vm(vda="8M")
    vm.write("vda", 1)
    back_up(helper, vm)
    os.kill(int(open(f"/run/libvirt/qemu/{vm.name}.pid").read()), signal.SIGKILL)
    wait_until(lambda: vm.state == "shut off", "libvirt sees that QEMU is gone")
    vm.start()
    vm.write("vda", 2, "1M")
    vm.suspend()
    result = back_up(helper, vm, status=None)
    assert "in full" in result.stderr
    newest = helper.backups(vm.name)[-1]
    assert qemu_img_compare(vm.disks["vda"].path, helper.image(vm.name, newest, "vda"))
    assert len(vm.checkpoints()) == 1
    for _ in range(2):
        back_up(helper, vm, status=None)
    assert vm.checkpoints() == [] or helper.manifest(vm.name) is not None


@pytest.mark.parametrize("when", ["at once", "after the run has ended"])
def test_libvirtd_killed_and_restarted_in_mid_copy(helper, slow, libvirtd, when):
    vm, start = slow
    process = start()
    pid = int(libvirtd.PID_FILE.read_text())
    handle = os.pidfd_open(pid)
    os.kill(pid, signal.SIGKILL)
    assert select.select([handle], [], [], TIMEOUT)[0]
    os.close(handle)
    if when == "at once":
        libvirtd.start()
    said = process.communicate(timeout=TIMEOUT)[1]
    assert process.returncode != 0 and "libvirt" in said
    if when != "at once":
        libvirtd.start()
    back_up(helper, vm)
    assert len(vm.checkpoints()) == 1
    assert len(helper.backups(vm.name)) == 1
    assert len(leftovers(helper, vm)) == 1


def test_a_full_file_system(scratch, make_vm):
    small = Helper(scratch / "small")
    repository = small.repository
    repository.mkdir(parents=True)
    run("mount", "-t", "tmpfs", "-o", "size=6M,mode=0711", "tmpfs", repository)
    try:
        # Mounted before QEMU starts: it would not see it otherwise.
        vm = make_vm(vda="32M")
        vm.write("vda", 1, "0", "1M")
        back_up(small, vm)
        vm.write("vda", 2, "2M", "12M")
        back_up(small, vm, status=NO_SPACE)
        assert len(small.backups(vm.name)) == 1
        assert len(leftovers(small, vm)) == 1
        assert [small.manifest(vm.name)["last_checkpoint_name"]] == vm.checkpoints()
        run("mount", "-o", "remount,size=64M", repository)
        vm.suspend()
        back_up(small, vm)
        newest = small.backups(vm.name)[-1]
        assert qemu_img_compare(vm.disks["vda"].path, small.image(vm.name, newest, "vda"))
    finally:
        run("umount", "-l", repository, check=False)
