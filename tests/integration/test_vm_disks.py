"""Disks of every kind, in one VM: which are backed up, and how."""

import json
import subprocess
from uuid import uuid4
from xml.sax.saxutils import quoteattr

import pytest

from support.helper import FAILED, WARNINGS
from support.process import run
from support.vm import Disk, qemu_img_compare, virsh
from support.wait import TIMEOUT


def source(path):
    return f"<source file={quoteattr(str(path))}/>"


class OtherDisk(Disk):
    """One whose XML the test writes itself."""

    def __init__(self, target, path, text, alias=None, form="raw"):
        super().__init__(target, path, form, alias)
        self.text = text

    def xml(self):
        return self.text


def drive(target, bus, device, medium="", flags=""):
    return (f"<disk type='file' device='{device}'><driver name='qemu' type='raw'/>{medium}"
            f"<target dev='{target}' bus='{bus}'/>{flags}</disk>")


@pytest.fixture
def zoo(make_vm, scratch):
    """A paused VM with one disk of each kind."""
    vm = make_vm(start=False, vda="8M")
    places = vm.directory
    odd = places / "a b,c & d's \"ü\" <1>.qcow2"
    vm.disks["vda"].path.rename(odd)
    vm.disks["vda"].path = odd

    old, raw, below, above = (places / name for name in ("old.qcow2", "raw", "below", "above"))
    run("qemu-img", "create", "-q", "-f", "qcow2", "-o", "compat=0.10", old, "6M")
    run("qemu-img", "create", "-q", "-f", "raw", raw, "4M")
    run("qemu-img", "create", "-q", "-f", "qcow2", below, "8M")
    run("qemu-io", "-c", "write -P 0x5a 1M 3M", below)
    run("qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", below, above)
    for target, path, form in [("vdb", old, "qcow2"), ("vdc", raw, "raw"), ("vdd", above, "qcow2")]:
        vm.disks[target] = Disk(target, path, form, f"virtio-disk{ord(target[2]) - ord('a')}")

    image = places / "device"
    run("truncate", "-s", "3M", image)
    device = run("losetup", "--find", "--show", image).strip()
    vm.disks["vde"] = OtherDisk(
        "vde", device, "<disk type='block' device='disk'><driver name='qemu' type='raw'/>"
        f"<source dev='{device}'/><target dev='vde' bus='virtio'/></disk>", "virtio-disk4")

    served = places / "served"
    run("qemu-img", "create", "-q", "-f", "raw", served, "1M")
    server = subprocess.Popen(
        ["qemu-nbd", "--persistent", "--shared=0", "--format=raw", "--bind=127.0.0.1",
         "--port=10910", "--fork", served])
    assert server.wait(timeout=TIMEOUT) == 0
    medium = places / "medium.iso"
    run("truncate", "-s", "1M", medium)
    for name in ("locked", "shared"):
        run("qemu-img", "create", "-q", "-f", "raw", places / name, "2M")
    others = {
        "vdf": "<disk type='network' device='disk'><driver name='qemu' type='raw'/>"
               "<source protocol='nbd'><host name='127.0.0.1' port='10910'/></source>"
               "<target dev='vdf' bus='virtio'/></disk>",
        "vdg": drive("vdg", "virtio", "disk", source(places / "locked"), "<readonly/>"),
        "vdh": drive("vdh", "virtio", "disk", source(places / "shared"), "<shareable/>"),
        "hda": drive("hda", "ide", "cdrom", flags="<readonly/>"),
        "hdb": drive("hdb", "ide", "cdrom", source(medium), "<readonly/>"),
        "fda": drive("fda", "fdc", "floppy"),
    }
    for target, text in others.items():
        vm.disks[target] = OtherDisk(target, places / "shared", text, "virtio-disk7")
    vm.define()
    vm.start_paused()
    try:
        yield vm
    finally:
        virsh("destroy", vm.name, check=False)
        run("losetup", "--detach", device, check=False)
        subprocess.run(["fuser", "--silent", "--kill", "10910/tcp"], check=False)


COPIED = {"vda": "incremental", "vdb": "full", "vdc": "full", "vdd": "incremental", "vde": "full",
          "vdh": "full"}


def write_all(vm, pattern):
    for target in COPIED:
        vm.write(target, pattern, "512k")


def test_every_kind_of_disk(helper, zoo, scratch):
    write_all(zoo, 0x21)
    (first,) = helper.run("vm", "backup", zoo.name, "--plan", "--json").json["vms"]
    expected = {**{target: "full" for target in COPIED}, "vdf": "none", "vdg": "none"}
    assert {disk["target"]: disk["action"] for disk in first["disks"]} == expected
    # With what lies in the image below; three MiB are there alone.
    needed = {disk["target"]: disk["needed_bytes"] for disk in first["disks"]}
    assert needed["vdd"] > 3 * 1024 * 1024

    for number in range(2):
        write_all(zoo, 0x30 + number)
        said = helper.run("vm", "backup", zoo.name, status=WARNINGS)
        assert "vdf: It is not a file or a block device" in said.stderr
        assert "vdg: It is read-only" in said.stderr
        assert "old qcow2 version" in said.stderr and "shared with other VMs" in said.stderr
        for target in COPIED:
            zoo.qemu_io(target, "flush")
        newest = helper.backups(zoo.name)[-1]
        disks = helper.metadata(zoo.name, newest)["extra"]["disks"]
        assert {disk["target"] for disk in disks} == set(COPIED)
        for target in COPIED:
            image = helper.image(zoo.name, newest, target)
            assert qemu_img_compare(zoo.disks[target].path, image), target
            info = json.loads(run("qemu-img", "info", "--output=json", image))
            incremental = number > 0 and COPIED[target] == "incremental"
            assert ("backing-filename" in info) == incremental, target
            # Never what the VM's own disk is built upon.
            assert str(zoo.directory) not in info.get("full-backing-filename", "")

    said = helper.run("vm", "backup", zoo.name, "--max-incrementals", "1", "--merge", "copy")
    newest = helper.backups(zoo.name)[-1]
    out = scratch / "out"
    out.mkdir()
    helper.run("vm", "restore", f"vm/{zoo.name}/{newest}", "--directory", out)
    for target in COPIED:
        assert qemu_img_compare(zoo.disks[target].path, out / f"{zoo.name}-{target}.qcow2"), target


