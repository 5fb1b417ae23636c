"""A machine with a systemd of its own, on which the program is installed. See tests/systemd-bed."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

import pytest

from .bridge import Bridge
from .helper import BINARY
from .slow import begin_slowly
from .users import ALICE
from .wait import wait_until

TOP = pathlib.Path(__file__).resolve().parents[3]
BED = TOP / "tests/systemd-bed"
BUILD = BINARY.parents[1]
CANNOT = 77
BOOT_SECONDS = 300
# Of what is run in it; an installation takes longest.
COMMAND_SECONDS = 600


# The units that timers start, for what the tests have.
UNITS = ["vm@web1", "vms", "tree@data", "prune", "verify", "event-log"]

# systemd forgets how a unit went once nothing refers to it.
HOLD = "hold.target"


class CannotBoot(Exception):
    """This kernel or container does not allow it; says what."""


class Machine:
    """Its disk outlasts a start; what it holds in /run and /tmp does not."""

    def __init__(self, directory):
        self.directory = directory
        self.disk = directory / "upper"
        self.disk.mkdir(parents=True)
        self.log = directory / "console"
        self.process = None
        self.program = None

    def install(self):
        """The program, as “meson install” does it; before the first start."""
        self.prepare()
        environment = {**os.environ, "DESTDIR": str(self.disk)}
        done = subprocess.run(["meson", "install", "--no-rebuild", "--quiet", "-C", BUILD],
                              env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        found = [path for path in self.disk.rglob("cockpit-backup")
                 if path.is_file() and os.access(path, os.X_OK) and path.parent.name == "bin"]
        assert len(found) == 1, found
        self.program = "/" + str(found[0].relative_to(self.disk))

    def prepare(self):
        """What the tests need there beside the program; before the first start."""
        (self.disk / "home/alice").mkdir(parents=True)
        for name in ("passwd", "group"):
            account = f"alice:x:{ALICE.uid}:{ALICE.uid}::/home/alice:/bin/sh\n"
            text = pathlib.Path("/etc", name).read_text()
            if "alice:" not in text:
                text += account if name == "passwd" else f"alice:x:{ALICE.uid}:\n"
            (self.disk / "etc").mkdir(exist_ok=True)
            (self.disk / "etc" / name).write_text(text)
        hold = self.disk / "etc/systemd/hold"
        hold.parent.mkdir(parents=True)
        services = " ".join(f"cockpit-backup-{unit}.service" for unit in UNITS)
        hold.write_text(f"[Unit]\nAfter={services}\n")

    def boot(self):
        with open(self.log, "ab") as console:
            self.process = subprocess.Popen([BED, "boot", self.directory], stdin=subprocess.DEVNULL,
                                            stdout=console, stderr=console, start_new_session=True)
        self.wait_up()

    def _is_up(self):
        status = self.process.poll()
        if status == CANNOT:
            raise CannotBoot(self.log.read_text(errors="replace").strip().splitlines()[-1])
        assert status is None, f"the machine ended: {status}\n{self.log.read_text(errors='replace')}"
        if self.read_pid() is None:
            return False
        done = self.try_run("systemctl", "is-system-running", "--wait")
        return done.stdout.strip() in ("running", "degraded")

    def wait_up(self):
        wait_until(self._is_up, "systemd has started what it shall", BOOT_SECONDS)
        self.run("cp", "/etc/systemd/hold", f"/run/systemd/system/{HOLD}")
        self.run("systemctl", "daemon-reload")
        self.run("systemctl", "start", HOLD)
        assert self.run("systemctl", "list-units", "--failed", "--plain", "--no-legend") == ""

    def command(self, *words):
        return [str(BED), "run", str(self.directory), *[str(word) for word in words]]

    def try_run(self, *words, **options):
        return subprocess.run(self.command(*words), capture_output=True, text=True, timeout=COMMAND_SECONDS,
                              **{"stdin": None if "input" in options else subprocess.DEVNULL,
                                 "check": False, **options})

    def run(self, *words, **options):
        """Its stdout; a failure raises with what it said."""
        done = self.try_run(*words, **options)
        assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def backup(self, *arguments, **options):
        """What cockpit-backup --json prints, as a value."""
        return json.loads(self.run(self.program, *arguments, "--json", **options))

    def items(self, *arguments):
        """What it lists."""
        return self.backup(*arguments).get("items", [])

    def show(self, unit, *names):
        """Properties of a unit."""
        lines = self.run("systemctl", "show", unit, f"--property={','.join(names)}").splitlines()
        return dict(line.split("=", 1) for line in lines)

    def state(self, unit):
        return self.show(unit, "ActiveState")["ActiveState"]

    def start(self, unit):
        """Starts it and waits for its end, if it has one; returns how it went."""
        self.try_run("systemctl", "start", unit)
        return self.show(unit, "Result", "ExecMainStatus", "ActiveState")

    def journal(self, unit):
        # A unit may have ended before all that it said is in the journal.
        self.run("journalctl", "--sync")
        return self.run("journalctl", "--unit", unit, "--output=cat", "--no-pager")

    def write(self, path, text):
        self.run("sh", "-c", 'mkdir -p "$(dirname "$1")" && cat >"$1"', "sh", path, input=text)

    def bridge(self, user=ALICE):
        """A session of a user's, through the service."""
        return Bridge(self.command("setpriv", f"--reuid={user.uid}", f"--regid={user.uid}",
                                   "--clear-groups", self.program, "bridge"))

    def ticket(self, user=ALICE):
        return json.loads(self.run(self.program, "ticket", "issue", "--user", user.name))["ticket"]

    def read_pid(self):
        """Its process 1, as we number it; None while there is none."""
        try:
            return int((self.directory / "pid").read_text())
        except (FileNotFoundError, ValueError):
            return None

    def reboot(self):
        """An orderly one."""
        before = self.read_pid()
        self.run("systemctl", "start", "reboot.target", "--job-mode=replace-irreversibly", "--no-block")
        wait_until(lambda: self.read_pid() not in (None, before), "the machine starts again", BOOT_SECONDS)
        self.wait_up()

    def cut_power(self):
        """It is gone in mid-air."""
        os.kill(self.read_pid(), signal.SIGKILL)
        self.process.wait(timeout=BOOT_SECONDS)

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=BOOT_SECONDS)
        shutil.rmtree(self.directory)


