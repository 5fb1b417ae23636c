"""A guest agent that the test plays itself. A small guest boots and joins the agent's channel to a second
one, whose other end is a socket on the host: what libvirt says to the agent arrives here."""

import importlib.machinery
import importlib.util
import json
import os
import pathlib
import socket
import subprocess
import threading
from xml.sax.saxutils import escape

from .process import run
from .vm import Disk, virsh
from .wait import TIMEOUT

TOOL = pathlib.Path(__file__).resolve().parents[3] / "packaging/demo/vm"

INIT = """#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
exec >/dev/ttyS0 2>&1 </dev/null
while read -r module; do insmod "/modules/$module"; done </modules/order
until [ -n "$agent" ] && [ -n "$relay" ]; do
  for name in /sys/class/virtio-ports/*/name; do
    case "$(cat "$name")" in
      org.qemu.guest_agent.0) agent=/dev/$(basename "$(dirname "$name")") ;;
      relay) relay=/dev/$(basename "$(dirname "$name")") ;;
    esac
  done
  usleep 50000
done
exec 3<>"$relay" 4<>"$agent"
# libvirt joins the channel when it hears that somebody has opened it: what is read before that is its end.
while :; do cat <&3 >&4; usleep 50000; done &
while :; do cat <&4 >&3; usleep 50000; done
"""


def load_tool():
    loader = importlib.machinery.SourceFileLoader("demo_vm", str(TOOL))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("demo_vm", loader))
    loader.exec_module(module)
    return module


def make_initramfs(directory):
    """Returns the kernel; the initramfs is in `directory`."""
    tool = load_tool()
    tool.CACHE.mkdir(parents=True, exist_ok=True)
    tool.MODULES = ["virtio_pci", "virtio_blk", "virtio_console"]
    _, kernel, tree = tool.installed_kernel() or tool.unpacked_kernel()
    root = directory / "root"
    for folder in ("bin", "modules"):
        (root / folder).mkdir(parents=True)
    busybox = subprocess.run(["sh", "-c", "readlink -f \"$(command -v busybox)\""],
                             capture_output=True, text=True, check=True).stdout.strip()
    (root / "bin/busybox").write_bytes(pathlib.Path(busybox).read_bytes())
    (root / "bin/busybox").chmod(0o755)
    modules = tool.kernel_modules(tree)
    for name, module in modules.items():
        (root / "modules" / name).write_bytes(module)
    (root / "modules/order").write_text("".join(f"{name}\n" for name in modules))
    (root / "init").write_text(INIT)
    (root / "init").chmod(0o755)
    archive = subprocess.run(
        ["sh", "-c", "find . | busybox cpio -o -H newc 2>/dev/null | gzip -1"], cwd=root,
        capture_output=True, check=True).stdout
    (directory / "initramfs").write_bytes(archive)
    (directory / "kernel").write_bytes(kernel.read_bytes())


class Agent:
    """Answers as it is told to: `answers` maps a command to what to do with it."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.heard = []
        self.answers = {}
        self.changed = threading.Condition()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        pending = b""
        while data := self.socket.recv(65536):
            *lines, pending = (pending + data).split(b"\n")
            for line in lines:
                line = line.strip(b"\xff \r")
                if line:
                    self._hear(json.loads(line))

    def _hear(self, request):
        command = request["execute"]
        with self.changed:
            if command.startswith("guest-fsfreeze-"):
                self.heard.append(command.removeprefix("guest-fsfreeze-"))
            self.changed.notify_all()
            answer = self.answers.get(command, "done")
        if answer == "done":
            self.say({"return": request.get("arguments", {}).get("id", 1)})
        elif answer == "fail":
            self.say({"error": {"class": "GenericError", "desc": "the disk is full of eels"}})

    def say(self, answer):
        self.socket.sendall(json.dumps(answer).encode() + b"\n")

    def wait_heard(self, *expected):
        with self.changed:
            assert self.changed.wait_for(lambda: self.heard == list(expected), timeout=TIMEOUT), self.heard

    def start_over(self, **answers):
        with self.changed:
            self.heard.clear()
            self.answers = {f"guest-{name.replace('_', '-')}": answer
                            for name, answer in answers.items()}

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join(timeout=TIMEOUT)
        self.socket.close()


class AgentGuest:
    def __init__(self, name, directory):
        self.name = name
        self.directory = directory
        directory.mkdir()
        directory.chmod(0o711)
        make_initramfs(directory)
        path = directory / "vda.qcow2"
        run("qemu-img", "create", "-q", "-f", "qcow2", path, "8M")
        self.disks = {"vda": Disk("vda", path, "qcow2", "virtio-disk0")}
        folder = escape(str(directory))
        (directory / "domain.xml").write_text(f"""<domain type='qemu'><name>{escape(name)}</name>
<memory unit='MiB'>128</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='pc'>hvm</type><kernel>{folder}/kernel</kernel>
<initrd>{folder}/initramfs</initrd><cmdline>console=ttyS0 quiet panic=-1</cmdline></os>
<features><acpi/></features><devices>{self.disks['vda'].xml()}
<serial type='file'><source path='{folder}/console.log'/></serial>
<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
<channel type='unix'><source mode='bind' path='{folder}/relay'/>
<target type='virtio' name='relay'/></channel>
<controller type='usb' model='none'/><memballoon model='none'/></devices></domain>""")
        virsh("define", directory / "domain.xml")
        virsh("start", name)
        self.agent = Agent(directory / "relay")

    def answers(self):
        """Whether what libvirt says to the agent arrives, and the answer comes back."""
        return "return" in virsh("qemu-agent-command", self.name, '{"execute":"guest-ping"}', check=False)

    def checkpoints(self):
        return virsh("checkpoint-list", self.name, "--name").split()

    def remove(self):
        self.agent.close()
        virsh("destroy", self.name, check=False)
        virsh("undefine", self.name, "--checkpoints-metadata", check=False)
