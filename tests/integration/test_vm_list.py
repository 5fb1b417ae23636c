"""Discovery: what vm.list says of each VM, and the changes that its watch sends."""

import subprocess

import pytest

from support.follow import Follower
from support.helper import Helper
from support.process import run
from support.vm import CONNECT, qemu_img_compare, virsh
from support.wait import TIMEOUT, wait_until


def listed(helper, vm):
    (item,) = [item for item in helper.run("vm", "list", "--json").json["items"]
               if item["uuid"] == vm.uuid]
    return item


@pytest.fixture
def follow(started, libvirt):
    """A running watch, past its first listing."""
    follower = Follower(started("vm", "list", "--watch", "--json"))
    follower.result("the first listing")
    return follower


def test_a_running_vm(helper, vm):
    item = listed(helper, vm)
    assert item["name"] == vm.name
    assert item["state"] == "running"
    assert [disk["target"] for disk in item["disks"]] == ["vda", "vdb"]
    for disk in item["disks"]:
        path = vm.disks[disk["target"]].path
        assert disk["path"] == str(path)
        assert disk["format"] == "qcow2"
        assert disk["device"] == "disk"
        assert disk["backup"] == "incremental"
        assert disk["reason"] is None
    assert [disk["capacity_bytes"] for disk in item["disks"]] == [64 << 20, 32 << 20]
    assert all(0 < disk["allocation_bytes"] <= disk["capacity_bytes"] for disk in item["disks"])
    assert item["total_bytes"] == sum(disk["allocation_bytes"] for disk in item["disks"])
    assert item["last_backup"] is None
    assert item["next_step"] == "base"
    assert item["incrementals_count"] == 0


def test_a_stopped_vm(helper, make_vm):
    machine = make_vm(vda="8M", start=False)
    item = listed(helper, machine)
    assert item["state"] == "shutoff"
    assert item["disks"][0]["capacity_bytes"] == 8 << 20


def test_a_vm_that_libvirt_is_busy_with(helper, vm):
    """Whoever asks QEMU something at that moment, another page perhaps, must not fail a backup."""
    device = f"/machine/peripheral/{vm.disks['vda'].alias}/virtio-backend"
    command = ["virsh", "--connect", CONNECT, "qemu-monitor-command", vm.name, "--hmp",
               f'qemu-io -d {device} "sleep 4000"']
    busy = [subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)]

    def leaves_out():
        # A listing may take longer than that, and fall between two.
        if busy[-1].poll() is not None:
            busy.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL))
        return not any(disk["capacity_bytes"] for disk in listed(helper, vm)["disks"])

    try:
        wait_until(leaves_out, "the list leaves out what QEMU would have to say")
        helper.run("vm", "backup", vm.name)
    finally:
        busy[-1].wait(timeout=TIMEOUT)
    (backup,) = helper.backups(vm.name)
    vm.suspend()
    assert qemu_img_compare(vm.disks["vda"].path, helper.image(vm.name, backup, "vda"))


def test_a_raw_disk_is_said_to_be_in_full_each_time(helper, make_vm):
    machine = make_vm(vda="8M", form="raw")
    (disk,) = listed(helper, machine)["disks"]
    assert disk["format"] == "raw"
    assert disk["backup"] == "full"
    assert disk["reason"]


def test_the_next_step_follows_the_cycle(scratch, make_vm):
    """With the settings' number of incrementals, which is also what a run without an option takes."""
    helper = Helper(scratch / "two", max_incrementals=2)
    machine = make_vm(vda="8M")
    steps = []
    for _ in range(4):
        item = listed(helper, machine)
        assert item["max_incrementals"] == 2
        steps.append((item["next_step"], item["incrementals_count"]))
        helper.run("vm", "backup", machine.name)
        newest = helper.backups(machine.name)[-1]
        assert listed(helper, machine)["last_backup"]["id"] == newest
    assert steps == [("base", 0), ("incremental", 0), ("incremental", 1), ("consolidation", 2)]
    assert listed(helper, machine)["next_step"] == "base"


def test_no_such_connection_is_one_clear_line(helper):
    result = helper.run("vm", "list", "--connect", "qemu+unix:///system?socket=/nonexistent",
                        status=1)
    assert len(result.stderr.strip().splitlines()) == 1
    assert "libvirt" in result.stderr


def test_watch_sends_what_happens_to_a_vm(follow, make_vm, unique):
    machine = make_vm(vda="8M", start=False)
    follow.item("defined", uuid=machine.uuid, name=machine.name, state="shutoff")
    machine.start()
    follow.item("started", uuid=machine.uuid, state="running")
    machine.suspend()
    follow.item("paused", uuid=machine.uuid, state="paused")
    machine.resume()
    follow.item("resumed", uuid=machine.uuid, state="running")
    machine.destroy()
    follow.item("stopped", uuid=machine.uuid, state="shutoff")

    uuid, new_name = machine.uuid, unique("renamed")
    virsh("domrename", machine.name, new_name)
    machine.name = new_name
    follow.item("renamed", uuid=uuid, name=new_name)

    virsh("undefine", machine.name)
    follow.item("undefined", uuid=uuid, removed=True)


def test_watch_sends_a_backup_that_was_made(follow, helper, vm):
    helper.run("vm", "backup", vm.name)
    (base,) = helper.backups(vm.name)

    def is_known(kind, value):
        # It is complete before its cycle's manifest is written, and may be sent in between.
        return (kind == "item" and (value.get("last_backup") or {}).get("id") == base
                and value["next_step"] == "incremental")

    follow.wait_for(is_known, "the new backup, and what comes after it")


def test_listing_recovers_when_libvirtd_comes_back(helper, libvirtd, vm):
    assert listed(helper, vm)["state"] == "running"
    libvirtd.stop()
    result = helper.run("vm", "list", status=1)
    assert "libvirt" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    libvirtd.start()
    assert listed(helper, vm)["state"] == "running"


def test_a_thousand_vms_of_the_test_driver(helper, scratch):
    domains = "".join(
        f"<domain type='test'><name>many-{number:04}</name><memory>65536</memory><vcpu>1</vcpu>"
        f"<os><type arch='x86_64'>hvm</type></os><devices><disk type='file' device='disk'>"
        f"<driver name='qemu' type='qcow2'/><source file='/nonexistent/{number}.qcow2'/>"
        f"<target dev='vda' bus='virtio'/></disk></devices></domain>" for number in range(1000))
    node = scratch / "node.xml"
    node.write_text(f"<node>{domains}</node>")
    items = helper.run("vm", "list", "--connect", f"test://{node}", "--json").json["items"]
    assert sorted(item["name"] for item in items) == [f"many-{n:04}" for n in range(1000)]
    assert {item["disks"][0]["target"] for item in items} == {"vda"}


def test_a_disk_of_a_strange_name(helper, make_vm, scratch):
    directory = scratch / "Ünï & <strange>, 'name'"
    directory.mkdir()
    directory.chmod(0o711)
    machine = make_vm(vda="8M", start=False)
    path = directory / "disk, one.qcow2"
    run("qemu-img", "create", "-q", "-f", "qcow2", path, "8M")
    machine.disks["vda"].path = path
    machine.define()
    assert listed(helper, machine)["disks"][0]["path"] == str(path)