def test_a_volume_of_a_storage_pool(helper, make_vm, unique):
    vm = make_vm(start=False, vda="4M")
    pool = unique("pool")
    virsh("pool-create-as", pool, "dir", "--target", vm.directory)
    try:
        text = (f"<disk type='volume' device='disk'><driver name='qemu' type='qcow2'/>"
                f"<source pool='{pool}' volume='{vm.disks['vda'].path.name}'/>"
                "<target dev='vda' bus='virtio'/></disk>")
        vm.disks["vda"] = OtherDisk("vda", vm.disks["vda"].path, text, "virtio-disk0", "qcow2")
        vm.define()
        # Off, then running.
        helper.run("vm", "backup", vm.name)
        assert vm.state == "shut off"
        vm.start_paused()
        vm.write("vda", 0x42, "1M")
        vm.flush()
        helper.run("vm", "backup", vm.name)
        newest = helper.backups(vm.name)[-1]
        assert "-Inc-" in newest
        assert qemu_img_compare(vm.disks["vda"].path, helper.image(vm.name, newest, "vda"))
    finally:
        virsh("destroy", vm.name, check=False)
        virsh("pool-destroy", pool)


def test_a_transient_vm(helper, make_vm):
    """It has no definition that outlives its run; its backups do."""
    vm = make_vm(start=False, vda="4M")
    virsh("undefine", vm.name)
    for number in range(2):
        virsh("create", "--paused", vm.directory / "domain.xml")
        vm.write("vda", 0x50 + number)
        vm.flush()
        for kind in ("-Base-" if number == 0 else "-Inc-", "-Inc-"):
            helper.run("vm", "backup", vm.name, status=None)
            newest = helper.backups(vm.name)[-1]
            assert kind in newest
            assert qemu_img_compare(vm.disks["vda"].path, helper.image(vm.name, newest, "vda"))
        virsh("destroy", vm.name)
    # The checkpoint went with the first run: its successor began with a copy in full.
    assert len(helper.backups(vm.name)) == 4
    assert "domain type" in (helper.project(vm.name) / newest / "data/domain.xml").read_text()


def test_an_encrypted_disk(helper, make_vm, scratch, unique):
    """QEMU has the key, and what it copies is plain: that is said, and nothing puts a plain image where
    the VM's definition asks for an encrypted one."""
    vm = make_vm(start=False, vda="8M")
    uuid = str(uuid4())
    path = vm.directory / "encrypted.qcow2"
    run("qemu-img", "create", "-q", "-f", "qcow2", "--object", "secret,id=key,data=geheim", "-o",
        "encrypt.format=luks,encrypt.key-secret=key,encrypt.iter-time=10", path, "8M")
    path.chmod(0o666)
    definition = scratch / "secret.xml"
    definition.write_text(f"<secret ephemeral='no' private='yes'><uuid>{uuid}</uuid></secret>")
    key = scratch / "key"
    key.write_text("geheim")
    virsh("secret-define", definition)
    virsh("secret-set-value", uuid, "--file", key, "--plain")
    try:
        text = (f"<disk type='file' device='disk'><driver name='qemu' type='qcow2'/>{source(path)}"
                f"<encryption format='luks'><secret type='passphrase' uuid='{uuid}'/></encryption>"
                "<target dev='vda' bus='virtio'/></disk>")
        vm.disks["vda"] = OtherDisk("vda", path, text, "virtio-disk0", "qcow2")
        vm.define()
        vm.start_paused()
        listed = {entry["name"]: entry for entry in helper.run("vm", "list", "--json").json["items"]}
        assert [warning["code"] for warning in listed[vm.name]["warnings"]] == ["disk-encrypted"]

        vm.write("vda", 0x42, "1M")
        said = helper.run("vm", "backup", vm.name)
        assert "vda: Its image is encrypted, but not its backup" in said.stderr
        vm.write("vda", 0x43, "2M")
        helper.run("vm", "backup", vm.name)
        newest = helper.backups(vm.name)[-1]
        assert "-Inc-" in newest
        image = helper.image(vm.name, newest, "vda")
        run("qemu-io", "-r", "-c", "read -P 0x42 1M 64k", "-c", "read -P 0x43 2M 64k", image)

        virsh("destroy", vm.name)
        before = path.read_bytes()
        refused = helper.run("vm", "restore", f"vm/{vm.name}/{newest}", "--in-place", status=FAILED)
        assert "is encrypted, and its backup is not; restore it as a new VM" in refused.stderr
        assert path.read_bytes() == before

        copy = unique("copy")
        helper.run("vm", "restore", f"vm/{vm.name}/{newest}", "--as", copy, "--directory",
                   vm.directory)
        try:
            virsh("start", "--paused", copy)
        finally:
            virsh("destroy", copy, check=False)
            virsh("undefine", copy)
    finally:
        virsh("destroy", vm.name, check=False)
        virsh("secret-undefine", uuid)