def boot(prepare):
    """For a fixture: a machine with a systemd, and with what prepare(machine) does before its start.
    Where none can be run, the tests that need one are skipped and say why."""
    # Below /run, which the bed has in memory: an overlay's upper directory cannot lie on an overlay.
    machine = Machine(pathlib.Path(tempfile.mkdtemp(prefix="bk-machine-", dir="/run")))
    try:
        prepare(machine)
        machine.boot()
        yield machine
    except CannotBoot as reason:
        pytest.skip(str(reason))
    finally:
        machine.close()


def unit_of(job_id):
    return f"cockpit-backup-job-{job_id}.service"


class MachineVm:
    """A VM without an operating system, inside the machine."""

    def __init__(self, machine, name):
        self.machine = machine
        self.name = name
        self.disk = f"/srv/vms/{name}.qcow2"
        self.start_libvirt()
        machine.run("mkdir", "-p", "/srv/vms")
        machine.run("qemu-img", "create", "-q", "-f", "qcow2", self.disk, "256M")
        machine.write(f"/srv/vms/{name}.xml", f"""<domain type='qemu'><name>{name}</name>
<memory unit='MiB'>32</memory><vcpu>1</vcpu><os><type arch='x86_64' machine='pc'>hvm</type></os>
<features><acpi/></features><devices><disk type='file' device='disk'>
<driver name='qemu' type='qcow2'/><source file='{self.disk}'/><target dev='vda' bus='virtio'/></disk>
<controller type='usb' model='none'/><memballoon model='none'/></devices></domain>""")
        self.virsh("define", f"/srv/vms/{name}.xml")
        self.virsh("start", name)

    def start_libvirt(self):
        """As far as a machine does on its own: its daemon comes when somebody connects."""
        self.machine.run("systemctl", "start", "virtlogd.socket", "libvirtd.socket")

    def virsh(self, *words):
        return self.machine.run("virsh", "--quiet", "--connect", "qemu:///system", *words)

    def ask_qemu(self, command):
        return self.machine.try_run("virsh", "--quiet", "--connect", "qemu:///system", "qemu-monitor-command",
                                    self.name, command).stdout

    def write(self, value, offset, length):
        self.virsh("qemu-monitor-command", self.name, "--hmp",
                   "qemu-io -d /machine/peripheral/virtio-disk0/virtio-backend "
                   f'"write -P {value:#x} {offset} {length}"')

    def start_job(self, session, **args):
        """A backup that takes minutes, asked for in a session; returns its id. QEMU takes 64 MiB at once,
        whatever the limit is."""
        self.write(0x11, "0", "200M")

        def begin():
            session.open("job", "vm.backup", {"vms": [self.name], "limit_mib": 1, **args},
                         ticket=self.machine.ticket())
            return session.until_begun("job")["job"].frames[0]

        first = begin_slowly(begin, self.ask_qemu)
        job_id = first["log"]["job_id"] if "log" in first else first["progress"]["id"]
        wait_until(lambda: self.machine.state(unit_of(job_id)) == "active", "the job has a unit")
        return job_id

    def steps(self):
        """What its completed backups are, oldest first."""
        backups = self.machine.items("list", f"vm/{self.name}")
        return [each["id"].split("-")[1] for each in backups if each["status"] == "completed"]

    def remove(self):
        self.virsh("destroy", self.name)
        self.virsh("undefine", self.name, "--checkpoints-metadata")
