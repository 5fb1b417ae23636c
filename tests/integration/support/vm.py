"""VMs for tests: without an operating system, so that one stands in half a second. Their disks are
written by QEMU itself, from the monitor, as a guest would."""

import os
import subprocess
import uuid
import xml.etree.ElementTree
from xml.sax.saxutils import escape, quoteattr

from .process import run

CONNECT = os.environ.get("BK_TEST_CONNECT", "qemu:///system")


def virsh(*command, check=True, connect=CONNECT):
    return run("virsh", "--quiet", "--connect", connect, *command, check=check)


def qemu_img_compare(left, right, *options):
    """Whether two images hold the same bytes, as QEMU sees them; the images may be in use."""
    result = subprocess.run(
        ["qemu-img", "compare", "-U", *options, str(left), str(right)],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if result.returncode > 1:
        raise AssertionError(f"qemu-img compare {left} {right}: {result.stderr}")
    if result.returncode == 1:
        print(f"{left} and {right}: {result.stdout.strip()}")
    return result.returncode == 0


class Disk:
    def __init__(self, target, path, form="qcow2", alias=None):
        self.target = target
        self.path = path
        self.form = form
        self.alias = alias

    def xml(self):
        return (f"<disk type='file' device='disk'>"
                f"<driver name='qemu' type='{self.form}' discard='unmap'/>"
                f"<source file={quoteattr(str(self.path))}/>"
                f"<target dev='{self.target}' bus='virtio'/></disk>")


class Vm:
    """A defined VM; made by the make_vm fixture, which undefines it afterwards."""

    def __init__(self, name, directory, sizes, form="qcow2"):
        self.name = name
        self.uuid = str(uuid.uuid4())
        self.directory = directory
        directory.mkdir(parents=True)
        # QEMU runs as a user of its own and has to get through.
        directory.chmod(0o711)
        self.disks = {}
        for number, (target, size) in enumerate(sizes.items()):
            path = directory / f"{target}.{form}"
            run("qemu-img", "create", "-q", "-f", form, path, size)
            self.disks[target] = Disk(target, path, form, f"virtio-disk{number}")
        self.define()

    def xml(self):
        disks = "".join(disk.xml() for disk in self.disks.values())
        return (f"<domain type='qemu'><name>{escape(self.name)}</name>"
                f"<uuid>{self.uuid}</uuid>"
                f"<memory unit='MiB'>32</memory><vcpu>1</vcpu>"
                f"<os><type arch='x86_64' machine='pc'>hvm</type></os><features><acpi/></features>"
                f"<devices>{disks}<controller type='usb' model='none'/>"
                f"<memballoon model='none'/></devices></domain>")

    def define(self):
        path = self.directory / "domain.xml"
        path.write_text(self.xml())
        virsh("define", path)

    @property
    def state(self):
        return virsh("domstate", self.name).strip()

    def start(self):
        virsh("start", self.name)

    def start_paused(self):
        virsh("start", self.name, "--paused")

    def destroy(self):
        virsh("destroy", self.name)

    def flush(self):
        """What QEMU still holds of the images goes to their files, where other tools read them."""
        for target in self.disks:
            self.qemu_io(target, "flush")

    def suspend(self):
        virsh("suspend", self.name)
        self.flush()

    def resume(self):
        virsh("resume", self.name)

    def checkpoints(self):
        return virsh("checkpoint-list", self.name, "--name").split()

    def qemu_io(self, target, command):
        """One qemu-io command on the running (or paused) VM's disk. Not beside a backup: QEMU 7.2 crashes
        when the monitor writes while a backup begins; a guest may (see support/demo.py)."""
        device = f"/machine/peripheral/{self.disks[target].alias}/virtio-backend"
        said = virsh("qemu-monitor-command", self.name, "--hmp", f'qemu-io -d {device} "{command}"')
        # Only a complaint is said here; "wrote …" goes to QEMU's own log.
        assert not said.strip(), f"{self.name} {target}: {said}"

    def write(self, target, pattern, offset="0", length="64k"):
        """Writes bytes of one value."""
        self.qemu_io(target, f"write -P {pattern} {offset} {length}")

    def disk_xml_sources(self):
        root = xml.etree.ElementTree.fromstring(virsh("dumpxml", self.name))
        return {disk.find("target").get("dev"): disk.find("source").get("file")
                for disk in root.iter("disk")}

    def remove(self):
        """Off, undefined, and nothing of it left; whatever state it is in."""
        virsh("destroy", self.name, check=False)
        virsh("undefine", self.name, "--checkpoints-metadata", "--nvram", "--managed-save",
              check=False)
