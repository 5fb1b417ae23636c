"""The bed itself: what the other tests rely on holds."""

import os

import pytest

from support import demo as demo_guest
from support.process import run
from support.vm import qemu_img_compare, virsh


def test_writes_reach_the_disk(vm, scratch):
    vm.suspend()
    before = scratch / "before.qcow2"
    run("qemu-img", "convert", "-U", "-O", "qcow2", vm.disks["vda"].path, before)
    assert qemu_img_compare(vm.disks["vda"].path, before)

    vm.write("vda", 0x5a, "20M", "64k")
    vm.flush()
    assert not qemu_img_compare(vm.disks["vda"].path, before)


def test_removed_vm_leaves_nothing(make_vm):
    machine = make_vm(vda="8M")
    machine.remove()
    assert machine.name not in virsh("list", "--all", "--name").split()
    assert machine.name not in " ".join(os.listdir("/var/lib/libvirt/qemu"))


def test_demo_guest_writes_what_it_says(demo, scratch):
    demo.wait_writes(6)
    demo.shutdown()
    found = demo_guest.check_image(demo.directory / "vda.qcow2", demo.checksums(), scratch)
    assert found["compared"] == demo.count()
    number = demo_guest.extra_number(demo.directory / "vdb.qcow2", scratch)
    assert number == found["files"]


def test_check_finds_a_changed_file(demo, scratch):
    demo.shutdown()
    wrong = demo.checksums().replace(demo.checksums()[:64], "0" * 64)
    with pytest.raises(AssertionError, match="not as the guest wrote them: files/000001"):
        demo_guest.check_image(demo.directory / "vda.qcow2", wrong, scratch)


def test_libvirtd_can_be_stopped_and_started(libvirtd, vm):
    libvirtd.stop()
    assert "running" not in virsh("domstate", vm.name, check=False)
    libvirtd.start()
    assert vm.state == "running"
