"""Fixtures of the integration tests. Run by tests/run integration, or inside tests/bed."""

import os
import pathlib
import select
import signal
import subprocess
import tempfile

import pytest

from support.cockpit import Cockpit
from support.demo import DemoGuest
from support.files import mount_reflinks
from support.helper import BINARY, Helper
from support.machine import Machine, boot
from support.package import build_packages
from support.process import run
from support.vm import CONNECT, Vm, virsh
from support.wait import TIMEOUT


def part_of(text):
    """(2, 5) of “2/5”."""
    part, of = map(int, text.split("/"))
    if not 1 <= part <= of:
        raise ValueError(text)
    return part, of


def pytest_addoption(parser):
    parser.addoption("--steps", type=part_of, metavar="K/N",
                     help="test_kill_…: end the program before every Nth of its steps from the Kth on; 1/1: before "
                          "each. Without it: before a few")


def pytest_configure(config):
    config.addinivalue_line("markers", "protocol: drives the bridge; run with sanitizers too")
    if not BINARY.exists():
        raise pytest.UsageError(f"{BINARY} is not built: run tests/run integration")


@pytest.fixture(scope="session")
def libvirt():
    """The connection; libvirtd must answer."""
    result = subprocess.run(["virsh", "--connect", CONNECT, "version"], stdin=subprocess.DEVNULL,
                            capture_output=True, text=True, check=False)
    assert result.returncode == 0, (
        f"libvirt does not answer: run the tests by tests/run or tests/bed\n{result.stderr}")
    return CONNECT


@pytest.fixture
def scratch():
    """A directory that QEMU's user can pass through, as pytest's own tmp_path is not."""
    with tempfile.TemporaryDirectory(prefix="bk-test-", dir="/var/tmp",
                                     ignore_cleanup_errors=True) as name:
        path = pathlib.Path(name)
        path.chmod(0o711)
        yield path


@pytest.fixture
def reflinks(scratch):
    """A directory on XFS, which can clone files; mounted before any VM starts, so that QEMU sees it."""
    place = mount_reflinks(scratch)
    yield place
    run("umount", "--lazy", place)


@pytest.fixture
def unique():
    """A VM name that no other run uses."""
    count = 0

    def name(kind="vm"):
        nonlocal count
        count += 1
        return f"bk-test-{os.getpid()}-{kind}{count}"

    return name


@pytest.fixture
def helper(scratch):
    """cockpit-backup with its own repository."""
    return Helper(scratch / "backup")


@pytest.fixture
def make_vm(libvirt, scratch, unique):
    """make_vm(vda="64M", vdb="32M", start=True, form="qcow2", name=None): a VM without an OS."""
    made = []

    def make(*, start=True, form="qcow2", name=None, **sizes):
        name = name or unique()
        vm = Vm(name, scratch / f"vm-{len(made)}", sizes or {"vda": "64M"}, form)
        made.append(vm)
        if start:
            vm.start()
        return vm

    yield make
    for vm in made:
        vm.remove()


@pytest.fixture
def vm(make_vm):
    """A running VM with two disks of 64 and 32 MiB, both with something in them."""
    machine = make_vm(vda="64M", vdb="32M")
    machine.write("vda", 0x11, "0", "3M")
    machine.write("vda", 0x22, "40M", "1M")
    machine.write("vdb", 0x33, "8M", "2M")
    return machine


@pytest.fixture
def demo(libvirt, scratch, unique):
    """The guest that boots and writes, to two disks; it has written its first files."""
    guest = DemoGuest(unique("demo"), scratch / "demo", "--extra-disk", "16")
    try:
        guest.wait_writes(3)
        yield guest
    finally:
        guest.destroy()


@pytest.fixture
def started(helper):
    """started("vm", "list", "--watch"): runs cockpit-backup beside the test, ended with it."""
    processes = []

    def start(*arguments, **options):
        process = helper.popen(*arguments, **options)
        processes.append(process)
        return process

    yield start
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def cockpit(helper, scratch):
    """A real cockpit-ws and cockpit-bridge with the package, on a free port of 127.0.0.1."""
    server = Cockpit(scratch, helper.env)
    yield server
    server.close()


@pytest.fixture(scope="session")
def booted():
    """One machine with the program, for all tests that need one."""
    yield from boot(Machine.install)


@pytest.fixture(scope="session")
def packages(tmp_path_factory):
    """A directory with the Debian packages of this version and of the next."""
    directory = tmp_path_factory.mktemp("packages")
    build_packages(directory)
    return directory


class Daemon:
    """The bed's own libvirtd, to be stopped and started."""

    PID_FILE = pathlib.Path("/run/libvirtd.pid")

    def stop(self):
        pid = int(self.PID_FILE.read_text())
        handle = os.pidfd_open(pid)
        os.kill(pid, signal.SIGTERM)
        # Readable once the process has ended.
        ended = select.select([handle], [], [], TIMEOUT)[0]
        os.close(handle)
        assert ended, "libvirtd does not end"

    def start(self):
        subprocess.run(["libvirtd", "--daemon"], stdin=subprocess.DEVNULL, check=True)


@pytest.fixture
def libvirtd(libvirt):
    """Only in the test bed: elsewhere the daemon is not ours to stop."""
    if not os.environ.get("BK_BED"):
        pytest.fail("this test stops libvirtd: run it by tests/run or tests/bed")
    daemon = Daemon()
    yield daemon
    if subprocess.run(["virsh", "--connect", CONNECT, "version"], stdin=subprocess.DEVNULL,
                      capture_output=True, check=False).returncode != 0:
        daemon.start()
